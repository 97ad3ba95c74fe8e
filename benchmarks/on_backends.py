"""Measurements in processes of their own, each on one of Keras' backends."""

import importlib.util
import json
import os
import subprocess
import sys

TITLES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
"""The names of backends, as they call themselves, by Keras' names of them."""


def installed() -> list[str]:
    """The backends that can be imported here."""
    return [name for name in TITLES if importlib.util.find_spec(name)]


def run_on(backend, module, *arguments) -> dict:
    """Runs a module with Keras on a backend.

    Args:
        backend: String, Keras' name of it.
        module: String, its name, as `python -m` takes it.
        *arguments: Strings.

    Returns:
        Dictionary, of the JSON that it prints last.

    Raises:
        RuntimeError: If it fails, with what it said.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{module} on {backend}: {done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])
