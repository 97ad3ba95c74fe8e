"""Rooms whose names load on first use, see their `__init__.pyi`."""

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

import lazy_loader


def attach(
    package: str, file: str
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """A room's `__getattr__`, `__dir__` and `__all__`, from the stub beside it.

    What Keras can load from files is registered with the first name.

    Args:
        package: String, the room's `__name__`.
        file: String, the room's `__file__`.
    """
    load, names, public = lazy_loader.attach_stub(package, file)

    def load_and_register(name: str) -> Any:
        try:
            value = load(name)
        except AttributeError as error:
            raise AttributeError(f"{error}{_elsewhere(name)}") from None
        except ModuleNotFoundError as error:
            if error.name not in ("tensorflow", "tensorflow_datasets"):
                raise
            raise ImportError(
                f"{package}.{name} is computed by TensorFlow, whatever backend Keras "
                "is on, and TensorFlow is not installed: pip install tensorflow",
                name=error.name,
            ) from None
        importlib.import_module("symclone_tf")._register()
        return value

    return load_and_register, names, public


def _elsewhere(name):
    """Where a name is that is not in the room in which it was looked for."""
    if name.startswith("_"):
        return ""
    package = importlib.import_module("symclone_tf")
    rooms = [each.name for each in pkgutil.iter_modules(package.__path__) if each.ispkg]
    for room in rooms:
        known = getattr(importlib.import_module(f"symclone_tf.{room}"), "__all__", ())
        if name in known:
            return f": it is symclone_tf.{room}.{name}"
    return ""
