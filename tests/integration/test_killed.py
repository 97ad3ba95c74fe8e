"""Nothing that was killed is ever taken for whole, and nothing else is lost."""

import contextlib
import json
import os
import random
import signal
import time

import numpy as np
import pytest
import tensorflow as tf

import symclone_tf as sc
from symclone_tf.cloning import checkpoints

from cases import trials
from clones import dense
from nursery import nursery

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def child(tmp_path_factory):
    with nursery(tmp_path_factory.mktemp("logs")) as started:
        yield started


def contents(folder):
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def visible(root):
    """Everything that a server, `list` or `load` could take for an artifact."""
    return [
        version
        for home in root.iterdir()
        if home.is_dir() and home.name[0] != "."
        for version in home.iterdir()
        if version.name[0] != "."
    ]


def kill_at(child, delay, *arguments):
    """Kills a command after some seconds; returns whether it was too late."""
    started = time.monotonic()
    process = child.start(*arguments)
    while time.monotonic() - started < delay:
        time.sleep(0.001)
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
    return child.wait() == 0


def length_of(child, *arguments):
    """How long a command takes if nobody kills it."""
    started = time.monotonic()
    assert child.run(*arguments) == 0, child.errors
    return time.monotonic() - started


@trials(1, 14)
def test_killed_clone_leaves_no_artifact(child, tmp_path, trials):
    arguments = ("clone", "--group", "c4", "--image-size", "7", "--steps", "60")
    root = tmp_path / "exported"
    seconds = length_of(child, *arguments, "--output", root)
    before = contents(root)
    rng = random.Random(1)
    for trial in range(trials):
        # Most of the time at the end, where something is written.
        delay = seconds * (1 - rng.random() ** 2)
        kill_at(child, delay, *arguments, "--output", root)
        for version in visible(root):
            student = sc.load(version)
            assert sc.nmse(student) < 1e-6, trial
            assert tf.saved_model.load(str(version)).signatures["serving_default"]
        assert len(sc.artifacts.list_artifacts(root)) == 1
        assert len(sc.serving.served_models(root)) == 1
        assert {p: p.read_bytes() for p in before} == before
    assert child.run(*arguments, "--output", root) == 0


@trials(1, 14)
@pytest.mark.usefixtures("mnist")
@pytest.mark.slow
def test_killed_training_leaves_no_classifier(child, tmp_path, trials):
    sizes = ("--train-size", "64", "--test-size", "32", "--epochs", "1")
    arguments = ("train", "--group", "c4", "--architecture", "cnn", *sizes)
    root = tmp_path / "trained"
    seconds = length_of(child, *arguments, "--output", root)
    before = contents(root)
    rng = random.Random(1)
    for _ in range(trials):
        delay = seconds * (1 - rng.random() ** 2)
        kill_at(child, delay, *arguments, "--output", root)
        for version in visible(root):
            assert tf.saved_model.load(str(version)).signatures["serving_default"]
            metrics = (version / "assets.extra" / "metrics.json").read_text()
            assert 0 <= json.loads(metrics)["accuracy"] <= 1
        assert {p: p.read_bytes() for p in before} == before


@trials(1, 4)
@pytest.mark.slow
@pytest.mark.usefixtures("mnist")
def test_killed_benchmark_keeps_finished_rows(child, clones, tmp_path, trials):
    sizes = ("--train-size", "32", "--test-size", "16", "--epochs", "1")
    arguments = ("benchmark", "--group", "c4", "--seeds", "1", *sizes)
    arguments += ("--clones", clones, "--output", tmp_path / "benchmark")
    file = tmp_path / "benchmark" / "c4.csv"
    rng = random.Random(2)
    seen = []
    for _ in range(trials):
        size = file.stat().st_size if file.exists() else 0
        process = child.start(*arguments)
        while not file.exists() or file.stat().st_size == size:
            time.sleep(0.01)
        # Some time after one more row: within the next ones.
        time.sleep(1.5 * rng.random())
        os.kill(process, signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL
        rows = sc.experiments.read_benchmark(file)
        assert rows[: len(seen)] == seen
        assert len(rows) > len(seen)
        seen = rows


class TestResume:
    """Trainings that were killed end as if they had not been."""

    def kill_and_resume(self, child, seed, trials, *arguments):
        """Kills a training until it has come far; returns how often."""
        *_, root = arguments
        rng = random.Random(seed)
        seconds = length_of(child, *arguments[:-1], f"{root}-whole")
        for kills in range(1, trials + 1):
            # Within the training, before its result is written.
            delay = seconds * (0.5 + 0.3 * rng.random())
            if kill_at(child, delay, *arguments, "--resume"):
                return kills - 1
        assert child.run(*arguments, "--resume") == 0, child.errors
        return kills

    @trials(1, 2)
    @pytest.mark.slow
    def test_clone(self, child, tmp_path, trials):
        root = tmp_path / "clones"
        options = ("--image-size", 12, "--hidden-units", 32, "--steps", 300)
        self.kill_and_resume(
            child, 3, trials, "clone", "--group", "c4", *options, "--output", root
        )
        students, records = [], []
        for folder in (root, tmp_path / "clones-whole"):
            students.append(sc.load(folder / "c4-lifting-12x12-k3-h32"))
            records.append(sc.artifacts.find(folder / "c4-lifting-12x12-k3-h32").record)
        for mine, theirs in zip(*(student.get_weights() for student in students)):
            np.testing.assert_array_equal(mine, theirs)
        for name in ("nmse", "equivariance_error", "steps"):
            assert records[0][name] == records[1][name]
        assert not (root / ".unfinished").exists()

    @pytest.mark.slow
    @trials(1, 2)
    @pytest.mark.usefixtures("mnist")
    def test_train(self, child, clones, tmp_path, trials):
        root = tmp_path / "trained"
        # Anchored clones keep the most, and take the longest.
        kind = ("--symmetry", "anchored") if trials > 1 else ("--architecture", "cnn")
        options = ("--task", "breaking", *kind, "--clones", clones)
        options += ("--train-size", 128, "--test-size", 64, "--epochs", 4)
        self.kill_and_resume(
            child, 4, trials, "train", "--group", "c4", *options, "--output", root
        )
        metrics = [
            json.loads(file.read_text())
            for folder in (root, tmp_path / "trained-whole")
            for file in folder.rglob("metrics.json")
        ]
        # One more where it was killed when all was there already.
        assert len(metrics) >= 2
        for name in ("accuracy", "loss", "equivariance_error", "options"):
            assert all(found[name] == metrics[0][name] for found in metrics)
        assert not (root / ".unfinished").exists()

    def test_damaged_checkpoint_is_told_in_one_line(self, child, tmp_path):
        arguments = ("clone", "--group", "t2", "--image-size", 8, "--output", tmp_path)
        kill_at(child, 0.1, *arguments)
        students = [dense("t2", image_size=8, seed=0, dtype="float32")]
        identity = sc.cloning.Training().identity(students[0])
        file = checkpoints.checkpoint_file(tmp_path, "t2-8x8-k3", identity)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"damaged")
        assert child.run(*arguments, "--resume") == 2
        *_, line = child.errors.splitlines()
        assert line.startswith("Error: ")
        assert "cannot be continued from: remove it" in line
        # And without it, it is as if it were not there.
        assert child.run(*arguments) == 0
