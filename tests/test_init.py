"""Public names and modules do not hide each other."""

import pkgutil

import symclone_tf


def test_no_public_name_is_a_module_too():
    modules = {module.name for module in pkgutil.iter_modules(symclone_tf.__path__)}
    assert modules.isdisjoint(symclone_tf.__all__)
