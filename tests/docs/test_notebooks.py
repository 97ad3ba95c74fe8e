"""Notebooks run from top to bottom, and come with what they print and draw."""

import pathlib
import re

import nbformat
import pytest

from tools.documentation import notebooks

pytestmark = pytest.mark.slow

FILES = sorted(notebooks.HOME.glob("*.ipynb"))
each = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def text(notebook) -> str:
    outputs = [output for cell in code(notebook) for output in cell.outputs]
    return "".join(output.get("text", "") for output in outputs)


def pictures(notebook) -> int:
    outputs = [output for cell in code(notebook) for output in cell.outputs]
    return sum("image/png" in output.get("data", {}) for output in outputs)


def test_there_are_two():
    assert [file.stem for file in FILES] == ["clone-a-convolution", "relax-your-cnn"]


@each
def test_output_is_there_and_whole(file):
    assert file.stat().st_size < 500_000
    notebook = nbformat.read(file, as_version=4)
    nbformat.validate(notebook)
    counts = [cell.execution_count for cell in code(notebook)]
    assert counts == list(range(1, len(counts) + 1))
    kinds = {o.output_type for cell in code(notebook) for o in cell.outputs}
    assert "error" not in kinds
    assert pictures(notebook) >= 2
    assert "differ by" in text(notebook) or "NMSE" in text(notebook)


@each
def test_they_name_no_machine(file):
    notebook = nbformat.read(file, as_version=4)
    said = "".join(cell.source for cell in notebook.cells) + text(notebook)
    assert not re.search(r"(?<![\w.])/(home|root|tmp|work|usr|Users)\b", said)
    assert set(notebook.metadata) == {"kernelspec"}
    assert notebook.metadata.kernelspec.name == "python3"


@each
def test_their_pages_have_all_of_it(file):
    notebook = nbformat.read(file, as_version=4)
    place = f"notebooks/{file.stem}"
    made = notebooks.page(notebook, place)
    page = made.pop(f"{place}.md")
    assert len(made) == pictures(notebook)
    for name, content in made.items():
        assert content.startswith(b"\x89PNG")
        assert f"({pathlib.PurePath(name).name})" in page
    assert page.count("```python\n") == len(code(notebook))
    for line in text(notebook).splitlines():
        assert line.rstrip() in page
    assert page.startswith("# ")


@pytest.mark.slow
@each
def test_they_run_from_top_to_bottom(file, tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    before = nbformat.read(file, as_version=4)
    after = notebooks.executed(file)
    assert pictures(after) == pictures(before)
    # What is printed is the same but for digits, which hang on machines.
    lines = [re.sub(r"[\d.,e+-]+", "0", text(n)) for n in (before, after)]
    assert lines[0] == lines[1]
