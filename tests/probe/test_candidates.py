import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.networks import convolution_layers, layer_errors
from symclone_tf.probe.candidates import Candidate, baseline, candidates_of
from symclone_tf.workspace import Workspace

from probes import stripes


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return sc.data.open_images(stripes(tmp_path_factory.mktemp("a") / "a.npz"))


def network(group, kind, images, clones, seed=0):
    return Candidate(group, kind).network(images, Workspace(clones, verbose=0), seed)


def errors(model, images, group):
    batch = np.stack([i for i, _ in images.stream("test", 4).as_numpy_iterator()])
    return layer_errors(model, batch.astype("float32") / 255, group)


def test_each_symmetry_is_compared_with_what_differs_in_it_alone():
    titles = [c.title for c in candidates_of(["t2", "c4"])]
    assert titles == [
        "T(2) without",
        "T(2) assumed",
        "T(2) may break",
        "C4 assumed",
        "C4 may break",
    ]
    assert baseline("d4") == Candidate("t2", "assumed")


@pytest.mark.slow
@pytest.mark.parametrize("group", ["t2", "c4"])
@pytest.mark.parametrize("kind", ["assumed", "may break"])
def test_networks_start_from_their_symmetry(images, local_clones, group, kind):
    model = network(group, kind, images, local_clones)
    assert model.output_shape == (None, 2)
    assert max(errors(model, images, group).values()) < 1e-5
    kinds = {layer.symmetry for layer in convolution_layers(model)}
    assert kinds == {"frozen" if kind == "assumed" else "anchored"}


@pytest.mark.slow
def test_without_translation_equivariance_outputs_are_as_large(images, local_clones):
    free = network("t2", "without", images, local_clones)
    assert min(errors(free, images, "t2").values()) > 0.8
    kept = network("t2", "assumed", images, local_clones)
    noise = np.random.default_rng(0).normal(size=(64, 16, 16, 1)).astype("float32")
    first, same = (convolution_layers(model)[0] for model in (free, kept))
    sizes = [float(np.std(layer(noise))) for layer in (first, same)]
    assert sizes[0] == pytest.approx(sizes[1], rel=0.1)


def test_networks_that_are_compared_have_about_as_many_weights(images, local_clones):
    counts = {
        group: sum(
            np.prod(w.shape)
            for w in network(group, "assumed", images, local_clones).trainable_weights
        )
        for group in ("t2", "c4")
    }
    assert counts["c4"] == pytest.approx(counts["t2"], rel=0.1)


def test_networks_depend_on_their_seed_alone(images, local_clones):
    def kernels(seed):
        model = network("t2", "without", images, local_clones, seed)
        return [weight.numpy().copy() for weight in model.weights]

    first, again, other = kernels(1), kernels(1), kernels(2)
    assert all(np.array_equal(a, b) for a, b in zip(first, again))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other))


def test_an_unknown_kind_is_refused(images):
    with pytest.raises(ValueError, match="`kind` must be one of"):
        Candidate("c4", "other").network(images)
