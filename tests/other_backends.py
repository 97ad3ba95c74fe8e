"""Tests where Keras is on another backend than TensorFlow.

`KERAS_BACKEND=jax pytest tests/backends tests/layers` runs tests on JAX, in a process
that cannot import TensorFlow, as where it is not installed.
"""

import os
import pathlib
import re
import subprocess
import sys

BACKEND = os.environ.get("KERAS_BACKEND", "tensorflow")
BACKENDS = ("tensorflow", "jax", "torch")
OTHERS = [name for name in BACKENDS if name != BACKEND]
TENSORFLOW = re.compile(r"^(import|from) tensorflow", re.MULTILINE)


class _NoTensorFlow:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "tensorflow":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def forbid_tensorflow():
    """Lets every import of TensorFlow fail."""
    sys.meta_path.insert(0, _NoTensorFlow)


def let_tests_read_tensors():
    """Lets NumPy take PyTorch's tensors where a test asks, as it does TensorFlow's and
    JAX's, with gradients too; where the package asks, it fails as ever."""
    import torch

    plain, wrapped = torch.Tensor.__array__, torch.Tensor.__array_wrap__

    def array(tensor, *arguments, **options):
        tensor = tensor.detach() if _a_test_asks() else tensor
        return plain(tensor, *arguments, **options)

    def call(tensor, function, types, arguments, options):
        if not _a_test_asks():
            return function._implementation(*arguments, **options)
        return function(*_arrays(arguments), **_arrays(options))

    def wrap(tensor, values, *context):
        return values if _a_test_asks() else wrapped(tensor, values)

    torch.Tensor.__array__ = array
    torch.Tensor.__array_function__ = call
    torch.Tensor.__array_wrap__ = wrap


def _a_test_asks():
    frame = sys._getframe(2)
    while "/numpy/" in frame.f_code.co_filename:
        frame = frame.f_back
    asked = pathlib.Path(frame.f_code.co_filename)
    return pathlib.Path(__file__).parent in asked.parents


def _arrays(values):
    """Tensors as arrays, in lists, tuples and dictionaries too."""
    if isinstance(values, list | tuple):
        return type(values)(map(_arrays, values))
    if isinstance(values, dict):
        return {name: _arrays(value) for name, value in values.items()}
    return values.detach().cpu().numpy() if hasattr(values, "detach") else values


def imports_tensorflow(file):
    """Whether a file of tests needs TensorFlow."""
    if file.suffix != ".py" or not file.name.startswith("test_"):
        return False
    return bool(TENSORFLOW.search(file.read_text("utf-8")))


def installed(backend):
    """Whether a backend can be run, in a process of its own."""
    # The finder above hides TensorFlow in this process.
    finders = [each for each in sys.meta_path if each is not _NoTensorFlow]
    return any(
        hasattr(finder, "find_spec") and finder.find_spec(backend, None, None)
        for finder in finders
    )


def run_on(backend, code, folder, **environment):
    """Runs Python code on another backend, and returns what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={
            **os.environ,
            "KERAS_BACKEND": backend,
            "TF_CPP_MIN_LOG_LEVEL": "3",
            **environment,
        },
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
