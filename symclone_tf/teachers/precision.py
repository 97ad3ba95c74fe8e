"""Full float32 precision, on accelerators that would round matrix products."""

import contextlib
import threading
from collections.abc import Iterator

import tensorflow as tf


class _TensorFloat32Switch:
    """TensorFlow's switch for TensorFloat-32, off while anyone needs full float32.

    TensorFlow has one switch for the whole process, and none for a thread, a scope or
    an operation. So that nested and concurrent users do not switch it on for each
    other, they are counted: the first one switches it off, the last one restores it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._before = True

    def acquire(self) -> None:
        with self._lock:
            if not self._users:
                self._before = (
                    tf.config.experimental.tensor_float_32_execution_enabled()
                )
                tf.config.experimental.enable_tensor_float_32_execution(False)
            self._users += 1

    def release(self) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                tf.config.experimental.enable_tensor_float_32_execution(self._before)


_SWITCH = _TensorFloat32Switch()


@contextlib.contextmanager
def full_float32() -> Iterator[None]:
    """Computes matrix products in float32 where TensorFlow would use TensorFloat-32.

    Only accelerators do so: on hosts without any, TensorFlow's process-wide switch is
    left alone. Elsewhere it is off in this context, for all threads, and is restored
    afterwards. Contexts may be nested.
    """
    if not has_accelerator():
        yield
        return
    _SWITCH.acquire()
    try:
        yield
    finally:
        _SWITCH.release()


def has_accelerator() -> bool:
    """Whether TensorFlow sees a device other than CPUs."""
    devices = tf.config.list_physical_devices()
    return any(device.device_type != "CPU" for device in devices)
