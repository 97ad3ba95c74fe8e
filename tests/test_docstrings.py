"""Every example in a docstring runs, and every public class and function has one."""

import doctest
import importlib
import inspect
import pkgutil
import re

import keras
import numpy as np
import pytest

import symclone_tf
import symclone_tf as sc
from symclone_tf.docstrings import SHARED, share, with_shared

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


@pytest.mark.slow
@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name, tmp_path):
    backend = re.match("(jax|torch)_", name.rpartition(".")[2])
    if backend:
        pytest.importorskip(backend[1])
    module = importlib.import_module(name)
    known = {"keras": keras, "np": np, "directory": tmp_path, **NAMES}
    result = doctest.testmod(module, extraglobs=known)
    assert result.failed == 0


@pytest.mark.parametrize("name", sorted(NAMES))
def test_public_names_have_an_example(name):
    value = NAMES[name]
    if inspect.isclass(value) or inspect.isfunction(inspect.unwrap(value)):
        assert ">>> " in inspect.getdoc(value), "there is no example"


def test_names_load_lazily_and_wrong_ones_fail():
    assert set(symclone_tf.__all__) <= set(dir(symclone_tf))
    with pytest.raises(AttributeError, match="nothing"):
        symclone_tf.nothing  # noqa: B018


@pytest.mark.parametrize(
    "name", ["Cloned", "ClonedConv2D", "GroupConv2D", "OrbitDense"]
)
def test_arguments_that_convolution_layers_share_are_documented_by_each(name):
    """They are written once, in the docstring of the base class."""
    docstring = inspect.getdoc(NAMES[name])
    assert "{" not in docstring
    shared = inspect.getdoc(NAMES["Convolution"]).partition("bias_initializer")[2]
    shared = shared.partition("\n\nExample:")[0]
    assert shared.count("\n") == 6
    assert docstring.count(f"\n    bias_initializer{shared}\n") == 1


def test_placeholders_are_replaced_by_shared_sections():
    base = "A base.\n\n    First:\n        one: Integer.\n\n    Then:\n"
    share("tests", base, "First:", "Then:")
    try:
        found = with_shared("A thing.\n\n    {shared by all tests}\n\n    Last.\n    ")
        assert found == "A thing.\n\nFirst:\n    one: Integer.\n\nLast."
        assert with_shared("Another.") == "Another."
        assert with_shared(None) is None
    finally:
        del SHARED["{shared by all tests}"]


@pytest.mark.parametrize("student", sorted(sc.students.STUDENTS))
def test_students_document_their_call_arguments(student):
    text = sc.students.get_student(student).__doc__
    assert "Call arguments:\n    inputs: Tensor of shape `(batch, *input_shape" in text
    assert "Output shape:\n    `(batch, *output_shape, filters)`" in text
    assert "{shared" not in text


@pytest.mark.parametrize("cls", [sc.GroupConv2D, sc.ClonedConv2D, sc.layers.Cloned])
def test_layers_document_the_arguments_of_all_convolutions(cls):
    assert "    bias_constraint: Constraint for the bias." in cls.__doc__
    assert "{shared" not in cls.__doc__
