"""Every example in a docstring runs, and every public name has one."""

import doctest
import importlib
import inspect
import pkgutil

import keras
import pytest

import symclone_tf

MODULES = sorted(
    module.name
    for module in pkgutil.iter_modules(symclone_tf.__path__)
    if not module.ispkg
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name, tmp_path):
    module = importlib.import_module(f"symclone_tf.{name}")
    public = {n: getattr(symclone_tf, n) for n in symclone_tf.__all__}
    result = doctest.testmod(
        module, extraglobs={"keras": keras, "directory": tmp_path, **public}
    )
    assert result.failed == 0


@pytest.mark.parametrize("name", [n for n in symclone_tf.__all__ if n[0].isalpha()])
def test_public_names_explain_themselves(name):
    value = getattr(symclone_tf, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert inspect.getdoc(value)
        assert value.__module__.startswith("symclone_tf.")


def test_names_load_lazily_and_wrong_ones_fail():
    assert set(symclone_tf.__all__) <= set(dir(symclone_tf))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        symclone_tf.nothing  # noqa: B018
