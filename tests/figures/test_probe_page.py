import pytest

import symclone_tf as sc
from symclone_tf.figures.probe_page import (
    probe_figures,
    probe_table,
    probe_tables,
    write_probe_page,
)

from browsers import DESK, PHONE, looked_at, needs_browser
from cases import later
from probes import finished


@pytest.fixture
def probe(tmp_path):
    return finished(tmp_path / "stripes.npz")


def test_table_has_a_row_for_each_symmetry(probe):
    translations, rotations = probe_table(probe)
    assert (translations["Symmetry"], translations["Verdict"]) == ("T(2)", "preserve")
    assert (rotations["Symmetry"], rotations["Verdict"]) == ("C4", "break")
    assert rotations["Assumed"] == "61.0% ± 1.0%"
    assert rotations["Without"] == "91.0% ± 1.0%"
    assert rotations["Assuming it"] == "-30.0 (-30.0 to -30.0)"
    assert rotations["Augmented"] == "86.0% ± 1.0%"
    assert rotations["over augmentation"] == "-25.0 (-25.0 to -25.0)"
    assert translations["over augmentation"] == translations["Augmented"] == "–"


def test_two_seeds_exclude_nothing(tmp_path):
    found = finished(tmp_path / "stripes.npz", seeds=2)
    _, rotations = probe_table(found)
    assert rotations["Assuming it"] == "-30.0 (any)"


def test_tables_of_a_terminal_have_the_same_figures(probe):
    (whole,) = (row for row in probe_table(probe) if row["Symmetry"] == "C4")
    tables = probe_tables(probe)
    found, gains = (rows[1] for rows in tables)
    assert all(whole[name] == text for name, text in found.items())
    assert gains == {
        "Symmetry": "C4",
        "Verdict": "break",
        "Over lacking it": whole["Assuming it"],
        "Over augmentation": whole["over augmentation"],
    }


def test_lines_on_bars_are_explained_where_there_are_any(tmp_path):
    texts = {}
    for groups in (("t2", "c4"), ("t2", "c4", "c8")):
        found = finished(tmp_path / "stripes.npz", groups=groups)
        texts[groups] = probe_figures(found)[1].caption
    exact, interpolating = texts.values()
    assert "interpolate" not in exact
    assert "Lines on the bars of C8 are the errors of layers that assume" in (
        interpolating
    )


def test_page_says_all_and_loads_nothing(probe, tmp_path):
    text = write_probe_page(probe, tmp_path / "probe.html").read_text("utf-8")
    assert text.count("data:image/svg+xml;base64,") == 3
    assert "url(" not in text
    for expected in (
        "Symmetries of stripes.npz",
        "Preserve T(2): assuming it gains 10.0 points",
        "Break C4: assuming it costs 30.0 points",
        "To begin with:",
        "model.save(&#34;recommended.keras&#34;)",
        "160 training images and 40",
        "3 seeds, 2 minutes",
    ):
        assert expected in text
    assert len(probe_figures(probe)) == 3


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (PHONE, "dark"),
        (DESK, "light"),
        later(PHONE, "light"),
        later(DESK, "dark"),
    ],
)
def test_browser_has_no_complaints(probe, tmp_path, width, scheme):
    page = write_probe_page(probe, tmp_path / "probe.html")
    found = looked_at(page, tmp_path, width, scheme)
    assert found == {"complaints": [], "images": 3, "dark": scheme == "dark"}


def test_someone_elses_page_is_left_alone(probe, tmp_path):
    file = tmp_path / "probe.html"
    file.write_text("mine")
    with pytest.raises(sc.ArtifactError, match="was not written by symclone-tf"):
        write_probe_page(probe, file)
    assert file.read_text() == "mine"
