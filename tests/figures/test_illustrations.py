import dataclasses

import numpy as np
import pytest

import symclone_tf as sc

NAMES = [
    "digits",
    "operators",
    "feature-maps",
    "weights",
    "deformations",
    "learning-curves",
    "symmetry-breaking",
    "equivariance",
]


@pytest.mark.slow
def test_every_figure_becomes_a_file(tmp_path, study):
    made = list(sc.figures.make_figures(study, tmp_path / "out", "png"))
    assert [illustration.name for illustration, _ in made] == NAMES
    for illustration, path in made:
        assert path == tmp_path / "out" / f"c4-{illustration.name}.png"
        assert path.stat().st_size > 1000
        assert illustration.caption.endswith(".")
    assert len(list((tmp_path / "out").iterdir())) == len(NAMES)


@pytest.mark.slow
@pytest.mark.usefixtures("without_mnist")
@pytest.mark.parametrize(
    ("group", "deformed"), [("flip", "the identity"), ("d3", "the projection")]
)
def test_captions_say_what_interpolation_adds(tmp_path, group, deformed):
    workspace = sc.workspace.Workspace(tmp_path, verbose=0)
    study = sc.studies.study_group(group, workspace, tmp_path, "local")
    said = {each.name: each.caption for each in sc.figures.illustrate(study)}
    interpolates = group == "d3"
    assert ("interpolate between pixels" in said["digits"]) == interpolates
    assert ("the teacher's own" in said["feature-maps"]) == interpolates
    assert f"in the end the deformation is {deformed}" in said["deformations"]


def test_without_mnist_strokes_are_drawn_and_the_caption_says_so(study):
    digits, _, maps, *_ = sc.figures.illustrate(study)
    assert digits.caption.startswith("Drawn strokes without MNIST")
    assert "stroke" in maps.caption
    image = digits.figure.axes[0].images[0].get_array()
    np.testing.assert_array_equal(image, sc.data.draw_strokes(28)[0])


def test_digits_are_drawn_and_named(study):
    images = np.random.default_rng(0).random((5, 28, 28))
    of_digits = dataclasses.replace(study, images=images, are_digits=True)
    digits = next(sc.figures.illustrate(of_digits))
    for axes, image in zip(digits.figure.axes, images):
        np.testing.assert_array_equal(axes.images[0].get_array(), image)
    assert "MNIST" in digits.caption


def test_what_was_not_measured_is_left_out_and_named(study):
    table = study.benchmark.parent / "none" / "c4.csv"
    without = dataclasses.replace(study, rows=[], benchmark=table)
    made = {i.name: i for i in sc.figures.illustrate(without)}
    assert list(made) == NAMES
    for name, needs in (
        ("symmetry-breaking", "none/c4.csv, which symclone-tf benchmark --group c4"),
        ("equivariance", "none/c4.csv"),
    ):
        assert made[name].figure is None
        assert needs in made[name].caption


def test_bad_input_is_refused_before_anything_is_drawn(tmp_path, study):
    with pytest.raises(ValueError, match="`file_format` must be one of png, svg, pdf"):
        next(sc.figures.make_figures(study, tmp_path / "out", "gif"))
    assert not (tmp_path / "out").exists()
