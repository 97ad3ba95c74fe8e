import re

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
    "keep-or-break",
    "equivariance",
    "costs",
]


@pytest.mark.usefixtures("without_mnist")
@pytest.mark.slow
def test_every_figure_becomes_a_file(tmp_path, sources):
    made = list(sc.figures.make_figures("c4", tmp_path / "out", "png", **sources))
    assert [illustration.name for illustration, _ in made] == NAMES
    for illustration, path in made:
        assert path == tmp_path / "out" / f"c4-{illustration.name}.png"
        assert path.stat().st_size > 1000
        assert illustration.caption.endswith(".")
    assert len(list((tmp_path / "out").iterdir())) == len(NAMES)


@pytest.mark.slow
@pytest.mark.usefixtures("without_mnist")
def test_without_mnist_strokes_are_drawn_and_the_caption_says_so(sources):
    digits, _, maps, *_ = sc.figures.illustrate("c4", **sources)
    assert digits.caption.startswith("Drawn strokes, for want of MNIST")
    assert "stroke" in maps.caption
    image = digits.figure.axes[0].images[0].get_array()
    np.testing.assert_array_equal(image, sc.data.draw_strokes(28)[0])


@pytest.mark.usefixtures("mnist")
def test_with_mnist_digits_are_drawn(sources):
    digits = next(sc.figures.illustrate("c4", **sources))
    ((images, _),) = sc.experiments.mnist_task(
        "invariance", "c4", "test", 5, transformed=False
    )
    for axes, image in zip(digits.figure.axes, images.numpy()):
        np.testing.assert_array_equal(axes.images[0].get_array(), image[..., 0])
    assert "MNIST" in digits.caption


@pytest.mark.usefixtures("without_mnist")
def test_what_is_not_there_is_left_out_and_named(tmp_path, figure_clones):
    workspace = sc.workspace.Workspace(figure_clones, verbose=0)
    options = {"benchmark": tmp_path / "none", "costs": None}
    made = {i.name: i for i in sc.figures.illustrate("c4", workspace, **options)}
    assert list(made) == NAMES
    for name, needs in (
        ("keep-or-break", "none/c4.csv, which symclone-tf benchmark --group c4"),
        ("equivariance", "none/c4.csv"),
        ("costs", "--costs), a file that python -m benchmarks.cloning writes"),
    ):
        assert made[name].figure is None
        assert needs in made[name].caption


@pytest.mark.usefixtures("without_mnist")
@pytest.mark.slow
def test_missing_clones_are_made_first(tmp_path, capsys):
    folder = tmp_path / "clones"
    next(sc.figures.illustrate("t2", sc.workspace.Workspace(folder), tmp_path / "none"))
    found = {artifact.name for artifact in sc.artifacts.list_artifacts(folder)}
    assert found == {"t2-28x28-k3", "t2-28x28-k3-b7", "t2-10x10-k3"}
    assert re.search("Cloning what is missing in .*T", capsys.readouterr().err)


@pytest.mark.parametrize("content", ["", "[]", '{"training": []}', '{"training": 1}'])
def test_costs_of_another_kind_are_refused(tmp_path, sources, content):
    sources["costs"] = tmp_path / "costs.json"
    sources["costs"].write_text(content)
    with pytest.raises(sc.ArtifactError, match=r"is not what .*benchmarks\.cloning"):
        next(sc.figures.illustrate("c4", **sources))


def test_costs_that_are_not_there_are_refused(tmp_path, sources):
    sources["costs"] = tmp_path / "nowhere.json"
    with pytest.raises(sc.ArtifactError, match=r"`costs` must be.*nowhere\.json is"):
        next(sc.figures.illustrate("c4", **sources))


def test_bad_input_is_refused_before_anything_is_drawn(tmp_path):
    with pytest.raises(ValueError, match="`file_format` must be one of png, svg, pdf"):
        next(sc.figures.make_figures("c4", tmp_path / "out", "gif"))
    with pytest.raises(ValueError, match="`group` must be one of"):
        next(sc.figures.make_figures("c8", tmp_path / "out"))
    assert not (tmp_path / "out").exists()
