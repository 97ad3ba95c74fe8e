"""The site is made of the code and of what was measured, and needs no network."""

import functools
import html
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import threading

import griffe
import markdown
import pytest
import yaml

import symclone_tf as sc
from symclone_tf.cli.main import main
from tools.documentation import (
    commands,
    docstrings,
    reference,
    results,
    site_paths,
    typesetting,
)

from browsers import BROWSER, needs_browser
from pages import PAGES, RESULTS, ROOT, text_of

OPTIONS = {"returns_named_value": False, "returns_multiple_items": False}
MKDOCS = pathlib.Path(sys.executable).with_name("mkdocs")
ROOMS = ("symmetry", "teachers", "students", "cloning", "layers", "networks")
ROOMS += ("artifacts", "workspace", "data", "experiments", "probe", "studies")
ROOMS += ("figures",)


def test_every_public_name_has_its_place_in_the_reference():
    made = reference.pages()
    for room in ROOMS:
        page = made[f"reference/{room}.md"]
        for name in getattr(sc, room).__all__:
            assert f"::: symclone_tf.{room}.{name}\n" in page
    for name in set(sc.__all__) - set(ROOMS) - {"__version__"}:
        assert f"| [`sc.{name}`][" in made["reference/index.md"]


def test_every_command_and_every_option_is_in_the_reference():
    page = commands.commands_page()
    assert re.findall(r"^## (\S+)$", page, re.MULTILINE) == list(main.commands)
    for command in main.commands.values():
        section = page.partition(f"\n## {command.name}\n")[2].partition("\n## ")[0]
        for option in command.params:
            if option.param_type_name == "option":
                assert option.opts[0] in section
            else:
                assert option.human_readable_name in section


def test_options_may_have_bars_and_brackets():
    made = markdown.markdown(commands.commands_page(), extensions=["def_list"])
    assert "<dt><code>--padding [valid|same]</code></dt>" in made
    assert made.count("<dt>") == made.count("<dd>") > 100
    assert "[default: valid]</dd>" in made


def test_options_and_powers_of_ten_are_not_broken_at_hyphens():
    made = typesetting.set_in_type(
        "<p>say <code>probe --image-size 20</code></p><pre><code>a --b</code></pre>"
        "<td>6e-07, 1e-06</td>"
    )
    assert made == (
        '<p>say <code>probe <span class="whole">--image-size</span> 20</code></p>'
        "<pre><code>a --b</code></pre>"
        '<td><span class="whole">6e-07</span>, <span class="whole">1e-06</span></td>'
    )


def test_figures_have_captions_and_lead_to_the_picture():
    made = typesetting.set_in_type('<p><img alt="Two curves" src="a.svg" /></p>')
    assert made == (
        '<figure><a href="a.svg"><img alt="Two curves" src="a.svg"></a>'
        "<figcaption>Two curves</figcaption></figure>"
    )


def test_constants_that_are_filled_later_show_no_value():
    room = reference.package()["students"]
    assert not reference.is_plain(room["STUDENTS"])
    assert reference.is_plain(reference.package()["layers"]["TRAINABLE_PARTS"])


def test_layers_explain_what_they_have_of_their_bases():
    door = reference.package()["layers"]
    assert {"deviation", "hold", "computes_as"} <= set(
        reference.inherited(door["ClonedConv2D"])
    )
    students = reference.package()["students"]
    assert "translation_equivariance" in reference.inherited(students["Student"])
    assert reference.inherited(students["DenseStudent"]) == []


def test_sections_that_only_keras_has_become_lists():
    text = "A layer.\n\nCall arguments:\n    inputs: Tensor,\n        of any shape.\n"
    assert docstrings.in_blocks(text).rstrip() == (
        "A layer.\n\n**Call arguments**\n\n- **`inputs`**: Tensor,\n    of any shape."
    )


