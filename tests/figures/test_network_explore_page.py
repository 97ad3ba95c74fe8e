"""A page to choose images and transformations on."""

import base64
import json
import re

import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.figures import network_explore_page
from symclone_tf.figures.network_explore_page import write_network_explore_page

from browsers import driven, needs_browser
from networks import breaks_last


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).uniform(size=(9, 12, 12, 3))


@pytest.fixture(scope="module")
def page(images, tmp_path_factory):
    file = tmp_path_factory.mktemp("page") / "explore.html"
    return write_network_explore_page(breaks_last("c2"), images[:2], "c2", file, "mine")


def pictures(page):
    found = re.search(r'id="data">(.*?)</script>', page.read_text("utf-8"))
    return json.loads(found[1])


def test_there_is_a_picture_for_each_image_and_element(page):
    found = pictures(page)
    assert [len(row) for row in found] == [1, 1]
    assert found[0] != found[1]
    for row in found:
        start, _, data = row[0].partition(",")
        assert start == "data:image/png;base64"
        assert base64.b64decode(data)[1:4] == b"PNG"
    text = page.read_text("utf-8")
    assert "<h1>What the layers of mine see</h1>" in text
    assert "rotated by 180°" in text


def test_more_images_than_fit_are_left_out(images, tmp_path, monkeypatch):
    monkeypatch.setattr(network_explore_page, "MOST_PICTURES", 3)
    model, file = breaks_last("c2"), tmp_path / "explore.html"
    assert len(pictures(write_network_explore_page(model, images, "c2", file))) == 3
    with pytest.raises(ValueError, match="`group` must have at most 3 elements"):
        write_network_explore_page(model, images, "d4", file)


def test_images_that_make_the_page_too_large_are_left_out(
    images, tmp_path, monkeypatch
):
    model, file = breaks_last("c2"), tmp_path / "explore.html"
    whole = pictures(write_network_explore_page(model, images[:3], "c2", file))
    size = sum(len(picture) for row in whole for picture in row)
    monkeypatch.setattr(network_explore_page, "OF_PAGE", file.stat().st_size - size)
    monkeypatch.setattr(network_explore_page, "MOST_BYTES", file.stat().st_size - 1)
    fewer = pictures(write_network_explore_page(model, images[:3], "c2", file))
    assert fewer == whole[:2]


def test_too_large_a_page_is_refused_in_one_line(images, tmp_path, monkeypatch):
    monkeypatch.setattr(network_explore_page, "MOST_BYTES", 10_000)
    file = tmp_path / "explore.html"
    with pytest.raises(sc.ArtifactError, match="would have 0 MB, more than 0 MB"):
        write_network_explore_page(breaks_last("c2"), images[:1], "c2", file)
    assert not file.exists()


def test_other_arguments_are_refused(images, tmp_path):
    file = tmp_path / "explore.html"
    with pytest.raises(ValueError, match="must have rotations or reflections"):
        write_network_explore_page(breaks_last(), images, "t2", file)
    with pytest.raises(ValueError, match="`images` must have the shape"):
        write_network_explore_page(breaks_last(), images[0], "c4", file)
    file.write_text("mine")
    with pytest.raises(sc.ArtifactError, match="was not written by symclone-tf"):
        write_network_explore_page(breaks_last(), images, "c4", file)


@needs_browser
@pytest.mark.slow
def test_choices_change_the_picture(page, tmp_path):
    with driven(tmp_path) as browser:
        browser.open(page)
        first, second = (row[0] for row in pictures(page))
        assert browser.ask("document.getElementById('maps').src") == first
        browser.ask(
            "((one) => { one.value = '1'; one.dispatchEvent(new Event('change')); })"
            "(document.getElementById('image'))"
        )
        assert browser.ask("document.getElementById('maps').src") == second
        said = browser.ask("document.getElementById('status').textContent")
        assert said == "Image 2, rotated by 180°"
        assert browser.complaints() == []
