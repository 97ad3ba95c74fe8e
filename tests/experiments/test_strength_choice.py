"""An experiment finds the strength of its anchor by itself."""

import dataclasses
import json

import keras
import numpy as np
import pytest

from symclone_tf.cloning import checkpoints
from symclone_tf.cloning.checkpoints import Checkpoint
from symclone_tf.data import open_images
from symclone_tf.errors import CloningError
from symclone_tf.experiments.experiment import Experiment
from symclone_tf.experiments.experiment_data import TaskImages
from symclone_tf.experiments.runs import run_experiment
from symclone_tf.workspace import Workspace

from pictures import write_npz

LAST = {"symmetry": "frozen,frozen,frozen,anchored", "trainable_part": "encoder"}
FOUND = {**LAST, "anchor_strength": "auto", "recipe": "validated"}


@pytest.fixture
def opened(tmp_path, rng):
    return open_images(write_npz(tmp_path / "shapes.npz", rng, each=100))


def experiment_of(opened, **options):
    small = {"image_size": 16, "batch_size": 60, "epochs": 2, "student": "local"}
    experiment = Experiment(data="shapes.npz", **{**small, **FOUND, **options})
    return experiment.complete(opened)


def run(experiment, clones, opened, **options):
    return run_experiment(
        experiment, Workspace(clones, verbose=0), images=opened, **options
    )


def test_the_network_of_the_chosen_strength_is_returned(local_clones, opened):
    experiment = experiment_of(opened, task="breaking")
    model, metrics = run(experiment, local_clones, opened)
    assert json.loads(json.dumps(metrics)) == metrics
    tried = metrics["strengths"]
    assert [one["strength"] for one in tried] == [0.1, 0.3, 0.5]
    (chosen,) = (one for one in tried if one["is_chosen"])
    assert chosen["accuracy"] == max(one["accuracy"] for one in tried)
    assert metrics["options"]["anchor_strength"] == "auto"
    layers = {layer.name: layer for layer in model.layers}
    assert layers["conv_4"].anchor_strength == chosen["strength"]
    held_out = TaskImages(experiment, opened).held_out
    _, accuracy = model.evaluate(held_out, verbose=0)
    assert accuracy == pytest.approx(chosen["accuracy"])
    assert metrics["equivariance_error"]["conv_4"]["after"] > 1e-3


def test_what_chooses_is_transformed_as_tests_are(opened):
    def pixels(part):
        return np.concatenate([batch for batch, _ in part])

    fixed = experiment_of(opened, anchor_strength=0.3)
    found = experiment_of(opened)
    kept, chosen_by = (pixels(TaskImages(e, opened).held_out) for e in (fixed, found))
    turned = np.array([[np.rot90(image, k) for k in range(4)] for image in kept])
    errors = np.abs(turned - chosen_by[:, None]).max((2, 3, 4))
    assert np.all(errors.min(axis=1) < 1e-6)
    assert set(errors.argmin(axis=1)) == {0, 1, 2, 3}
    trained = [pixels(TaskImages(e, opened).train) for e in (fixed, found)]
    for pair in zip(*(sorted(image.tobytes() for image in one) for one in trained)):
        assert pair[0] == pair[1]


@pytest.mark.slow
def test_what_was_interrupted_ends_as_if_it_had_not_been(
    local_clones, opened, tmp_path, monkeypatch
):
    monkeypatch.setattr(checkpoints, "SECONDS", 0)
    experiment = experiment_of(opened, task="breaking", epochs=3)

    class Interrupting(Checkpoint):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, logs)
            raise KeyboardInterrupt

    whole, expected = run(experiment, local_clones, opened)
    file = tmp_path / "unfinished.weights.h5"
    with pytest.raises(KeyboardInterrupt):
        run(experiment, local_clones, opened, checkpoint=Interrupting(file))
    options = {"checkpoint": Checkpoint(file), "resume": True}
    resumed, found = run(experiment, local_clones, opened, **options)
    for mine, theirs in zip(resumed.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert found["strengths"] == expected["strengths"]


@pytest.mark.slow
def test_divergence_is_an_error(local_clones, opened):
    experiment = experiment_of(opened, learning_rate=1e30)
    with pytest.raises(CloningError, match="Lower `learning_rate`"):
        run(experiment, local_clones, opened)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"symmetry": "anchored"}, "one convolution is anchored.*symmetry=anchored"),
        (
            {"symmetry": "frozen,frozen,anchored,anchored"},
            "frozen,frozen,frozen,anchored. Received: symmetry=frozen,frozen,anch",
        ),
        ({"recipe": "fixed"}, "for `recipe` validated.*recipe=fixed"),
        ({"train_size": 199}, "needs `train_size` of 200.*train_size=199"),
        ({"symmetry": "frozen"}, "`anchor_strength` is for `symmetry` anchored only"),
        ({"anchor_strength": "best"}, "anchor_strength=best"),
    ],
)
def test_what_has_nothing_to_choose_or_to_choose_by_is_refused(options, message):
    options = {**FOUND, **options}
    if options["symmetry"] == "frozen":
        del options["trainable_part"]
    with pytest.raises(ValueError, match=message):
        Experiment(**options).complete()


def test_segmentation_has_none():
    from symclone_tf.experiments.segmentation import Segmentation

    ten = {"symmetry": ",".join(["frozen"] * 9 + ["anchored"])}
    with pytest.raises(ValueError, match=r"tasks that classify.*task=segmentation"):
        Segmentation(**{**FOUND, **ten}, data="cells", image_size=48).complete()


def test_its_name_says_so():
    experiment = Experiment(**FOUND)
    assert experiment.name == (
        "c4-invariance-cloned-frozen3-anchored-transformed-inputs-auto-encoder"
    )
    assert "transformed-inputs auto" in experiment.network
    layered = dataclasses.replace(experiment, anchor_strength=0.25)
    assert "transformed-inputs-0.25" in layered.name


@pytest.mark.slow
def test_other_anchors_have_strengths_of_their_own(local_clones, opened):
    experiment = experiment_of(opened, anchor="decoupled-l2-sp", epochs=1)
    keras.utils.set_random_seed(0)
    _, metrics = run(experiment, local_clones, opened)
    assert [one["strength"] for one in metrics["strengths"]] == [10, 30, 90]
