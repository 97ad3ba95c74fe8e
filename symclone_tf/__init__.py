"""Symmetry-cloning: plain Dense layers that learn a convolution's symmetry.

What the package offers is written in `__init__.pyi`. Names load on first use, so
that importing the package, and asking the command line for help, does not import
TensorFlow.
"""

import importlib
import sys

import lazy_loader
import wrapt

__version__ = "0.2.0"

_load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

# What Keras can load from a file only if it is registered.
_REGISTERED = (
    *("teachers.group_conv", "teachers.orbit_dense", "teachers.registry"),
    *("students.registry", "layers.cloned", "layers.cloned_conv2d"),
    *("cloning.fidelity", "cloning.cloner"),
)


def __getattr__(name: str):
    value = _load(name)
    _register()
    return value


def _register() -> None:
    """Imports all that Keras can only load from a file if it is registered.

    Without Keras, nobody has a file to load, and `symclone-tf --help` need not
    wait for it.
    """
    if "keras" in sys.modules:
        backend = sys.modules["keras"].config.backend()
        if backend != "tensorflow":
            raise ImportError(
                "symclone-tf needs Keras on TensorFlow: set KERAS_BACKEND=tensorflow "
                f"in the environment. Received: KERAS_BACKEND={backend}"
            )
        for module in _REGISTERED:
            importlib.import_module(f"{__name__}.{module}")


@wrapt.when_imported("keras")
def _register_after_keras(keras):
    """For whoever imports this package first, and then reads a file by Keras alone.

    Where a module of the package is what imports Keras, the others have to wait for
    it: `__getattr__` registers them then.
    """
    rooms = (name for name in sys.modules if name.startswith(f"{__name__}."))
    if all(name == f"{__name__}.errors" for name in rooms):
        _register()
