import pathlib

import pytest

from symclone_tf.experiments import benchmarking

from pictures import write_folder

SMALL = ("--train-size", 64, "--test-size", 32, "--epochs", 1, "--seeds", 1)


@pytest.mark.usefixtures("mnist")
def test_writes_both_tables_and_shows_them(run, monkeypatch):
    monkeypatch.setattr(benchmarking, "NETWORKS", ({"architecture": "mlp"},))
    monkeypatch.setattr(benchmarking, "VARIANTS", ())
    result = run(
        "benchmark",
        "--group",
        "t2",
        "--max-translation",
        1,
        "--output",
        "tables",
        *SMALL,
    )
    assert result.exit_code == 0
    assert "tables/t2.csv" in result.stdout
    table = pathlib.Path("tables/t2.md").read_text().splitlines()
    assert len(table) == 2 + 2
    assert len(pathlib.Path("tables/t2.csv").read_text().splitlines()) == 1 + 2
    for word in ("invariance", "breaking", "mlp"):
        assert word in result.stdout


@pytest.mark.slow
def test_own_images_have_tables_of_their_own(run, rng, tmp_path, monkeypatch):
    monkeypatch.setattr(benchmarking, "NETWORKS", ({"architecture": "mlp"},))
    monkeypatch.setattr(benchmarking, "VARIANTS", ())
    write_folder(tmp_path / "shapes", rng)
    result = run("benchmark", "--group", "c4", "--data", "shapes", "--epochs", 1)
    assert result.exit_code == 0
    assert "benchmark/c4-shapes.csv" in result.stdout
    assert len(pathlib.Path("benchmark/c4-shapes.md").read_text().splitlines()) == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seeds", "0"], "'--seeds'"),
        (["--epochs", "-1"], "'--epochs'"),
        (["--canvas", "27"], "--canvas must be at least 28"),
        (["--trainable-part", "encoder"], "need --symmetry"),
        (["--student", "local", "--regions", "2"], "for --student regional only"),
        (
            ["--symmetry", "anchored", "--anchor-strength", "2"],
            "--anchor-strength is a share of the inputs, greater than 0 and at most 1",
        ),
    ],
)
def test_bad_input_is_refused_in_one_line(refused, arguments, message):
    assert message in refused("benchmark", "--group", "c4", *arguments)


@pytest.mark.usefixtures("mnist")
@pytest.mark.slow
def test_table_of_another_kind_is_refused(run, monkeypatch):
    monkeypatch.setattr(benchmarking, "NETWORKS", ({"architecture": "mlp"},))
    monkeypatch.setattr(benchmarking, "VARIANTS", ())
    assert run("benchmark", "--group", "c4", *SMALL).exit_code == 0
    result = run("benchmark", "--group", "c4", *SMALL, "--batch-size", 32)
    assert result.exit_code == 2
    assert "--batch-size 32" in result.stderr
    assert "--output holds" in result.stderr
