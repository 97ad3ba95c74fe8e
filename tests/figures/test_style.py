import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.figures.style import FORMATS, figure_bytes, save_figure


def draw():
    return sc.figures.draw_digits(np.random.default_rng(0).random((2, 8, 8)))


@pytest.mark.slow
@pytest.mark.parametrize("file_format", FORMATS)
def test_files_are_the_same_each_time(file_format):
    assert figure_bytes(draw(), file_format) == figure_bytes(draw(), file_format)


def test_formats_are_what_they_say(tmp_path):
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    for file_format, start in starts.items():
        file = save_figure(draw(), tmp_path / "deep" / f"a.{file_format}")
        assert file.read_bytes().startswith(start)


def test_earlier_file_is_replaced_whole(tmp_path):
    save_figure(draw(), tmp_path / "a.svg")
    before = (tmp_path / "a.svg").read_bytes()
    (tmp_path / "a.svg").write_text("old")
    save_figure(draw(), tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.svg"]


@pytest.mark.parametrize("name", ["a.gif", "a"])
def test_other_formats_are_refused(tmp_path, name):
    with pytest.raises(ValueError, match="must be one of png, svg, pdf"):
        save_figure(draw(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_style_stays_in_the_figures():
    import matplotlib

    before = dict(matplotlib.rcParams)
    draw()
    assert dict(matplotlib.rcParams) == before
