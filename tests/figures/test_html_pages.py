import re

import pytest

import symclone_tf as sc
from symclone_tf.figures import draw_learning_curves
from symclone_tf.figures.html_pages import (
    check_page,
    contents,
    figure,
    folded,
    heading,
    picture,
    table,
    write_page,
)
from symclone_tf.figures.illustrations import Illustration

from browsers import driven, needs_browser


def test_texts_are_escaped(tmp_path):
    file = tmp_path / "a.html"
    parts = [table("<b>", [{"<i>": "<u>"}]), figure(Illustration("a", "<s>", None))]
    write_page(file, "<title>", parts)
    text = file.read_text("utf-8")
    for tag in ("<b>", "<i>", "<u>", "<s>", "<title><"):
        assert tag not in text


def test_a_figure_is_in_the_page_itself():
    drawn = figure(Illustration("a-b", "Curves.", draw_learning_curves({9: [1, 0.1]})))
    assert drawn.startswith('<h3 id="a-b">A b</h3>')
    assert 'src="data:image/svg+xml;base64,' in drawn
    assert "<figcaption>Curves.</figcaption>" in drawn


def test_without_a_figure_it_says_what_that_needs():
    assert "Left out: it needs clones." in figure(Illustration("a", "clones", None))


def test_without_rows_there_is_no_table():
    assert table("empty", []) == ""
    assert folded("empty", table("empty", [])) == ""


def test_figures_of_a_table_break_before_what_follows_and_nowhere_else():
    text = table("a", [{"Name": "one two", "Accuracy": "9.0% ± 1.0%"}])
    assert "<td>one two</td>" in text
    assert "<td><span>9.0%</span> <span>± 1.0%</span></td>" in text


def test_contents_lead_to_the_headings_of_all_parts():
    parts = [heading("C4"), heading("Learning curves", "C4", 3), heading("Tables")]
    text = contents(parts)
    assert re.findall('href="#(.*?)">(.*?)<', text) == [
        ("c4", "C4"),
        ("c4-learning-curves", "Learning curves"),
        ("tables", "Tables"),
    ]
    for anchor in ("c4", "c4-learning-curves", "tables"):
        assert f'id="{anchor}"' in "".join(parts)
    assert text.count("<ul>") == text.count("</ul>") == 2
    assert text.count("<li>") == text.count("</li>") == 3
    ends_within = contents([heading("C4"), heading("Digits", "C4", 3)])
    assert ends_within.count("<ul>") == ends_within.count("</ul>") == 2


def test_what_is_the_same_for_several_groups_has_an_anchor_in_each():
    drawn = Illustration("digits", "digits", None)
    first, second = (figure(drawn, title) for title in ("C4", "T(2)"))
    assert 'id="c4-digits"' in first
    assert 'id="t-2-digits"' in second


@needs_browser
def test_what_is_folded_is_printed_in_black_on_white(tmp_path):
    rows = [{"Name": "a", "Figure": "1"}]
    file = tmp_path / "a.html"
    parts = [contents([heading("Found")]), heading("Found")]
    write_page(file, "a", [*parts, folded("Table", table("a", rows))])
    with driven(tmp_path / "profile") as browser:
        browser.open(file, prefers_color_scheme="dark")
        look = "getComputedStyle(document.body).backgroundColor"
        assert browser.ask(look) == "rgb(22, 24, 28)"
        shown = (
            "[document.querySelector('td').checkVisibility(), "
            "document.querySelector('nav').checkVisibility(), "
            f"{look}]"
        )
        browser.ask(f"addEventListener('beforeprint', () => {{ seen = {shown}; }})")
        browser.ask("seen = null")
        browser.call("Page.printToPDF")
        assert browser.ask("seen")[0]
        assert browser.ask("document.querySelectorAll('[open]').length") == 0
        browser.media("print", prefers_color_scheme="dark")
        _, *printed = browser.ask(shown)
        assert printed == [False, "rgb(255, 255, 255)"]


def test_a_picture_is_a_figure_without_its_heading():
    drawn = Illustration("a-b", "Curves.", draw_learning_curves({9: [1, 0.1]}))
    assert figure(drawn) == f'<h3 id="a-b">A b</h3>\n{picture(drawn)}'


def test_pages_replace_pages_and_nothing_else(tmp_path):
    file = tmp_path / "a.html"
    check_page(file)
    write_page(file, "first", [])
    check_page(file)
    file.write_text("mine")
    with pytest.raises(sc.ArtifactError, match="was not written by symclone-tf"):
        check_page(file)
