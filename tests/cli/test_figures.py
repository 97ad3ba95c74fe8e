import pytest

pytestmark = pytest.mark.usefixtures("without_mnist")


def arguments(drawn_from):
    clones = drawn_from["workspace"].clones
    return ["--clones", clones, "--benchmark", drawn_from["benchmark"]]


@pytest.mark.slow
@pytest.mark.usefixtures("without_mnist")
@pytest.mark.parametrize("options", [["local"], ["regional", "--regions", "2x2"]])
def test_other_students_are_drawn_under_names_of_their_own(run, tmp_path, options):
    result = run("figures", "--group", "t2", "--student", *options)
    assert result.exit_code == 0, result.output
    names = {file.name for file in (tmp_path / "figures").iterdir()}
    kind = options[0]
    assert {f"t2-{kind}-operators.svg", f"t2-{kind}-deformations.svg"} < names


@pytest.mark.slow
def test_names_each_file_with_its_caption(run, drawn_from, tmp_path):
    result = run("figures", "--group", "c4", "--format", "png", *arguments(drawn_from))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    files = sorted((tmp_path / "figures").iterdir())
    assert len(files) == 8
    assert {line.split("  ")[0] for line in lines[:-1]} == {
        f"figures/{file.name}" for file in files
    }
    assert lines[-1] == "Next: symclone-tf report --group c4"


@pytest.mark.slow
def test_says_what_is_left_out(run, figure_clones):
    result = run("figures", "--group", "c4", "--clones", figure_clones)
    assert result.exit_code == 0
    assert "Left out symmetry-breaking: it needs benchmark/c4.csv" in result.stdout


def test_bad_input_is_one_line(refused, tmp_path):
    assert "'--format'" in refused("figures", "--group", "c4", "--format", "gif")
    assert "'--group'" in refused("figures", "--group", "c1")
    assert "'--group'" in refused("figures")
    many = refused("figures", "--group", "c64")
    assert many == (
        "Error: --group must have at most 32 rotations to be drawn. "
        "Received: --group c64\n"
    )
    (tmp_path / "benchmark").mkdir()
    (tmp_path / "benchmark" / "c4.csv").write_text("a,b\n1,2\n")
    assert "is not a table" in refused("figures", "--group", "c4")
