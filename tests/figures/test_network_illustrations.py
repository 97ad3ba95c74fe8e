"""All figures of a trained network, and sentences of what was found."""

import dataclasses

import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.figures import illustrate_network, network_findings
from symclone_tf.networks import NetworkEquivariance
from symclone_tf.studies import study_network

from networks import breaks_last, on_group

NAMES = ["images", "layer-maps", "layer-errors", "deviations", "history"]


@pytest.fixture(scope="module")
def study():
    images = np.random.default_rng(0).uniform(size=(4, 12, 12, 3))
    history = {"one": [1e-7, 1e-7], "plain": [0.1, 0.4]}
    points = ("before", "after")
    return study_network(breaks_last(), images, "c4", "mine", history, points)


def test_every_figure_becomes_a_file(study, tmp_path):
    made = list(sc.figures.make_network_figures(study, tmp_path, "png"))
    names = {each.name: path for each, path in made}
    assert list(names) == NAMES
    assert names["deviations"] is None
    for name, path in names.items():
        if path:
            assert path == tmp_path / f"mine-c4-{name}.png"
            assert path.read_bytes()[:4] == b"\x89PNG"
    for each, _ in made:
        assert each.caption.endswith(".") == (each.figure is not None)


def test_clones_have_deviations_and_unknown_histories_are_left_out(rng):
    study = study_network(on_group("c4"), rng.uniform(size=(2, 9, 9, 1)), "c4")
    made = {each.name: each for each in illustrate_network(study)}
    titles = [axes.get_title() for axes in made["deviations"].figure.axes]
    assert titles[:2] == ["lifting", "group"]
    assert made["history"].figure is None
    assert "symclone-tf train" in made["history"].caption


def test_translations_have_no_layer_maps(rng):
    study = study_network(breaks_last(), rng.uniform(size=(2, 12, 12, 3)), "t2")
    made = {each.name: each for each in illustrate_network(study)}
    assert made["layer-maps"].figure is None
    assert "behind strides T(2) translates maps" in made["layer-maps"].caption
    assert made["layer-errors"].figure is not None


def test_the_history_of_an_artifact_is_before_and_after(study):
    made = {each.name: each for each in illustrate_network(study)}
    (axes,) = made["history"].figure.axes
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert labels == ["before", "after"]


def test_sentences_say_what_was_broken(study):
    layers, whole = network_findings(study)
    error = study.errors["plain"]
    expected = f"1 of 3 measured layers breaks C4: plain, with an error of {error:.2g}."
    assert layers == expected
    changed = study.whole.changed_classes
    assert f"the class of {changed:.1%} of 4 images" in whole


def test_sentences_of_other_networks(study):
    kept = dataclasses.replace(study, errors={"one": 1e-7, "two": 1e-6}, whole=None)
    assert network_findings(kept) == ["All 2 measured layers preserve C4."]
    errors = {f"conv_{i}": 0.1 * i for i in range(1, 10)}
    whole = NetworkEquivariance(0.5, None)
    many = dataclasses.replace(study, errors=errors, whole=whole)
    layers, network = network_findings(many)
    assert layers.startswith("9 of 9 measured layers break C4: conv_1, ")
    assert layers.endswith(" and 3 more, with an error of 0.9 at most, of conv_9.")
    assert network == "The whole network has an error of 0.5."
    none = dataclasses.replace(study, errors={}, whole=None)
    assert network_findings(none) == ["No layer could be measured."]


def test_bad_formats_are_refused_before_anything_is_drawn(study, tmp_path):
    with pytest.raises(ValueError, match="`file_format` must be one of"):
        next(sc.figures.make_network_figures(study, tmp_path / "out", "gif"))
    assert not (tmp_path / "out").exists()
