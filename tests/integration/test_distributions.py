"""What is installed, and what is uploaded, is the product alone."""

import pathlib
import subprocess
import sys
import tarfile
import zipfile

import pytest

ROOT = pathlib.Path(__file__).parents[2]
# Beside the package: how it is built, what it may be used for, and how it was tested.
TOP = {
    *("symclone_tf", "symclone_tf.egg-info", "cli", "PKG-INFO", "README.md"),
    *("setup.cfg", "pyproject.toml", "MANIFEST.in", "constraints.txt"),
    *("LICENSE", "CHANGELOG.md", "CITATION.cff", "SECURITY.md"),
}


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True)
    if "satisfies the requirement setuptools" in built.stdout + built.stderr:
        pytest.skip("setuptools, which builds packages, cannot be had")
    assert built.returncode == 0, built.stderr
    return folder


@pytest.mark.slow
def test_the_sdist_holds_the_product(distributions):
    (file,) = distributions.glob("*.tar.gz")
    with tarfile.open(file) as archive:
        names = [name.split("/", 1)[1] for name in archive.getnames() if "/" in name]
    assert {name.split("/")[0] for name in names} == TOP
    assert "symclone_tf/layers/cloned_conv2d.py" in names


@pytest.mark.slow
def test_the_wheel_holds_every_room_and_what_lies_beside_its_code(distributions):
    (file,) = distributions.glob("*.whl")
    names = zipfile.ZipFile(file).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"symclone_tf"}
    source = ROOT / "symclone_tf"
    wanted = {
        f"symclone_tf/{path.relative_to(source).as_posix()}"
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    wanted |= {f"symclone_tf/cli/{path.name}" for path in (ROOT / "cli").glob("*.py")}
    assert wanted <= set(names)
