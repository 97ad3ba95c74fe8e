"""Public names and modules do not hide each other."""

import pkgutil
import subprocess
import sys

import keras
import pytest

import symclone_tf


def test_no_public_name_is_a_module_too():
    modules = {module.name for module in pkgutil.iter_modules(symclone_tf.__path__)}
    assert modules.isdisjoint(symclone_tf.__all__)


def test_other_backends_are_refused_in_one_line(monkeypatch):
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    with pytest.raises(ImportError, match=r"set KERAS_BACKEND=tensorflow.*=jax"):
        symclone_tf._register()


@pytest.mark.parametrize(
    "code",
    [
        "import keras, symclone_tf",
        "import symclone_tf; symclone_tf.ClonedConv2D",
        "import symclone_tf; symclone_tf.nmse",
    ],
)
def test_keras_knows_all_layers_as_soon_as_there_can_be_a_model(code, tmp_path):
    names = ("DenseStudent", "ClonedConv2D", "GroupConv2D", "Cloner", "NMSE")
    check = f"""
{code}
import keras
for name in {names}:
    assert keras.saving.get_registered_object("symclone_tf>" + name), name
"""
    subprocess.run([sys.executable, "-c", check], check=True, cwd=tmp_path)


def test_package_alone_imports_no_keras(tmp_path):
    code = "import sys, symclone_tf; assert 'keras' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
