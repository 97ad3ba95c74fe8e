import jinja2
import pytest

import symclone_tf as sc
from symclone_tf.figures import draw_learning_curves
from symclone_tf.figures.html_pages import check_page, templates, write_page
from symclone_tf.figures.illustrations import Illustration
from symclone_tf.figures.report_page import Finding, GroupFigures

from browsers import driven, needs_browser

EMPTY = {"findings": [], "groups": [], "tables": {}}


def part(name, *arguments):
    """What a macro of `parts.html` makes of its arguments."""
    return str(getattr(templates().get_template("parts.html").module, name)(*arguments))


def test_texts_are_escaped(tmp_path):
    file = tmp_path / "a.html"
    missing = Illustration("a", "<s>", None)
    values = {
        "findings": [Finding("<b>", missing)],
        "tables": {"<em>": [{"<i>": "<u>", "<p>": "<q>"}]},
    }
    write_page(file, "report.html", "<title>", **EMPTY | values)
    text = file.read_text("utf-8")
    for tag in ("<b>", "<em>", "<i>", "<u>", "<q>", "<s>", "<title><"):
        assert tag not in text
    assert "&lt;u&gt;" in text


def test_a_figure_is_in_the_page_itself():
    curves = draw_learning_curves({9: [1, 0.1]})
    drawn = part("figure", Illustration("a-b", "Curves.", curves))
    assert '<h3 id="a-b">A b</h3>' in drawn
    assert 'src="data:image/svg+xml;base64,' in drawn
    assert "<figcaption>Curves.</figcaption>" in drawn


def test_without_a_figure_it_says_what_that_needs():
    drawn = part("figure", Illustration("a", "clones", None))
    assert "Left out: it needs clones." in drawn


def test_what_is_drawn_for_several_groups_has_an_anchor_in_each(tmp_path):
    digits = [Illustration("digits", "digits", None)]
    groups = [GroupFigures(title, digits) for title in ("C4", "T(2)")]
    write_page(tmp_path / "a.html", "report.html", "a", **EMPTY | {"groups": groups})
    text = (tmp_path / "a.html").read_text("utf-8")
    for anchor in ("c4-digits", "t-2-digits"):
        assert text.count(f'id="{anchor}"') == text.count(f'href="#{anchor}"') == 1


def test_numbers_in_a_table_break_before_what_follows_and_nowhere_else():
    text = part("table", "a", [{"Name": "one two", "Accuracy": "9.0% ± 1.0%"}])
    assert "<td>one two</td>" in text
    assert "<td><span>9.0%</span> <span>± 1.0%</span></td>" in text


def test_a_value_that_a_template_lacks_is_an_error(tmp_path):
    with pytest.raises(jinja2.UndefinedError, match="'findings' is undefined"):
        write_page(tmp_path / "a.html", "report.html", "a", groups=[], tables={})
    assert not (tmp_path / "a.html").exists()


@needs_browser
def test_what_is_folded_is_printed_in_black_on_white(tmp_path):
    file = tmp_path / "a.html"
    tables = {"Table": [{"Name": "a", "Figure": "1"}]}
    write_page(file, "report.html", "a", **EMPTY | {"tables": tables})
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


def test_pages_replace_pages_and_nothing_else(tmp_path):
    file = tmp_path / "a.html"
    check_page(file)
    write_page(file, "report.html", "first", **EMPTY)
    check_page(file)
    file.write_text("mine")
    with pytest.raises(sc.ArtifactError, match="was not written by symclone-tf"):
        check_page(file)
