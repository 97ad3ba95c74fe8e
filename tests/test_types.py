"""What `py.typed` promises: signatures of public names are annotated, and agree."""

import inspect
import pathlib
import subprocess
import sys

import pytest
from test_init import DOORS

import symclone_tf

ROOT = pathlib.Path(__file__).parent.parent


def signatures(door):
    """Functions of a door, and constructors, methods and properties of its classes."""
    for name in door.__all__:
        value = getattr(door, name)
        if inspect.isfunction(value):
            yield name, value
        elif inspect.isclass(value) and value.__module__.startswith("symclone_tf."):
            for own, member in vars(value).items():
                if own.startswith("_") and own not in ("__init__", "__call__"):
                    continue
                member = getattr(member, "func", member)  # of cached properties
                member = getattr(member, "fget", member)
                member = getattr(member, "__func__", member)
                if inspect.isfunction(member):
                    yield f"{name}.{own}", inspect.unwrap(member)


def lacking(function):
    """What of a signature has no type."""
    signature = inspect.signature(function)
    # A dataclass' own constructor has the types of its fields.
    if (
        function.__name__ == "__init__"
        and function.__module__ != function.__globals__["__name__"]
    ):
        return []
    found = [
        name
        for name, parameter in signature.parameters.items()
        if parameter.annotation is parameter.empty and name not in ("self", "cls")
    ]
    if function.__name__ != "__init__" and signature.return_annotation is (
        signature.empty
    ):
        found.append("return")
    return found


@pytest.mark.parametrize("door", DOORS, ids=lambda d: d.__name__)
def test_public_signatures_are_annotated(door):
    found = {name: lacking(function) for name, function in signatures(door)}
    assert found or door is symclone_tf
    assert {name: types for name, types in found.items() if types} == {}


def test_a_type_checker_agrees():
    checked = subprocess.run(
        [sys.executable, "-m", "mypy"], cwd=ROOT, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout[-2000:]
