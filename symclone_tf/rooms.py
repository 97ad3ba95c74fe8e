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
        value = load(name)
        importlib.import_module("symclone_tf")._register()
        return value

    return load_and_register, names, public
