import html.parser
import json
import re

import pytest

import symclone_tf as sc
from symclone_tf.figures.reporting import make_report

from browsers import DESK, PHONE, looked_at, needs_browser

pytestmark = pytest.mark.usefixtures("without_mnist")


@pytest.fixture
def page(tmp_path, sources):
    trained = tmp_path / "trained"
    model = sc.experiments.image_network("mlp", seed=0)
    metrics = {"accuracy": 0.875, "parameters": 12345, "seconds": 6.7}
    for _ in range(2):
        sc.artifacts.export_classifier(model, trained, "c4-invariance-mlp", metrics)
    return make_report(tmp_path / "report.html", trained=trained, **sources)


class Page(html.parser.HTMLParser):
    """Everything that a page may load, and its texts."""

    def __init__(self, text):
        super().__init__()
        self.loads, self.texts, self.alternatives = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("src", "href", "srcset", "data", "action", "poster"):
                self.loads.append(value)
            if name == "alt":
                self.alternatives.append(value)

    def handle_data(self, data):
        self.texts.append(data)


def test_page_holds_all_tables_and_figures_and_loads_nothing(page):
    text = page.read_text("utf-8")
    found = Page(text)
    assert len(found.loads) == 9
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


@pytest.mark.slow
def test_page_is_the_same_each_time(page, tmp_path, sources):
    before = page.read_bytes()
    make_report(page, trained=tmp_path / "trained", **sources)
    assert page.read_bytes() == before


@needs_browser
@pytest.mark.parametrize("width", [PHONE, pytest.param(DESK, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "scheme", ["dark", pytest.param("light", marks=pytest.mark.slow)]
)
def test_browser_has_no_complaints(page, tmp_path, width, scheme):
    found = looked_at(page, tmp_path, width, scheme)
    assert found == {"complaints": [], "images": 9, "dark": scheme == "dark"}


@pytest.mark.slow
def test_groups_are_those_of_which_there_is_something(tmp_path, sources):
    with pytest.raises(sc.ArtifactError, match="There is nothing to report"):
        make_report(tmp_path / "a.html", clones=tmp_path / "x", benchmark=tmp_path)
    text = make_report(tmp_path / "b.html", **sources).read_text("utf-8")
    assert re.findall("<h2>(.*?)</h2>", text) == ["C4"]


@pytest.mark.slow
def test_names_are_escaped(tmp_path, sources):
    trained = tmp_path / "trained"
    metrics = {"accuracy": 1.0, "parameters": 1, "seconds": 1}
    home = trained / "<img src=x>" / "1" / "assets.extra"
    home.mkdir(parents=True)
    (home / "metrics.json").write_text(json.dumps(metrics))
    text = make_report(tmp_path / "a.html", trained=trained, **sources).read_text()
    assert "<img src=x>" not in text
    assert "&lt;img src=x&gt;" in text


def test_someone_elses_file_is_left_alone(tmp_path, sources):
    file = tmp_path / "thesis.html"
    file.write_text("<html>mine</html>")
    with pytest.raises(sc.ArtifactError, match="was not written by symclone-tf"):
        make_report(file, **sources)
    assert file.read_text() == "<html>mine</html>"
    with pytest.raises(sc.ArtifactError, match="is a folder"):
        make_report(tmp_path, **sources)


def test_damaged_metrics_are_refused(tmp_path, sources):
    home = tmp_path / "trained" / "a" / "1" / "assets.extra"
    home.mkdir(parents=True)
    (home / "metrics.json").write_text('{"accuracy": "high"}')
    with pytest.raises(sc.ArtifactError, match=r"metrics\.json cannot be read"):
        make_report(tmp_path / "a.html", trained=tmp_path / "trained", **sources)
    assert not (tmp_path / "a.html").exists()
