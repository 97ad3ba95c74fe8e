import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.networks import convolution_layers, layer_errors
from symclone_tf.probe.candidates import (
    Candidate,
    augmented,
    baseline,
    candidates_of,
    check_sizes,
    regions_of_clones,
)
from symclone_tf.students.regions import region_numbers
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
        "T(2) with RandomRotation",
        "T(2) assumed",
        "T(2) may break",
        "C4 assumed",
        "C4 may break",
    ]
    assert baseline("d4") == Candidate("t2", "assumed")
    assert augmented("t2") is None


def test_augmentation_that_is_the_same_is_trained_once():
    found = candidates_of(["c2", "c4", "c8", "flip", "d4"])
    learners = [c.kind for c in found if c.kind.startswith("with ")]
    assert learners == [
        "with RandomRotation",
        "with RandomFlip",
        "with RandomFlip, RandomRotation",
    ]


def test_augmentation_is_all_that_an_ordinary_cnn_lacks(images, tmp_path, rng):
    kind = "with RandomFlip, RandomRotation"
    learner, ordinary = (
        network("t2", each, images, tmp_path, seed=5) for each in (kind, "assumed")
    )
    layers = [type(layer).__name__ for layer in learner.layers]
    assert layers[:2] == ["RandomFlip", "RandomRotation"]
    assert layers[2:] == [type(layer).__name__ for layer in ordinary.layers]
    for ours, theirs in zip(learner.trainable_weights, ordinary.trainable_weights):
        assert np.array_equal(ours, theirs)
    batch = rng.normal(size=(3, 16, 16, 1)).astype("float32")
    # Keras' layers augment unless they are told not to.
    same = learner(batch, training=False), ordinary(batch)
    assert np.array_equal(*same)
    assert not list(tmp_path.iterdir())  # nothing was cloned


@pytest.mark.slow
def test_group_convolutions_compute_what_frozen_clones_do(images, local_clones, rng):
    batch = rng.normal(size=(3, 16, 16, 1)).astype("float32")
    for group in ("t2", "c4"):
        assumed = network(group, "assumed", images, local_clones)
        clones = network(group, "may break", images, local_clones)
        assert np.abs(assumed(batch) - clones(batch)).max() < 1e-5


def test_images_that_are_too_small_for_a_group_are_refused():
    check_sizes(["t2", "d8"], 16)
    check_sizes(["c16"], 32)
    with pytest.raises(ValueError, match=r"`image_size` must be at least \d+") as error:
        check_sizes(["t2", "c16"], 16)
    least = int(str(error.value).split("at least ")[1].split()[0])
    check_sizes(["c16"], least)
    with pytest.raises(ValueError, match=f"Received: images of {least - 1}×"):
        check_sizes(["c16"], least - 1)


@pytest.mark.slow
@pytest.mark.parametrize("group", ["t2", "c4", "flip"])
@pytest.mark.parametrize("kind", ["assumed", "may break"])
def test_networks_start_from_their_symmetry(images, more_local_clones, group, kind):
    model = network(group, kind, images, more_local_clones)
    assert model.output_shape == (None, 2)
    assert max(errors(model, images, group).values()) < 1e-5
    kinds = {getattr(each, "symmetry", None) for each in convolution_layers(model)}
    assert kinds == {None if kind == "assumed" else "anchored"}


@pytest.mark.slow
def test_networks_of_any_angle_start_from_it_as_far_as_pixels_have_it(
    images, more_local_clones
):
    for kind in ("assumed", "may break"):
        model = network("c8", kind, images, more_local_clones)
        found = errors(model, images, "c8")
        assert max(found.values()) < 0.7  # of bars one pixel wide, hard to interpolate
        x = np.stack([i for i, _ in images.stream("test", 4).as_numpy_iterator()])
        model.compile("adam", "sparse_categorical_crossentropy")
        loss = model.train_on_batch(x / 255, np.array([0, 1, 0, 1]))
        assert np.isfinite(loss)


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


def test_clones_of_all_networks_are_of_the_same_kind():
    found = candidates_of(["t2", "c4"], "regional", (2, 3))
    assert {(c.student, c.regions) for c in found} == {("regional", (2, 3))}
    assert [c.title for c in found] == [c.title for c in candidates_of(["t2", "c4"])]


@pytest.mark.slow
def test_without_translation_equivariance_each_region_has_a_kernel(images, tmp_path):
    free, kept = (
        Candidate("t2", kind, "regional", (2, 2)).network(
            images, Workspace(tmp_path, verbose=0)
        )
        for kind in ("without", "may break")
    )
    assert max(errors(kept, images, "t2").values()) < 1e-5
    assert min(errors(free, images, "t2").values()) > 0.1
    for layer in convolution_layers(free):
        plane = layer.student.teacher.output_shape
        weights = layer.student.local_weights.numpy()
        expected = region_numbers(plane, (2, 2))
        _, found = np.unique(
            weights.reshape(len(weights), -1), axis=0, return_inverse=1
        )
        # As many kernels as regions, each at the positions of a region.
        assert len(set(zip(expected, found.ravel()))) == len(set(found.ravel())) == 4


@pytest.mark.parametrize(
    ("student", "regions", "message"),
    [
        ("dense", None, "`student` must be one of local, regional.*student=dense"),
        ("local", 2, "`regions` are those of `student` regional.*student=local"),
        ("regional", 1, "`regions` must be more than one.*regions=1"),
        ("regional", (1, 1), "`regions` must be more than one"),
        ("regional", 0, "`regions` must be a positive integer"),
    ],
)
def test_other_clones_are_refused(student, regions, message):
    with pytest.raises(ValueError, match=message):
        regions_of_clones(student, regions)


def test_regions_are_a_pair():
    assert regions_of_clones("regional", 2) == (2, 2)
    assert regions_of_clones("regional", [2, 1]) == (2, 1)
    assert regions_of_clones("local", None) is None


def test_an_unknown_kind_is_refused(images):
    with pytest.raises(ValueError, match="`kind` must be one of"):
        Candidate("c4", "other").network(images)