def test_examples_of_docstrings_become_blocks():
    text = "Adds.\n\nExample:\n\n>>> 1 + 1\n2\n\nAnd:\n\n    >>> 2\n    2"
    assert docstrings.in_blocks(text) == (
        "Adds.\n\n**Example**\n\n```pycon\n>>> 1 + 1\n2\n```\n\n"
        "And:\n\n    ```pycon\n    >>> 2\n    2\n    ```"
    )


def test_colons_of_what_is_returned_are_no_types():
    text = docstrings.in_blocks("Adds.\n\nReturns:\n    Array `x[:, 0]`: one.")
    (_, returned) = griffe.Docstring(text).parse("google", **OPTIONS)
    assert returned.value[0].description == "Array `x[:, 0]`: one."


def test_what_layers_share_stands_in_the_reference_of_each():
    text = reference.package()["layers.cloned_conv2d.ClonedConv2D"].docstring.value
    assert "\n    bias_constraint: Constraint for the bias.\n" in text
    assert "{" not in text


MEASURED = [
    file
    for kind in ("csv", "json")
    for file in RESULTS.rglob(f"*.{kind}")
    if file.with_suffix(".md").is_file()
]


@pytest.mark.parametrize("file", MEASURED, ids=lambda file: file.stem)
def test_pages_of_measurements_have_the_tables_that_are_committed(file):
    """Both are made of the same numbers."""
    made, committed = results.page(file), file.with_suffix(".md").read_text("utf-8")

    def rows(text):
        cells = re.findall(r"^\|(?! ?-).*$", text, re.MULTILINE)
        return [row.replace(" ", "") for row in cells]

    assert rows(made) == rows(committed)
    assert made.startswith("# ")
    machine = results.MACHINE.search(committed)
    assert machine is None or file.parent.parent.name == "probes" or machine[0] in made


def test_pictures_of_measurements_say_what_pages_say_of_them():
    made = results.page(RESULTS / "relax_time.csv")
    assert "![Accuracy, and the seconds of an epoch, by regions](" in made
    assert "![relax time, fashion mnist, 1000, where](" in made


def test_what_nobody_knows_how_to_report_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    (tmp_path / "secret.csv").write_text("1")
    with pytest.raises(ValueError, match="BY_NAME"):
        results.page(tmp_path / "secret.csv")


def test_links_lead_to_where_files_are_on_the_site():
    def rewritten(link, place):
        return site_paths.rewritten(f"[a]({link})", place).removeprefix("[a]")

    assert rewritten("../CONTRIBUTING.md#test", "cloning.md") == (
        "(project/contributing.md#test)"
    )
    assert rewritten("docs/cloning.md", "project/readme.md") == "(../cloning.md)"
    assert rewritten("../benchmarks/results/mnist/c4.csv", "speed.md") == (
        "(results/mnist/c4.csv)"
    )
    assert rewritten("../notebooks/relax-your-cnn.ipynb", "learn/by-eye.md") == (
        "(../notebooks/relax-your-cnn.md)"
    )
    assert rewritten("https://arxiv.org", "speed.md") == "(https://arxiv.org)"
    assert rewritten("#there", "speed.md") == "(#there)"
    with pytest.raises(ValueError, match="not on the site"):
        rewritten("../setup.cfg", "speed.md")


def test_links_in_blocks_of_code_stay():
    text = "```python\na[0](../x)\n```\n"
    assert site_paths.rewritten(text, "speed.md") == text


def test_charts_that_a_script_would_draw_are_lists():
    page = site_paths.drawn_as_list(text_of(ROOT / "CONTRIBUTING.md"))
    assert "mermaid" not in page
    assert len(re.findall(r"^1\. \*\*", page, re.MULTILINE)) == 14


def test_every_page_is_in_the_menu():
    menu = (ROOT / "mkdocs.yml").read_text("utf-8").partition("nav:")[2]
    for page in PAGES:
        place = site_paths.on_site(page.relative_to(ROOT).as_posix())
        assert re.search(rf"\b{re.escape(place)}$", menu, re.MULTILINE), place


