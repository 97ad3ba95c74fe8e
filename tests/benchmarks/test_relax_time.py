"""When relaxing pays: what is compared, and what is reported."""

import argparse

import numpy as np
import pytest

import symclone_tf as sc
from benchmarks.relax_time import networks, report, study
from benchmarks.relax_time.networks import VARIANTS, cnn, mlp, untied
from benchmarks.relax_time.rows import read_beside, read_relax_times

from cases import later

pytestmark = pytest.mark.slow


@pytest.fixture
def few(monkeypatch, tmp_path, rng):
    """A folder with a few images, in Keras' own form."""
    arrays = {
        f"{name}_{split}": values
        for split in ("train", "test")
        for name, values in (
            ("x", rng.integers(256, size=(48, 16, 16, 3)).astype("uint8")),
            ("y", rng.integers(10, size=(48, 1))),
        )
    }
    np.savez(tmp_path / "cifar10.npz", **arrays)
    monkeypatch.setenv("SYMCLONE_TF_DATA", str(tmp_path))
    monkeypatch.setitem(networks.CONVOLUTIONS, "cifar10", ((4, 5, "pool", 6, 4), (8,)))
    return arrays


def test_images_are_from_0_to_1_and_labels_flat(few):
    x, y = networks.images("cifar10", "train", 20)
    assert x.shape == (20, 16, 16, 3)
    np.testing.assert_allclose(255 * x, few["x_train"][:20], rtol=1e-6)
    np.testing.assert_array_equal(y, few["y_train"][:20, 0])


def test_shifted_images_are_translated(few):
    centred, labels = networks.images("cifar10", "train")
    translated, same = networks.images("cifar10-shifted", "train")
    np.testing.assert_array_equal(labels, same)
    np.testing.assert_array_equal(
        translated, networks.images("cifar10-shifted", "train")[0]
    )
    padded = np.pad(centred[3], ((6, 6), (6, 6), (0, 0)))
    positions = [
        (row, column)
        for row in range(13)
        for column in range(13)
        if np.array_equal(translated[3], padded[row : row + 16, column : column + 16])
    ]
    assert len(positions) == 1
    assert not np.array_equal(translated, centred)


@pytest.mark.slow
def test_networks_are_of_the_sizes_that_the_page_says():
    small = cnn("fashion_mnist", (28, 28, 1), 0)
    large = cnn("cifar10", (32, 32, 3), 0)
    assert small.count_params() == pytest.approx(32_000, rel=0.02)
    assert large.count_params() == pytest.approx(90_000, rel=0.1)
    for data, shape in (("fashion_mnist", (28, 28, 1)), ("cifar10", (32, 32, 3))):
        relaxed, _ = sc.relax(cnn(data, shape, 0), verbose=0)
        dense = mlp(data, shape, 0)
        assert dense.count_params() == pytest.approx(relaxed.count_params(), rel=0.1)


@pytest.mark.parametrize(
    "variant",
    [v if v.title in ("relaxed", "untied") else later(v) for v in VARIANTS],
    ids=lambda v: v.title,
)
def test_what_goes_on_answers_as_the_cnn_did(variant, rng, few):
    model = cnn("cifar10", (16, 16, 3), 0)
    images = rng.uniform(size=(2, 16, 16, 3)).astype("float32")
    np.testing.assert_allclose(variant.relaxed(model)(images), model(images), atol=1e-6)


def test_untied_networks_have_a_kernel_at_each_place(few):
    model = untied(cnn("cifar10", (16, 16, 3), 0))
    assert model.layers[0].kernels.shape == (14, 14, 27, 4)


def options(file, **changed):
    chosen = {"output": file, "times": [1], "train_size": 32, "epochs": 2}
    chosen |= {"variants": [variant.title for variant in VARIANTS]} | changed
    return argparse.Namespace(**chosen)


@pytest.mark.slow
def test_runs_are_lines_and_are_not_run_again(few, tmp_path, monkeypatch):
    monkeypatch.setattr(study, "VARIANTS", VARIANTS[:1])
    file = tmp_path / "rows.csv"
    study.Study(options(file), "cifar10", 0).run()
    rows = read_relax_times(file)
    assert [(row["variant"], row["relaxed_at"]) for row in rows] == [
        ("mlp", 0),
        ("cnn", 0),
        ("relaxed", 1),
    ]
    assert rows[1]["weights"] < rows[2]["weights"]
    assert len(rows[2]["errors"].split()) == 4
    assert not study.Study(options(file), "cifar10", 0).missing
    assert study.Study(options(file), "cifar10", 1).missing

    report.write_report(file)
    page = file.with_suffix(".md").read_text()
    assert (
        f"| cifar10, 32 images, 2 epochs | relaxed | 1 | 1 | {rows[2]['weights']:,} |"
        in page
    )
    (course,) = read_beside(file, "errors")["cifar10, 32 images, 2 epochs"].values()
    assert len(course) == 2  # before, and after the one epoch
    assert max(course[0].values()) < 1e-5 < min(course[1].values())
    assert [f"{error:.2g}" for error in course[1].values()] == rows[2]["errors"].split()
    assert (tmp_path / "rows-cifar10-32-errors.svg").stat().st_size > 1000
    assert (tmp_path / "rows-cifar10-32-where.svg").stat().st_size > 1000
    # One time is no course.
    assert not (tmp_path / "rows-cifar10-32.svg").exists()
    study.Study(options(file, times=[0]), "cifar10", 0).run()
    report.write_report(file)
    assert "| relaxed | 0 | 1 |" in file.with_suffix(".md").read_text()
    assert (tmp_path / "rows-cifar10-32.svg").stat().st_size > 1000


@pytest.mark.slow
def test_a_cnn_that_was_stopped_goes_on_as_if_it_had_not_been(few, tmp_path):
    files = [tmp_path / f"{name}.csv" for name in ("stopped", "not")]
    for file, times in zip(files, ([1], [])):
        one = study.Study(options(file, times=times), "cifar10", 0)
        one.missing = [("cnn", 0)]
        one.run()
    first, second = (read_relax_times(file)[0] for file in files)
    assert first["loss"] == pytest.approx(second["loss"], rel=1e-5)
