import pytest

import symclone_tf as sc
from symclone_tf.figures import draw_learning_curves
from symclone_tf.figures.illustrating import Illustration
from symclone_tf.figures.pages import check_page, figure, table, write_page


def test_texts_are_escaped(tmp_path):
    file = tmp_path / "a.html"
    parts = [table("<b>", [{"<i>": "<u>"}]), figure(Illustration("a", "<s>", None))]
    write_page(file, "<title>", parts)
    text = file.read_text("utf-8")
    for tag in ("<b>", "<i>", "<u>", "<s>", "<title><"):
        assert tag not in text


def test_a_figure_is_in_the_page_itself():
    drawn = figure(Illustration("a-b", "Curves.", draw_learning_curves({9: [1, 0.1]})))
    assert drawn.startswith("<h3>A b</h3>")
    assert 'src="data:image/svg+xml;base64,' in drawn
    assert "<figcaption>Curves.</figcaption>" in drawn


def test_without_a_figure_it_says_what_that_needs():
    assert "Left out: it needs clones." in figure(Illustration("a", "clones", None))


def test_without_rows_there_is_no_table():
    assert table("empty", []) == ""


def test_pages_replace_pages_and_nothing_else(tmp_path):
    file = tmp_path / "a.html"
    check_page(file)
    write_page(file, "first", [])
    check_page(file)
    file.write_text("mine")
    with pytest.raises(sc.ArtifactError, match="was not written by symclone-tf"):
        check_page(file)
