"""The front door, and the doors of the rooms."""

import ast
import inspect
import pathlib
import pkgutil
import subprocess
import sys

import keras
import pytest

import symclone_tf

from cases import later

ROOMS = {
    *("symmetry", "teachers", "students", "cloning", "layers", "networks"),
    *("artifacts", "workspace", "data", "experiments", "probe", "studies", "figures"),
}
DOORS = [symclone_tf, *(getattr(symclone_tf, room) for room in sorted(ROOMS))]
DOORS_BY_NAME = pytest.mark.parametrize("door", DOORS, ids=lambda d: d.__name__)


@DOORS_BY_NAME
def test_no_public_name_is_a_module_too(door):
    modules = {module.name for module in pkgutil.iter_modules(door.__path__)}
    assert modules & set(door.__all__) <= ROOMS | {"serving"}


@DOORS_BY_NAME
def test_what_editors_read_is_what_is_there(door):
    """The stub names each thing under its own name, and nothing else is public."""
    stub = pathlib.Path(door.__file__).with_suffix(".pyi")
    tree = ast.parse(stub.read_text("utf-8"))
    names = [
        n for node in tree.body if isinstance(node, ast.ImportFrom) for n in node.names
    ]
    assert all(name.asname == name.name for name in names)
    assert sorted(name.name for name in names) == sorted(door.__all__)
    for name in door.__all__:
        value = getattr(door, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__module__.startswith("symclone_tf.")
            assert value.__name__ == name


def test_front_door_fits_on_one_page():
    """At most 32 names, and the rooms."""
    assert set(symclone_tf.__all__) >= ROOMS
    assert len(set(symclone_tf.__all__) - ROOMS) <= 32


def test_types_are_for_others_too():
    assert (pathlib.Path(symclone_tf.__file__).parent / "py.typed").is_file()


def test_other_backends_are_refused_in_one_line(monkeypatch):
    monkeypatch.setattr(symclone_tf, "_is_registered", False)
    monkeypatch.setattr(keras.config, "backend", lambda: "numpy")
    with pytest.raises(ImportError, match=r"set KERAS_BACKEND .*=numpy"):
        symclone_tf._register()


@pytest.mark.parametrize(
    "code",
    [
        "import symclone_tf",
        later("import keras, symclone_tf"),
        later("import symclone_tf; symclone_tf.ClonedConv2D"),
        later("import symclone_tf; symclone_tf.nmse"),
        "from symclone_tf.data import open_images",
        later("from symclone_tf.layers import ClonedConv2D"),
        later("import symclone_tf.workspace"),
        "import importlib.util, symclone_tf; importlib.util.find_spec('keras')",
    ],
)
def test_keras_knows_all_layers_as_soon_as_there_can_be_a_model(code, tmp_path):
    names = ("DenseStudent", "ClonedConv2D", "GroupConv2D", "Cloner", "NMSE")
    names += ("Cloned", "OrbitDense", "GroupPooling")
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
