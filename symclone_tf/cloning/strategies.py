"""Training on many devices and hosts, through `tf.distribute`."""

import contextlib
import functools
import json
import os
from typing import TYPE_CHECKING

from symclone_tf.checks import one_of

if TYPE_CHECKING:
    import tensorflow as tf

STRATEGIES = ("none", "mirrored", "multi-worker")


def check_strategy(name: str) -> None:
    """Refuses a strategy that cannot start in this process.

    Args:
        name: String, `"none"`, `"mirrored"` or `"multi-worker"`.

    Raises:
        ValueError: If there is no such strategy, or `"multi-worker"` has no
            cluster to join.

    Example:

    >>> check_strategy("mirrored")
    >>> try:
    ...     check_strategy("several")
    ... except ValueError as error:
    ...     print(str(error).partition(". ")[0])
    `strategy` must be one of none, mirrored, multi-worker
    """
    one_of("strategy", name, STRATEGIES)
    if name == "multi-worker" and not _cluster():
        raise ValueError(
            "`strategy` multi-worker needs the environment variable TF_CONFIG, as "
            '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, '
            '"task": {"type": "worker", "index": 0}}. '
            f"Received: TF_CONFIG={os.environ.get('TF_CONFIG', '')}"
        )


class _OneDevice:
    """What stands for a strategy where there is only one, of one device."""

    num_replicas_in_sync = 1

    def scope(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()


# A process can join its cluster once: a second `MultiWorkerMirroredStrategy` would have
# to restart TensorFlow's server. So each strategy is made once, and kept.
@functools.cache
def make_strategy(name: str) -> "tf.distribute.Strategy | _OneDevice":
    """The `tf.distribute.Strategy` of a name.

    `"mirrored"` is for all GPUs of this machine, or all its logical CPUs if it has
    none; `"multi-worker"` for the hosts in TF_CONFIG. The latter must be made before
    TensorFlow computes anything.

    Args:
        name: String, `"none"`, `"mirrored"` or `"multi-worker"`.

    Returns:
        `tf.distribute.Strategy`, or what stands for it on other backends.

    Raises:
        ValueError: See `check_strategy`; or if it is another one than `"none"`, and the
            backend is not TensorFlow.

    Example:

    >>> strategy = make_strategy("none")
    >>> with strategy.scope():
    ...     cloner = Cloner(DenseStudent(ConvTeacher("t2", 6)))
    >>> strategy.num_replicas_in_sync
    1
    """
    check_strategy(name)
    # Not on top, so that a strategy is checked before Keras is imported.
    from symclone_tf.backends import backend, tensorflow_alone

    if name != "none":
        tensorflow_alone(f"`strategy` {name}")
    if backend().name != "tensorflow":
        return _OneDevice()
    import tensorflow as tf

    if name == "mirrored":
        kind = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
        devices = [device.name for device in tf.config.list_logical_devices(kind)]
        return tf.distribute.MirroredStrategy(devices)
    if name == "multi-worker":
        return tf.distribute.MultiWorkerMirroredStrategy()
    return tf.distribute.get_strategy()


def is_chief(name: str) -> bool:
    """Whether this process writes the results.

    Args:
        name: String, a strategy's, see `make_strategy`.

    Returns:
        Boolean.

    Raises:
        ValueError: See `check_strategy`.

    Example:

    >>> is_chief("mirrored")  # one process, however many GPUs
    True
    """
    check_strategy(name)
    cluster_and_task = _cluster()
    if name != "multi-worker" or cluster_and_task is None:
        return True
    cluster, task = cluster_and_task
    if task["type"] == "chief":
        return True
    return "chief" not in cluster and task["type"] == "worker" and task["index"] == 0


def _cluster() -> tuple[dict, dict] | None:
    """The cluster and this process' task, or `None` if TF_CONFIG has none."""
    try:
        config = json.loads(os.environ.get("TF_CONFIG", ""))
        cluster, task = config["cluster"], config["task"]
        own = cluster[task["type"]][task["index"]]
    except (ValueError, KeyError, IndexError, TypeError):
        return None
    return (cluster, task) if isinstance(own, str) else None
