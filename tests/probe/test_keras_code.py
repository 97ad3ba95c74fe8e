"""What is printed is the network that was probed, and runs as it stands."""

import re

import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.probe.candidates import Candidate
from symclone_tf.probe.keras_code import code_of
from symclone_tf.workspace import Workspace

from cases import later
from probes import stripes


@pytest.fixture
def images(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return sc.data.open_images(stripes("stripes.npz"))


def executed(candidate, images, epochs=1):
    """The network of the printed lines, which also train it and save it."""
    names = {}
    code = code_of(candidate, images, epochs)
    exec(compile(code, "<printed>", "exec"), names)
    return names["model"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("group", "kind"),
    [
        ("c4", "assumed"),
        ("t2", "with RandomFlip, RandomRotation"),
        ("t2", "may break"),
        later("t2", "assumed"),
        later("c8", "assumed"),
        later("c4", "may break"),
    ],
)
def test_printed_lines_are_the_network_that_was_probed(
    images, more_local_clones, rng, group, kind
):
    candidate = Candidate(group, kind)
    printed = executed(candidate, images)
    probed = candidate.network(images, Workspace(more_local_clones, verbose=0), seed=3)
    batch = rng.uniform(size=(4, 16, 16, 1)).astype("float32")
    pixels = printed.layers[0]
    assert isinstance(pixels, keras.layers.Normalization)
    ours = [w for layer in printed.layers[1:] for w in layer.trainable_weights]
    theirs = probed.trainable_weights
    assert [w.shape for w in ours] == [w.shape for w in theirs]
    for ours_now, wanted in zip(ours, theirs):
        ours_now.assign(wanted)
    expected = probed(pixels(batch), training=False)
    np.testing.assert_allclose(printed(batch, training=False), expected, atol=1e-4)
    again = keras.saving.load_model("recommended.keras")
    assert again.count_params() == printed.count_params()


def test_printed_lines_are_keras_layers_but_for_convolutions(images):
    code = code_of(Candidate("c4", "assumed"), images, 8)
    own = set(re.findall(r"sc\.([\w.]+)\(", code))
    assert own == {"data.open_images", "GroupConv2D", "layers.CentredMaxPooling2D"}
    plain = code_of(Candidate("t2", "with RandomRotation"), images, 8)
    assert plain.count("sc.") == 1
    assert "RandomRotation(0.5),\n        keras.layers.Conv2D(20, 3" in plain


def test_printed_lines_have_the_students_of_the_probe(images):
    code = code_of(Candidate("c4", "may break"), images, 8)
    assert 'student="local"' in code
    assert "sc.ClonedConv2D(10, clone(16), **anchored)" in code
    code = code_of(Candidate("c4", "may break", "regional", (2, 3)), images, 8)
    assert 'student="regional"' in code
    # As many regions as the last layer has outputs.
    assert "clone(16, regions=(2, 3))" in code
    assert "clone(4, regions=(2, 2))" in code


def test_paths_are_quoted(images):
    code = code_of(Candidate("c4", "assumed"), images, 8, data_dir='a "b"')
    assert r'open_images("stripes.npz", image_size=16, data_dir="a \"b\"")' in code


def test_what_is_kept_together_is_in_the_lines(images):
    code = code_of(Candidate("c4", "assumed"), images, 8, keep_together=r"(p\d+)_")
    assert r', image_size=16, keep_together="(p\\d+)_")' in code


@pytest.mark.parametrize("kind", ["assumed", "may break"])
def test_printed_lines_fit_into_80_columns(images, kind):
    code = code_of(Candidate("d8", kind, "regional", (2, 2)), images, 8)
    assert max(map(len, code.splitlines())) <= 80
