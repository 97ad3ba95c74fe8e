"""What Keras' backends do each in their own way, one module for each of them.

Everything else of the package is written in `keras.ops`. `tensorflow_backend`,
`jax_backend` and `torch_backend` are imported when they are first needed, the one of
Keras' backend alone.
"""

import abc
import contextlib
import functools
import importlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import keras
from keras import ops

from symclone_tf.types import Tensor

BACKENDS = ("tensorflow", "jax", "torch")
"""The backends of Keras that the package computes on."""


class Backend(abc.ABC):
    """What a backend does in its own way; here, as most of them do it.

    Attributes:
        name: String, Keras' name of it.
        title: String, as it calls itself.
        keeps_variables: Boolean, whether variables have their values while `fit` runs.
        reaches_variables: Boolean, whether `outside_of_functions` reaches those values
            wherever a function may be traced.
        compiles: Boolean, whether XLA compiles the steps of a training.
        worker_errors: Tuple of the exceptions that tell of a lost worker.
    """

    name = ""
    title = ""
    keeps_variables = True
    reaches_variables = True
    compiles = True
    worker_errors: tuple[type[Exception], ...] = ()

    def version(self) -> str:
        """The installed version."""
        return importlib.import_module(self.name).__version__

    def custom_gradient(self, function: Callable) -> Callable:
        """A function of one tensor, differentiated as the backend does it.

        Args:
            function: Callable of a tensor, which returns outputs and a function of
                their gradients. The latter saves TensorFlow work, and is left out
                elsewhere: it computes what the backend would.

        Returns:
            Callable of a tensor, which returns the outputs.
        """
        return lambda tensor: function(tensor)[0]

    def total(self, tensors: Sequence[Tensor]) -> Tensor:
        """The sum of tensors of one shape."""
        return functools.reduce(ops.add, tensors)

    def outside_of_functions(self) -> AbstractContextManager[Any]:
        """A context in which variables have values, also while a function is traced."""
        return contextlib.nullcontext()

    def constant(self, tensor: Tensor) -> Any:
        """A tensor as an initializer may return it in a function that is traced."""
        return tensor

    def compiled(self, function: Callable) -> Callable:
        """A function, compiled where the backend compiles."""
        return function

    def run_eagerly(self) -> AbstractContextManager[Any]:
        """A context in which compiled functions run step by step."""
        return contextlib.nullcontext()

    def compiles_steps(self) -> bool:
        """Whether the steps of a training are compiled by XLA, unless told."""
        return self.has_gpu()

    @abc.abstractmethod
    def has_gpu(self) -> bool:
        """Whether there is a GPU to compute on."""

    def has_accelerator(self) -> bool:
        """Whether there is a device other than CPUs."""
        return self.has_gpu()

    @abc.abstractmethod
    def full_float32(self) -> AbstractContextManager[Any]:
        """A context in which products of matrices are not rounded further."""

    def layer_seed(self, seed: int) -> int:
        """A seed of 32 bits, as Keras' layers and initializers take it."""
        return seed

    @abc.abstractmethod
    def random_state(self, seed: int, use: int, step: Any) -> Any:
        """The state of a step's draws, from three integers."""

    @abc.abstractmethod
    def split(self, state: Any) -> tuple[Any, Any]:
        """Two states of independent draws."""

    @abc.abstractmethod
    def normal(self, shape: tuple[int, ...], state: Any) -> Tensor:
        """Entries of N(0, 1)."""

    @abc.abstractmethod
    def uniform(self, shape: tuple[int, ...], state: Any) -> Tensor:
        """Entries from 0 to 1."""

    def orthonormal(self, rows: Tensor, far_from_square: bool) -> Tensor:
        """Orthonormal rows that span what rows do.

        Args:
            rows: Tensor of shape `(frames, rows, size)`.
            far_from_square: Boolean, whether the rows are so few that their products
                with each other are well conditioned.

        Returns:
            Tensor of the same shape.
        """
        if far_from_square:
            products = ops.matmul(rows, ops.swapaxes(rows, 1, 2))
            factor = ops.cholesky(products)
            return ops.solve_triangular(factor, rows, lower=True)
        columns, _ = ops.qr(ops.swapaxes(rows, 1, 2))
        return ops.swapaxes(columns, 1, 2)


@functools.cache
def _backend(name: str) -> Backend:
    module = importlib.import_module(f"symclone_tf.{name}_backend")
    return module.BACKEND


def backend() -> Backend:
    """What Keras' backend does in its own way.

    Returns:
        `Backend`.
    """
    return _backend(keras.config.backend())


def check_backend(name: str) -> None:
    """Refuses backends that Keras has, and the package does not compute on.

    Args:
        name: String, Keras' name of a backend.

    Raises:
        ImportError: If it is another one.
    """
    if name not in BACKENDS:
        raise ImportError(
            "symclone-tf computes on tensorflow, jax and torch: set KERAS_BACKEND in "
            f"the environment to one of them. Received: KERAS_BACKEND={name}"
        )


def check_jit(jit: bool | None) -> None:
    """Refuses to compile by XLA where a backend does not.

    Args:
        jit: Boolean, whether to; `None` for what is usual.

    Raises:
        ValueError: If it is `True`, and the backend is PyTorch.
    """
    if jit and not backend().compiles:
        raise ValueError(
            f"`jit` is for TensorFlow and JAX: {backend().title} trains eagerly here. "
            f"Received: jit={jit}"
        )


def tensorflow_alone(what: str) -> None:
    """Refuses what only TensorFlow computes, on other backends.

    Args:
        what: String, the beginning of the message.

    Raises:
        ValueError: If Keras' backend is another one.
    """
    name = keras.config.backend()
    if name != "tensorflow":
        raise ValueError(
            f"{what} is TensorFlow's alone: set KERAS_BACKEND=tensorflow in the "
            f"environment. Received: KERAS_BACKEND={name}"
        )
