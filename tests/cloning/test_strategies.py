import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

import symclone_tf as sc
from symclone_tf.cloning.strategies import check_strategy, is_chief, make_strategy

from processes import announcing, cluster, run_script

LAYER = {"group": "c4", "image_size": 8, "images_per_step": 32, "steps": 12}
# 31 images do not split in two: the replicas round them up to 32.
OPTIONS = ["--image-size", 8, "--images-per-step", 31]


@pytest.fixture(scope="module")
def alone():
    """The weights that one process learns."""
    return sc.clone(**LAYER, verbose=0)[0].get_weights()


@pytest.mark.slow
def test_mirrored_replicas_learn_what_one_process_does(alone, tmp_path):
    script = f"""
import numpy as np
import tensorflow as tf
cpu, = tf.config.list_physical_devices("CPU")
two = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(cpu, two)
import symclone_tf as sc
student, report = sc.clone(**{LAYER!r}, strategy="mirrored", jit=True, verbose=0)
assert report.replicas == 2 and report.jit is False
np.savez({str(tmp_path / "weights.npz")!r}, *student.get_weights())
"""
    process = run_script(script, tmp_path)
    assert process.returncode == 0, process.stderr
    assert "XLA is off" in process.stderr
    weights = np.load(tmp_path / "weights.npz")
    for mine, theirs in zip(alone, weights.values(), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)


def start_workers(tmp_path, steps):
    arguments = ["clone", "--group", "c4", *OPTIONS, "--steps", steps]
    arguments += ["--strategy", "multi-worker"]
    return [announcing(arguments, cwd=tmp_path, env=env) for env in cluster(2)]


@pytest.mark.slow
def test_workers_learn_what_one_process_does_and_the_chief_writes(alone, tmp_path):
    workers = start_workers(tmp_path, LAYER["steps"])
    outputs = [worker.communicate(timeout=180) for worker in workers]
    assert [w.returncode for w in workers] == [0, 0], outputs
    (artifact,) = sc.artifacts.list_artifacts(tmp_path / "exported")
    assert artifact.version == 1
    assert artifact.record["replicas"] == 2
    weights = sc.load(artifact.path).get_weights()
    for mine, theirs in zip(alone, weights, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)
    assert "c4-lifting-8x8-k3/1" in outputs[0][0]
    assert "written by the chief" in outputs[1][0]


@pytest.mark.slow
@pytest.mark.parametrize("dead", [0, 1])
def test_death_of_a_worker_ends_the_others(tmp_path, dead):
    workers = start_workers(tmp_path, 1000000)
    try:
        for worker in workers:
            assert worker.stdout.readline() == "training\n"
        workers[dead].kill()
        survivor = workers[1 - dead]
        _, errors = survivor.communicate(timeout=120)
        assert survivor.returncode == 1
        assert "Another worker stopped answering" in errors.splitlines()[-1]
        assert "Traceback" not in errors
        assert list(tmp_path.iterdir()) == []
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()


@pytest.mark.slow
def test_workers_that_never_start_are_not_waited_for_forever(tmp_path):
    environment, _ = cluster(2)
    script = """
from symclone_tf.cli import startup
startup.JOIN_SECONDS = 3
from symclone_tf.cli.main import main
main(["clone", "--group", "t2", "--strategy", "multi-worker"])
"""
    process = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert process.returncode == 1
    assert process.stderr == "Joining the hosts in TF_CONFIG; giving up after 3 s.\n"


def test_no_strategy_is_tensorflows_default():
    assert make_strategy("none") is tf.distribute.get_strategy()


def test_unknown_strategy_is_refused():
    with pytest.raises(ValueError, match="`strategy` must be one of none, mirrored"):
        check_strategy("everything")


@pytest.mark.parametrize(
    "config",
    [
        "",
        "{",
        "[]",
        '{"cluster": {}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 3}}',
        '{"cluster": {"worker": [1]}, "task": {"type": "worker", "index": 0}}',
    ],
)
def test_cluster_that_is_not_described_is_refused(monkeypatch, config):
    monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(ValueError, match="needs the environment variable TF_CONFIG"):
        check_strategy("multi-worker")


@pytest.mark.parametrize(
    ("roles", "task", "index", "writes"),
    [
        (("worker",), "worker", 0, True),
        (("worker",), "worker", 1, False),
        (("chief", "worker"), "chief", 0, True),
        (("chief", "worker"), "worker", 0, False),
    ],
)
def test_one_process_of_a_cluster_writes(monkeypatch, roles, task, index, writes):
    config = {
        "cluster": {role: ["a:1", "b:1"] for role in roles},
        "task": {"type": task, "index": index},
    }
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    check_strategy("multi-worker")
    assert is_chief("multi-worker") == writes
    assert is_chief("none")
