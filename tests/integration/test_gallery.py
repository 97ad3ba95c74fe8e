"""The clones that come with the project are what they are said to be."""

import pathlib
import re

import pytest

import symclone_tf as sc

from cases import later

pytestmark = pytest.mark.slow

ROOT = pathlib.Path(__file__).parents[2] / "exported"
NAMES = (
    *(f"t2-{n}x{n}-k3" for n in (6, 7, 8, 9)),
    *(f"c4-lifting-{n}x{n}-k3" for n in (8, 9)),
    *(f"c4-group-{n}x{n}-k3" for n in (6, 7)),
    *("t2-28x28-k3-local", "c4-lifting-28x28-k3-local"),
    *(f"c4-group-{n}x{n}-k3-local" for n in (26, 12, 10)),
    *(f"t2-{n}x{n}-k3-same-local" for n in (56, 28, 14, 7)),
)


def rows():
    """The README's table, by artifact."""
    text = (ROOT / "README.md").read_text("utf-8")
    cells = re.findall(r"^\| (\w\S+) \| (.*) \|$", text, re.MULTILINE)
    return {name: rest.split(" | ") for name, rest in cells if name != "artifact"}


@pytest.mark.parametrize("name", [*NAMES[::2], *map(later, NAMES[1::2])])
def test_figures_are_measured_again(name):
    record = sc.artifacts.find(ROOT / name / "1").record
    student = sc.load(ROOT / name / "1")
    assert sc.nmse(student, seed=12345) < 2 * record["nmse"] < 1e-12
    error = sc.cloning.student_equivariance_error(student, seed=12345)
    assert error < 2 * record["equivariance_error"] < 1e-6


@pytest.mark.parametrize("name", NAMES)
def test_readme_tells_the_figures_of_each(name):
    record = sc.artifacts.find(ROOT / name / "1").record
    student = sc.load(ROOT / name / "1")
    image, _ = student.input_shapes()
    features = (
        student.teacher.output_size,
    ) * 2 + student.teacher.group.representation_shape
    assert rows()[name] == [
        str(image),
        str(features),
        f"{record['nmse']:.1e}",
        f"{record['equivariance_error']:.1e}",
        f"{4 * student.parameters / 1000:.0f} kB",
    ]


def test_readme_tells_of_all_and_of_no_others():
    assert set(rows()) == set(NAMES)


def test_gallery_is_small():
    files = [f for name in NAMES for f in (ROOT / name / "1").rglob("*")]
    assert sum(f.stat().st_size for f in files if f.is_file()) < 8e6
