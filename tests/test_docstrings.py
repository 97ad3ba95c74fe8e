"""Every example in a docstring runs, and every public name has one."""

import doctest
import importlib
import inspect
import pkgutil

import keras
import numpy as np
import pytest

import symclone_tf

PREFIX = f"{symclone_tf.__name__}."
ROOMS = [m.name for m in pkgutil.iter_modules(symclone_tf.__path__, PREFIX) if m.ispkg]
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(symclone_tf.__path__, PREFIX)
    if not module.ispkg and ".cli" not in module.name
)


def public():
    """All names of the front door and of the rooms."""
    names = {}
    for room in ("symclone_tf", *(name for name in ROOMS if name != "symclone_tf.cli")):
        door = importlib.import_module(room)
        names |= {name: getattr(door, name) for name in door.__all__}
    return names


NAMES = public()


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name, tmp_path):
    module = importlib.import_module(name)
    known = {"keras": keras, "np": np, "directory": tmp_path, **NAMES}
    result = doctest.testmod(module, extraglobs=known)
    assert result.failed == 0


@pytest.mark.parametrize("name", sorted(NAMES))
def test_public_names_explain_themselves(name):
    value = NAMES[name]
    if inspect.isclass(value) or inspect.isfunction(value):
        assert inspect.getdoc(value)


def test_names_load_lazily_and_wrong_ones_fail():
    assert set(symclone_tf.__all__) <= set(dir(symclone_tf))
    with pytest.raises(AttributeError, match="nothing"):
        symclone_tf.nothing  # noqa: B018


@pytest.mark.parametrize(
    "name", ["Cloned", "ClonedConv2D", "GroupConv2D", "OrbitDense"]
)
def test_what_convolution_layers_share_is_explained_by_each(name):
    """It is written once, in the docstring of their base."""
    explained = inspect.getdoc(NAMES[name])
    assert "{" not in explained
    shared = inspect.getdoc(NAMES["Convolution"]).partition("bias_initializer")[2]
    assert shared.count("\n") == 6
    assert explained.count(f"\n    bias_initializer{shared}\n") == 1
