"""What PyTorch does in its own way, see `backends`."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from keras.src.backend.torch.core import get_device

from symclone_tf.backends import Backend
from symclone_tf.types import Tensor

State = tuple[int, ...]


class Torch(Backend):
    """Keras on PyTorch, which computes eagerly."""

    name, title = "torch", "PyTorch"
    compiles = False
    # `torch.export` puts tensors without values in place of all parameters.
    reaches_variables = False

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._before = (False, False)

    def compiles_steps(self) -> bool:
        return False

    def has_gpu(self) -> bool:
        return get_device().startswith("cuda")

    def has_accelerator(self) -> bool:
        return get_device() not in ("cpu", "meta")

    @contextlib.contextmanager
    def full_float32(self) -> Iterator[None]:
        # Two switches for the whole process, see those who use them counted.
        switches = torch.backends.cuda.matmul, torch.backends.cudnn
        with self._lock:
            if not self._users:
                self._before = tuple(switch.allow_tf32 for switch in switches)
                for switch in switches:
                    switch.allow_tf32 = False
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    for switch, before in zip(switches, self._before):
                        switch.allow_tf32 = before

    def layer_seed(self, seed: int) -> int:
        return seed % 2**31  # the state is an int32

    def random_state(self, seed: int, use: int, step: Any) -> State:
        # Entropy takes no negative numbers, and a step may be −1.
        return seed % 2**31, use, int(step) % 2**32

    def split(self, state: State) -> tuple[State, State]:
        # Zeros at the end would be no other entropy.
        return (*state, 1), (*state, 2)

    def normal(self, shape: tuple[int, ...], state: State) -> Tensor:
        generator = _generator(state)
        return torch.randn(shape, generator=generator, device=generator.device)

    def uniform(self, shape: tuple[int, ...], state: State) -> Tensor:
        generator = _generator(state)
        return torch.rand(shape, generator=generator, device=generator.device)


def _generator(state: State) -> torch.Generator:
    (entropy,) = np.random.SeedSequence(state).generate_state(1, "uint64")
    return torch.Generator(get_device()).manual_seed(int(entropy) % 2**63)


BACKEND = Torch()
