"""The page of a network holds its figures, tables and sentences."""

import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.figures import write_network_page
from symclone_tf.figures.network_page import errors_lines
from symclone_tf.studies import study_network

from browsers import PHONE, looked_at, needs_browser
from networks import breaks_last, on_group


@pytest.fixture(scope="module")
def study():
    images = np.random.default_rng(0).uniform(size=(4, 12, 12, 3))
    return study_network(breaks_last(), images, "c4", "mine")


@pytest.fixture(scope="module")
def page(study, tmp_path_factory):
    return write_network_page([study], tmp_path_factory.mktemp("page") / "report.html")


def test_the_page_holds_what_was_found_and_loads_nothing(page):
    text = page.read_text("utf-8")
    assert "<h1>Layers of mine</h1>" in text
    assert "1 of 3 measured layers breaks C4: plain" in text
    assert text.count('<img src="data:image/svg+xml;base64,') == 3
    assert "Left out: it needs clones" in text
    assert "http" not in text.replace("http://www.w3.org", "")


@needs_browser
@pytest.mark.slow
def test_the_page_fits_a_phone(page, tmp_path):
    found = looked_at(page, tmp_path, PHONE)
    assert found.pop("images") == 3
    assert not any(found.values()), found


def test_tables_have_a_line_for_each_layer(study):
    lines = errors_lines(study)
    assert [line["Layer"] for line in lines] == ["one", "two", "plain"]
    said = [line["Symmetry"] for line in lines]
    assert said == ["preserved", "preserved", "broken"]
    assert lines[2]["Equivariance error"] == f"{study.errors['plain']:.1e}"


@pytest.mark.slow
def test_errors_of_interpolation_have_a_column(rng):
    network = on_group("c8", "frozen")
    lines = errors_lines(study_network(network, rng.normal(size=(2, 9, 9, 1)), "c8"))
    assert all(float(line["Teacher's own"]) > 0.01 for line in lines)


def test_files_of_others_are_not_replaced(study, tmp_path):
    file = tmp_path / "mine.html"
    file.write_text("mine")
    with pytest.raises(sc.ArtifactError, match="was not written by symclone-tf"):
        write_network_page([study], file)
