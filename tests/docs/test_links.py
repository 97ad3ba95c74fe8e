"""Links and pictures lead somewhere, and all that is there is named."""

import pathlib
import re

import symclone_tf as sc

from pages import (
    PAGES,
    README,
    ROOT,
    blocks,
    every_page,
    spans,
    text_of,
)


def slug(heading) -> str:
    """The fragment that GitHub makes of a heading."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.replace("`", ""))
    return re.sub(r"[^\w\- ]", "", plain.lower()).strip().replace(" ", "-")


def headings(page) -> set[str]:
    prose = re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL)
    return {slug(title) for title in re.findall(r"^#+ (.*)$", prose, re.MULTILINE)}


def links(page) -> list[str]:
    prose = re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL)
    found = re.findall(r"\]\(([^()\s]+)\)", prose)
    return [link for link in found if not re.match(r"[a-z]+:", link)]


@every_page()
def test_links_lead_somewhere(page):
    for link in links(page):
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        if fragment:
            assert fragment in headings(target), link


def test_every_page_is_reached_from_the_readme_and_leads_back():
    reached, found = set(), {README}
    while found - reached:
        page = (found - reached).pop()
        reached.add(page)
        targets = {page.parent / link.partition("#")[0] for link in links(page)}
        found |= {target.resolve() for target in targets} & set(PAGES)
    assert reached == set(PAGES)
    for page in PAGES:
        assert text_of(page).startswith("# ")
        if page.is_relative_to(ROOT / "docs"):
            up = "../" * len(page.relative_to(ROOT).parents[1:])
            assert f"{up}README.md" in links(page)


def test_every_picture_is_shown():
    shown = {(p.parent / link).resolve() for p in PAGES for link in links(p)}
    drawn = [p for kind in ("png", "svg") for p in (ROOT / "docs").rglob(f"*.{kind}")]
    assert shown >= set(drawn)


def test_readme_is_short():
    assert len(text_of(README).splitlines()) <= 200
    python = [line for block in blocks(README, "python") for line in block.splitlines()]
    assert len(python) <= 35


def test_every_module_has_its_place_in_contributing():
    """And every file that the pages name is there."""
    places = text_of(ROOT / "CONTRIBUTING.md").partition("## Where things are")[2]
    rows = re.findall(r"^\| (\w*) ?\| .*? \| (.*) \|$", places, re.MULTILINE)
    named, room = set(), None
    for name, files in rows:
        room = name or room
        named |= {f"{room}/{file}" for file in re.findall(r"`(\w+\.py)`", files)}
    package = pathlib.Path(sc.__file__).parent
    modules = {
        f"{file.parent.name}/{file.name}"
        for file in package.glob("*/[a-z]*.py")
        if file.parent.name != "cli"
    }
    assert named == modules


@every_page()
def test_files_that_are_named_are_there(page):
    for span in spans(page):
        if re.fullmatch(r"[\w./-]+/\w+\.(py|sh|md)", span) and "blocks" not in span:
            places = (ROOT / span, ROOT / "symclone_tf" / span)
            assert any(place.is_file() for place in places), span