def test_citation_names_the_paper_and_this_version():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert cited["cff-version"] == "1.2.0"
    assert cited["version"] == sc.__version__
    assert {"message", "title", "authors", "type", "license"} <= set(cited)
    paper = cited["preferred-citation"]
    names = [author["family-names"] for author in paper["authors"]]
    assert names == ["Huang", "Cheng", "Chen", "Aspuru-Guzik"]
    assert paper["doi"].endswith("2410.03989")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built strictly; no connection is there for whoever looks for one."""
    folder = tmp_path_factory.mktemp("site")
    nowhere = "http://127.0.0.1:9"
    done = subprocess.run(
        # The script: `python -m` would find the package as it lies here.
        [MKDOCS, "build", "--strict", "-d", str(folder)],
        cwd=ROOT,
        env={**os.environ, "HTTPS_PROXY": nowhere, "HTTP_PROXY": nowhere},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.mark.slow
def test_no_page_of_the_site_loads_anything_from_elsewhere(site):
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 50
    for page in pages:
        text = page.read_text("utf-8")
        loaded = re.findall(r"<(?:link|script|img|iframe|source)\b[^>]*>", text)
        found = [re.findall(r'(?:src|href)="([^"]*)"', tag) for tag in loaded]
        assert not [url for urls in found for url in urls if "//" in url], page
        # The theme would fetch what draws these.
        assert 'class="mermaid"' not in text
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//", sheet.read_text("utf-8"))


@pytest.mark.slow
def test_search_knows_words_of_pages_and_names_of_the_reference(site):
    index = json.loads((site / "search" / "search_index.json").read_text("utf-8"))
    for word in ("anchor", "FunctionTeacher", "--hidden-units"):
        places = {each["location"] for each in index["docs"] if word in each["text"]}
        assert len(places) > 1, word


@pytest.mark.slow
def test_the_page_to_draw_on_is_part_of_the_site(site):
    assert 'href="explore-live.html"' in (site / "explore.html").read_text("utf-8")
    live = (site / "explore-live.html").read_text("utf-8")
    assert "<canvas" in live
    assert len(live) > 500_000  # its clones' weights are in it


@pytest.mark.slow
def test_no_page_of_the_site_has_a_link_that_leads_nowhere(site):
    """Pictures too, and what is downloaded; fragments are checked by the build."""
    for page in site.rglob("*.html"):
        if page.name == "404.html":
            continue
        for url in re.findall(r'(?:src|href)="([^"#]+)', page.read_text("utf-8")):
            if not re.match(r"[a-z]+:", url):
                target = (page.parent / html.unescape(url)).resolve()
                assert target.exists(), (page, url)


@pytest.fixture(scope="module")
def served(site):
    """Its address."""
    handler = functools.partial(_Quiet, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


PROBE = """
<iframe id="page" width="{width}" height="844" src="{name}.html?q=anchor"></iframe>
<script>addEventListener('load', () => setTimeout(() => {{
  const page = document.getElementById('page').contentWindow;
  const root = page.document.documentElement;
  document.body.textContent = JSON.stringify([
    root.scrollWidth <= page.innerWidth,
    page.performance.getEntriesByType('resource').map((entry) => entry.name),
  ]);
}}, 4000));</script>
"""


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("name", ["index", "learn/by-eye", "reference/layers"])
def test_pages_fit_into_windows_and_load_their_search(
    site, served, tmp_path, name, width
):
    """With all of the network out of reach but this server."""
    (site / "probe.html").write_text(PROBE.format(name=name, width=width))
    done = subprocess.run(
        [
            *(BROWSER, "--headless", "--no-sandbox", "--disable-gpu"),
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            *("--no-proxy-server", "--virtual-time-budget=15000"),
            *(f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"),
            f"{served}/probe.html",
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    (site / "probe.html").unlink()
    fits, loaded = json.loads(re.search(r"\[.*\]", done.stdout)[0])
    assert fits
    assert all(url.startswith(served) for url in loaded)
    assert f"{served}/search/search_index.json" in loaded
