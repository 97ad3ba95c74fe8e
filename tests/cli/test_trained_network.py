"""A trained network is drawn on one's own images, by three commands."""

import pathlib
import shlex

import numpy as np
import pytest

import symclone_tf as sc

from networks import breaks_last

COMMANDS = [["figures"], ["report"], ["explore"]]
SIZE = 16


@pytest.fixture
def cells(tmp_path, rng):
    """Images in colour; networks read theirs of the same size."""
    x, y = rng.integers(0, 256, (40, SIZE, SIZE, 3), "uint8"), np.arange(40) % 2
    file = tmp_path / "cells.npz"
    np.savez(file, x_train=x, y_train=y, x_test=x[:6], y_test=y[:6])
    return file


@pytest.fixture
def network(tmp_path):
    return sc.artifacts.save_network(breaks_last(size=SIZE), tmp_path / "mine.keras")


@pytest.fixture
def classifier(tmp_path):
    """As train exports it, with what it writes of errors and options."""
    errors = {
        name: {"before": 1e-7, "after": after}
        for name, after in (("one", 1e-7), ("plain", 0.4), ("network", 0.1))
    }
    metrics = {"options": {"group": "c2"}, "equivariance_error": errors}
    return sc.artifacts.export_classifier(
        breaks_last("c2", SIZE), tmp_path / "trained", "c2-cells", metrics
    ).parent


def test_figures_are_of_the_network_and_nothing_is_cloned(
    run, network, cells, tmp_path
):
    options = ["--model", network, "--data", cells, "--group", "c4", "--format", "png"]
    result = run("figures", *options)
    assert result.exit_code == 0, result.output
    names = sorted(file.name for file in (tmp_path / "figures").iterdir())
    assert names == [
        "mine-c4-images.png",
        "mine-c4-layer-errors.png",
        "mine-c4-layer-maps.png",
    ]
    assert "1 of 3 measured layers breaks C4: plain" in result.stdout
    last = result.stdout.splitlines()[-1]
    given = shlex.join(["--model", str(network), "--data", str(cells)])
    assert last == f"Next: symclone-tf report {given} --group c4"
    assert not (tmp_path / "exported").exists()


@pytest.mark.slow
def test_translations_have_no_layer_maps_and_that_is_said(
    run, refused, network, cells, tmp_path
):
    options = ["--model", network, "--data", cells, "--group", "t2"]
    result = run("figures", *options)
    assert result.exit_code == 0, result.output
    (line,) = [x for x in result.stdout.splitlines() if "layer-maps" in x]
    assert line == (
        "Left out layer-maps: it needs a group of rotations or reflections: behind "
        "strides T(2) translates maps by parts of pixels"
    )
    assert not list((tmp_path / "figures").glob("*-layer-maps.*"))
    assert (tmp_path / "figures" / "mine-t2-layer-errors.svg").is_file()
    said = refused("explore", *options)
    assert "--group must have rotations or reflections: T(2) has no layer maps" in said
    assert not (tmp_path / "explore.html").exists()


@pytest.mark.slow
def test_a_report_of_a_classifier_knows_its_group_and_history(
    run, classifier, cells, tmp_path
):
    result = run("report", "--model", classifier, "--data", cells)
    assert result.exit_code == 0, result.output
    text = (tmp_path / "report.html").read_text("utf-8")
    assert "<h1>Layers of c2-cells</h1>" in text
    assert '<h3 id="c2-history">History</h3>' in text
    assert "1 of 3 measured layers breaks C2: plain" in text
    assert not (tmp_path / "exported").exists()


@pytest.mark.slow
def test_a_report_may_be_of_several_groups(run, network, cells, tmp_path):
    groups = ["--group", "c2", "--group", "flip"]
    result = run("report", "--model", network, "--data", cells, *groups)
    assert result.exit_code == 0, result.output
    text = (tmp_path / "report.html").read_text("utf-8")
    assert '<h2 id="c2">C2</h2>' in text
    assert text.count('<h2 id="') >= 3


@pytest.mark.slow
def test_a_page_to_explore_has_the_users_images(run, classifier, cells, tmp_path):
    result = run("explore", "--model", classifier, "--data", cells)
    assert result.exit_code == 0, result.output
    text = (tmp_path / "explore.html").read_text("utf-8")
    assert "<h1>What the layers of c2-cells see</h1>" in text
    assert text.count("<option") == 6 + 1


@pytest.mark.parametrize("command", COMMANDS)
def test_bad_input_is_one_line(refused, command, network, cells, tmp_path):
    group = ["--group", "c4"]
    assert "needs --data" in refused(*command, *group, "--model", network)
    missing = refused(*command, *group, "--model", "none.keras", "--data", cells)
    assert "--model must be a .keras file, or the folder" in missing
    assert "needs --group" in refused(*command, "--model", network, "--data", cells)
    nothing = ["--model", network, "--data", "none.npz"]
    assert "none.npz" in refused(*command, *group, *nothing)


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("figures", ["--student", "local"]),
        ("figures", ["--clones", "exported"]),
        ("report", ["--trained", "trained"]),
        ("report", ["--benchmark", "benchmark"]),
        ("explore", ["--image-size", "28"]),
        ("explore", ["--regions", "2"]),
    ],
)
def test_options_of_clones_are_not_for_networks(refused, command, option, network):
    options = ["--model", network, "--data", "cells.npz", "--group", "c4", *option]
    assert f"{option[0]} is of clones, and not for --model" in refused(
        command, *options
    )


def test_images_that_the_network_does_not_take_are_refused(refused, cells, tmp_path):
    file = tmp_path / "gray.keras"
    sc.artifacts.save_network(breaks_last(size=SIZE, channels=1), file)
    options = ["--group", "c4", "--model", file, "--data", cells]
    assert "those of --data have 3 channels" in refused("figures", *options)


def test_files_are_not_executed(refused, cells, tmp_path):
    """A file of Python's pickles or code is refused as what it is."""
    file = tmp_path / "bad.keras"
    file.write_bytes(b"import os")
    options = ["--group", "c4", "--model", file, "--data", cells]
    assert "cannot be read as a Keras model" in refused("report", *options)


@pytest.mark.parametrize(
    ("command", "name"),
    [("symmetrize --group c2", "c2-cells-c2"), ("relax", "c2-cells-relaxed")],
)
def test_what_is_made_of_an_artifact_stays_out_of_it(
    run, classifier, command, name, tmp_path
):
    before = sorted(classifier.rglob("*"))
    for given in (classifier, *classifier.rglob("classifier.keras")):
        result = run(*command.split(), str(given))
        assert result.exit_code == 0, result.output
        assert pathlib.Path(f"{name}.keras").is_file()
        pathlib.Path(f"{name}.keras").unlink()
    assert sorted(classifier.rglob("*")) == before


@pytest.mark.parametrize("command", ["symmetrize --group c2", "relax"])
def test_folders_without_a_network_are_refused(run, tmp_path, command):
    result = run(*command.split(), str(tmp_path))
    assert result.exit_code == 2
    assert "MODEL must be a .keras or .h5 file, or the folder" in result.output
