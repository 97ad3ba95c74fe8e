import dataclasses
import html.parser
import json
import re

import pytest

import symclone_tf as sc
from symclone_tf.figures.html_pages import write_page
from symclone_tf.figures.report_page import clones_lines, make_report, networks_lines

from browsers import DESK, LAPTOP, PHONE, looked_at, needs_browser
from cases import later
from pages import RESULTS

pytestmark = pytest.mark.slow

MEASURED = RESULTS / "mnist" / "c4.csv"


@pytest.fixture(scope="module")
def page(tmp_path_factory, study, figure_clones):
    folder = tmp_path_factory.mktemp("report")
    model = sc.experiments.image_network("mlp", seed=0)
    metrics = {"accuracy": 0.875, "parameters": 12345, "seconds": 6.7}
    for _ in range(2):
        sc.artifacts.export_classifier(
            model, folder / "trained", "c4-invariance-mlp", metrics
        )
    return make_report(
        [study], folder / "report.html", figure_clones, folder / "trained"
    )


class Page(html.parser.HTMLParser):
    """Everything that a page may load, and its texts."""

    def __init__(self, text):
        super().__init__()
        self.loads, self.texts, self.alternatives = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("src", "srcset", "data", "action", "poster"):
                self.loads.append(value)
            if name == "href" and not value.startswith("#"):
                self.loads.append(value)
            if name == "alt":
                self.alternatives.append(value)

    def handle_data(self, data):
        self.texts.append(data)


def test_page_holds_all_tables_and_figures_and_loads_nothing(page):
    text = page.read_text("utf-8")
    found = Page(text)
    assert len(found.loads) == 8
    assert all(load.startswith("data:image/svg+xml;base64,") for load in found.loads)
    assert "url(" not in text
    assert "@import" not in text
    assert all(len(alternative) > 20 for alternative in found.alternatives)
    cells = " ".join(found.texts)
    for expected in (
        "c4-lifting-28x28-k3-b7, version 1",
        "c4-invariance-mlp, version 2",
        "87.5%",
        "12,345",
        "gcnn, invariance",
        "50.0%",
        "Drawn strokes",
        f"symclone-tf {sc.__version__}",
    ):
        assert expected in cells


def test_page_opens_with_what_was_found_and_its_picture(page):
    text = page.read_text("utf-8")
    opening, _, rest = text.partition('<h2 id="c4">')
    assert "“gcnn” preserved equivariance best, with 50.0% on invariance." in opening
    assert "None was trained on breaking yet" in opening
    assert opening.count("<img ") == 1
    assert "C4: accuracy on transformed digits" in opening
    assert "C4: accuracy on transformed digits" not in rest
    assert "<table>" not in opening


def test_tables_come_last_and_folded(page):
    text = page.read_text("utf-8")
    *figures, tables = re.split('<h2 id="tables">', text)
    assert "<table>" not in figures[0]
    assert "<img " not in tables
    titles = re.findall("<details><summary>(.*?)</summary>\n<div", tables)
    assert titles == ["Clones", "Networks on C4&#39;s tasks", "Classifiers"]
    assert tables.count("<table>") == 3


@needs_browser
def test_the_widest_table_fits_on_a_laptop(tmp_path):
    rows = sc.experiments.read_benchmark(MEASURED)
    assert len({row.experiment.network for row in rows}) > 20
    empty = {"findings": [], "groups": []}
    tables = {"Networks": networks_lines(rows)}
    write_page(tmp_path / "a.html", "report.html", "Widest", tables=tables, **empty)
    found = looked_at(tmp_path / "a.html", tmp_path, LAPTOP)
    assert found["complaints"] == []


@pytest.mark.slow
def test_page_is_the_same_each_time(page, study, figure_clones):
    before = page.read_bytes()
    make_report([study], page, figure_clones, page.parent / "trained")
    assert page.read_bytes() == before


@needs_browser
@pytest.mark.parametrize("width", [PHONE, later(DESK)])
@pytest.mark.parametrize("scheme", ["dark", later("light")])
def test_browser_has_no_complaints(page, tmp_path, width, scheme):
    found = looked_at(page, tmp_path, width, scheme)
    assert found == {"complaints": [], "images": 8, "dark": scheme == "dark"}


def test_contents_lead_to_the_headings_of_all_parts(page):
    text = page.read_text("utf-8")
    titles = re.findall("<h2 .*?>(.*?)</h2>", text)
    assert titles == ["What was found", "C4", "Tables"]
    contents, _, parts = text.partition("</nav>")
    links = re.findall('href="#(.*?)">(.*?)<', contents)
    assert links == re.findall('<h[23] id="(.*?)">(.*?)</h', parts)
    assert ("c4-learning-curves", "Learning curves") in links
    assert contents.count("<ul>") == contents.count("</ul>") == 2
    assert contents.count("<li>") == contents.count("</li>") == len(links)


@pytest.mark.slow
def test_names_are_escaped(tmp_path, study, figure_clones):
    trained = tmp_path / "trained"
    metrics = {"accuracy": 1.0, "parameters": 1, "seconds": 1}
    home = trained / "<img src=x>" / "1" / "assets.extra"
    home.mkdir(parents=True)
    (home / "metrics.json").write_text(json.dumps(metrics))
    file = make_report([study], tmp_path / "a.html", figure_clones, trained)
    text = file.read_text("utf-8")
    assert "<img src=x>" not in text
    assert "&lt;img src=x&gt;" in text


@pytest.mark.slow
def test_clones_alone_are_reported(tmp_path, study, figure_clones):
    """As after a first `clone`: nothing was benchmarked, nothing trained."""
    alone = dataclasses.replace(study, rows=[])
    file = make_report([alone], tmp_path / "a.html", figure_clones, tmp_path)
    text = file.read_text("utf-8")
    assert "No network of C4 was trained on digits yet" in text
    assert "c4-lifting-28x28-k3-b7, version 1" in text


def test_someone_elses_file_is_left_alone(tmp_path, study):
    file = tmp_path / "thesis.html"
    file.write_text("<html>mine</html>")
    with pytest.raises(sc.ArtifactError, match="was not written by symclone-tf"):
        make_report([study], file)
    assert file.read_text() == "<html>mine</html>"
    with pytest.raises(sc.ArtifactError, match="is a folder"):
        make_report([study], tmp_path)


def test_damaged_metrics_are_refused(tmp_path, study, figure_clones):
    home = tmp_path / "trained" / "a" / "1" / "assets.extra"
    home.mkdir(parents=True)
    (home / "metrics.json").write_text('{"accuracy": "high"}')
    with pytest.raises(sc.ArtifactError, match=r"metrics\.json cannot be read"):
        make_report([study], tmp_path / "a.html", figure_clones, tmp_path / "trained")
    assert not (tmp_path / "a.html").exists()


def test_teachers_own_errors_are_listed_if_any_clone_has_one(tmp_path):
    for group in ("c4", "c8"):
        teacher = sc.ConvTeacher(group, image_size=8)
        student, report = sc.clone(teacher, solver="closed-form", verbose=0)
        sc.export(student, tmp_path, report)
    c4, c8 = clones_lines(sc.artifacts.list_artifacts(tmp_path))
    assert (c4["Teacher's own"], c8["Teacher's own"]) == (
        "–",
        f"{report.teacher_equivariance_error:.1e}",
    )
    (line,) = clones_lines(sc.artifacts.list_artifacts(tmp_path)[:1])
    assert "Teacher's own" not in line
