"""What TensorFlow does in its own way, see `backends`."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import tensorflow as tf

from symclone_tf.backends import Backend
from symclone_tf.types import Tensor

# The default depends on the device. XLA and other kernels still draw different
# numbers from the same state.
_ALGORITHM = "philox"


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


class TensorFlow(Backend):
    """Keras on TensorFlow."""

    name, title = "tensorflow", "TensorFlow"
    worker_errors = (
        tf.errors.UnavailableError,
        tf.errors.AbortedError,
        tf.errors.CancelledError,
        tf.errors.DeadlineExceededError,
    )

    def custom_gradient(self, function: Callable) -> Callable:
        differentiated = tf.custom_gradient(function)
        # A tensor: it may not see a variable, which Keras takes for a tensor.
        return lambda tensor: differentiated(tf.convert_to_tensor(tensor))

    def total(self, tensors: Sequence[Tensor]) -> Tensor:
        return tf.add_n(tensors)

    def outside_of_functions(self) -> AbstractContextManager[Any]:
        return tf.init_scope()

    def constant(self, tensor: Tensor) -> Any:
        # Variables that a function makes begin with what depends on no other tensor.
        return tensor.numpy() if hasattr(tensor, "numpy") else tensor

    def compiled(self, function: Callable) -> Callable:
        return tf.function(function)

    @contextlib.contextmanager
    def run_eagerly(self) -> Iterator[None]:
        # TensorFlow's switch is for the whole process; there is none for one call.
        before = tf.config.functions_run_eagerly()
        tf.config.run_functions_eagerly(True)
        try:
            yield
        finally:
            tf.config.run_functions_eagerly(before)

    def has_gpu(self) -> bool:
        return bool(tf.config.list_physical_devices("GPU"))

    def has_accelerator(self) -> bool:
        devices = tf.config.list_physical_devices()
        return any(device.device_type != "CPU" for device in devices)

    @contextlib.contextmanager
    def full_float32(self) -> Iterator[None]:
        _SWITCH.acquire()
        try:
            yield
        finally:
            _SWITCH.release()

    def random_state(self, seed: int, use: int, step: Any) -> Tensor:
        state = tf.stack([seed % 2**31, use])
        return tf.random.fold_in(state, tf.cast(step, tf.int32), alg=_ALGORITHM)

    def split(self, state: Tensor) -> tuple[Tensor, Tensor]:
        first, second = tf.unstack(tf.random.split(state, 2, alg=_ALGORITHM))
        return first, second

    def normal(self, shape: tuple[int, ...], state: Tensor) -> Tensor:
        return tf.random.stateless_normal(shape, state, alg=_ALGORITHM)

    def uniform(self, shape: tuple[int, ...], state: Tensor) -> Tensor:
        return tf.random.stateless_uniform(shape, state, alg=_ALGORITHM)

    def orthonormal(self, rows: Tensor, far_from_square: bool) -> Tensor:
        # Keras' Cholesky factor is checked, by an operation that XLA does not have.
        if far_from_square:
            factor = tf.linalg.cholesky(tf.matmul(rows, rows, transpose_b=True))
            return tf.linalg.triangular_solve(factor, rows)
        columns = tf.linalg.qr(tf.linalg.matrix_transpose(rows)).q
        return tf.linalg.matrix_transpose(columns)


BACKEND = TensorFlow()


def found_when_run(function: Callable, arguments: list[Tensor]) -> list[Tensor]:
    """Integers and numbers, found by Python when a compiled function runs.

    Args:
        function: Callable, which returns int32, float32, int32 and float32 arrays.
        arguments: List of integer tensors, which it is called with.

    Returns:
        List of tensors of unknown shape.
    """
    types = [tf.int32, tf.float32, tf.int32, tf.float32]
    return tf.numpy_function(function, arguments, types)
