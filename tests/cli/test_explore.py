import re
import stat
import webbrowser

import pytest


@pytest.fixture
def empty(tmp_path_factory, offline):
    """Options for a folder without MNIST, of a machine that can have none."""
    return "--data-dir", str(tmp_path_factory.mktemp("none"))


@pytest.fixture
def browser(tmp_path_factory, monkeypatch):
    """The browser of a machine, which writes down what it was to open."""
    folder = tmp_path_factory.mktemp("browser")
    program, opened = folder / "browser", folder / "opened"
    program.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(webbrowser, "_tryorder", [])
    kind = webbrowser.GenericBrowser([str(program), "%s"])
    webbrowser.register("noting", None, kind, preferred=True)
    return opened


def test_writes_one_page_and_says_what_is_next(run, tmp_path, empty):
    result = run("explore", "--group", "c2", "--image-size", "16", *empty)
    assert result.exit_code == 0, result.output
    assert re.match(r"Wrote explore\.html, [\d.]+ kB\n", result.stdout)
    assert result.stdout.endswith("Next: open explore.html in a browser\n")
    text = (tmp_path / "explore.html").read_text("utf-8")
    assert "<h1>Is it equivariant under C2?</h1>" in text
    assert "five drawn strokes" in text


@pytest.mark.slow
def test_the_page_may_be_of_regional_clones(run, tmp_path, empty):
    options = ["--student", "regional", "--regions", "2x3", "--image-size", "16"]
    result = run("explore", "--group", "c2", *options, *empty)
    assert result.exit_code == 0, result.output
    assert "<h1>Is it" in (tmp_path / "explore.html").read_text("utf-8")


@pytest.mark.slow
def test_opens_the_page_where_that_is_wanted(run, tmp_path, empty, browser):
    result = run("explore", "--group", "c2", "--image-size", "16", "--open", *empty)
    assert result.exit_code == 0, result.output
    assert browser.read_text().strip() == (tmp_path / "explore.html").as_uri()
    assert "Next" not in result.stdout


def test_bad_input_is_one_line(refused, tmp_path):
    assert "'--group'" in refused("explore", "--group", "c1")
    assert "'--image-size'" in refused("explore", "--image-size", "65")
    assert "--group must have at most 16" in refused("explore", "--group", "c24")
    (tmp_path / "mine.html").write_text("mine")
    assert "give another --output" in refused("explore", "--output", "mine.html")
