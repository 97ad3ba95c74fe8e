"""What JAX does in its own way, see `backends`."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import jax
import jax.numpy as jnp

from symclone_tf.backends import Backend
from symclone_tf.types import Tensor


class Jax(Backend):
    """Keras on JAX."""

    name, title = "jax", "JAX"
    # `fit` takes the variables' values, and returns them when an epoch has ended.
    keeps_variables = reaches_variables = False

    def outside_of_functions(self) -> AbstractContextManager[Any]:
        return jax.ensure_compile_time_eval()

    def compiled(self, function: Callable) -> Callable:
        return jax.jit(function)

    def run_eagerly(self) -> AbstractContextManager[Any]:
        return jax.disable_jit()

    def compiles_steps(self) -> bool:
        return True

    def has_gpu(self) -> bool:
        return jax.default_backend() == "gpu"

    def has_accelerator(self) -> bool:
        return jax.default_backend() != "cpu"

    def full_float32(self) -> AbstractContextManager[Any]:
        return jax.default_matmul_precision("highest")

    def random_state(self, seed: int, use: int, step: Any) -> Tensor:
        key = jax.random.fold_in(jax.random.PRNGKey(seed % 2**31), use)
        # A step may be −1, as an integer of 32 bits.
        return jax.random.fold_in(key, jnp.asarray(step, "int32").astype("uint32"))

    def split(self, state: Tensor) -> tuple[Tensor, Tensor]:
        first, second = jax.random.split(state)
        return first, second

    def normal(self, shape: tuple[int, ...], state: Tensor) -> Tensor:
        return jax.random.normal(state, shape, "float32")

    def uniform(self, shape: tuple[int, ...], state: Tensor) -> Tensor:
        return jax.random.uniform(state, shape, "float32")


BACKEND = Jax()
