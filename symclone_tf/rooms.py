"""Rooms whose names load on first use, see their `__init__.pyi`."""

import importlib
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
