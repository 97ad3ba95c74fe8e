"""What is said of rotations by any angle is what was measured, and runs."""

import numpy as np

import symclone_tf as sc
from benchmarks import escnn_agreement, group_speed, steerable_kernels
from benchmarks.any_angle.report import accuracies
from benchmarks.any_angle.rows import read_rows
from benchmarks.any_angle.studies import STUDIES
from symclone_tf.symmetry.steerable_basis import (
    OSCILLATIONS,
    RING_WIDTH,
    kernel_rank,
    least_kernel,
)

from pages import RESULTS, doc, flowing, results, table

PAGE = doc("any-angle")


def test_the_page_has_all_bases_as_measured():
    rows = results("steerable_kernels")["rows"]
    assert table(PAGE, "kernel") == [steerable_kernels.cells(row) for row in rows]


def test_the_first_basis_of_each_size_is_the_one_that_is_taken():
    rows = results("steerable_kernels")["rows"]
    for size in steerable_kernels.SIZES:
        first = next(row for row in rows if row["size"] == size)
        assert (first["width"], first["oscillations"]) == (RING_WIDTH, OSCILLATIONS)
        assert first["kept"] == kernel_rank(size) / size**2
        kept = [r for r in rows if r["size"] == size and r["kept"] >= first["kept"]]
        assert min(kept, key=lambda row: row["45°"]) == first


def test_numbers_in_the_text_are_the_packages():
    text = flowing(PAGE)
    assert f"σ = {RING_WIDTH} pixels, and m up to {OSCILLATIONS} ρ" in text
    ranks = [f"{kernel_rank(size)} of {size**2}" for size in (3, 5, 7)]
    assert ", ".join(ranks) in text
    for rotations in (8, 12, 16):
        least = least_kernel(rotations)
        assert f"`c{rotations}` " in text
        assert f"of {least}×{least}" in text
    rows = results("steerable_kernels")["rows"]
    key = {"size": 5, "width": RING_WIDTH, "oscillations": 3}
    (three,) = (row for row in rows if key.items() <= row.items())
    said = f"5×5 kernels keep {three['kept']:.0%}, and err by {three['45°']:.2f}"
    assert said in text


def test_a_clone_errs_as_its_teacher_does(rng):
    """On smooth images, by no more than the table says."""
    options = {"student": "local", "solver": "closed-form", "verbose": 0}
    student, _ = sc.clone("c8", image_size=40, kernel_size=5, **options)
    images = steerable_kernels.smooth_images()[:, 12:52, 12:52, None].astype("f4")
    kernel = rng.normal(size=(5, 5, 1, 2)).astype("float32")
    errors = [
        sc.symmetry.equivariance_error(lambda x, h=h: h(x, kernel), "c8", images)
        for h in (student, student.teacher)
    ]
    np.testing.assert_allclose(*errors, rtol=1e-3)
    assert errors[0] < 0.1


def test_the_page_has_all_accuracies_as_measured():
    rows = read_rows(RESULTS / "any_angle.csv")
    assert table(PAGE, "data") == accuracies(rows)


def test_every_study_has_all_networks():
    rows = read_rows(RESULTS / "any_angle.csv")
    found = {(row["data"], row["images"], row["network"]) for row in rows}
    for study in STUDIES.values():
        for images in study.epochs:
            networks = {(study.data, images, n.title) for n in study.networks}
            assert networks <= found


def test_the_page_has_the_agreement_with_escnn_as_measured():
    rows = results("escnn_agreement")["rows"]
    found = table(PAGE, "group | kernel | difference")
    assert found == [escnn_agreement.cells(row) for row in rows]
    for row in rows:  # the same where the group permutes pixels
        assert (row["difference"] < 1e-5) == (row["rotations"] == 4)


def test_the_page_has_the_times_as_measured():
    found = table(PAGE, "group | kernel | `GroupConv2D`, forward")
    assert found == group_speed.ratios(results("group_speed"))


def test_mirrored_digits_are_others():
    rows = read_rows(RESULTS / "any_angle.csv")
    digits = [row for row in rows if row["data"] == "rotated MNIST"]
    means = {
        title: np.mean([row["accuracy"] for row in digits if row["network"] == title])
        for title in ("C8", "D8", "CNN, RandomRotation")
    }
    assert "D8, which takes a mirrored digit for the digit, does worse" in flowing(PAGE)
    assert means["D8"] < means["CNN, RandomRotation"] < means["C8"]


def test_what_is_said_of_c16_and_escnn_was_measured():
    rows = read_rows(RESULTS / "any_angle.csv")
    digits = [row for row in rows if row["data"] == "rotated MNIST"]
    mean = {
        title: np.mean([row["accuracy"] for row in digits if row["network"] == title])
        for title in {row["network"] for row in digits}
    }
    assert "C16 is no better than C8, at twice the operations" in flowing(PAGE)
    assert mean["C16"] < mean["C8"] + 0.001
    said = "escnn's C8 with about as many weights as ours has 1.5 times the filters"
    assert f"{said}, and is more accurate" in flowing(PAGE)
    assert mean["escnn C8, more filters"] > mean["C8"]
