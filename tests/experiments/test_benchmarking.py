import csv
import os
import shutil
import signal
import subprocess
import sys
import time

import keras
import pytest

from symclone_tf.errors import ArtifactError, DataError, DataWarning
from symclone_tf.experiments import benchmarking
from symclone_tf.experiments.benchmarking import benchmark, benchmark_plan
from symclone_tf.experiments.tables import markdown, read_benchmark, summarize
from symclone_tf.workspace import Workspace

from pictures import write_folder

QUIET = Workspace(verbose=0)
SMALL = {"train_size": 64, "test_size": 32, "epochs": 1}

# Two plain networks and one clone in the place of all, one experiment a line.
PROCESS = """
import sys
from symclone_tf.experiments import benchmarking
from symclone_tf.workspace import Workspace
benchmarking.NETWORKS = tuple(
    {"architecture": name} for name in ("mlp", "cnn", "cloned")
)
benchmarking.VARIANTS = ()
for row in benchmarking.benchmark(
    "c4", 1, sys.argv[1], Workspace(sys.argv[2], verbose=0),
    train_size=64, test_size=32, epochs=1,
):
    print("row", row.experiment.name, flush=True)
"""


def test_regions_are_those_of_all_clones():
    plan = benchmark_plan("c4", 1, student="regional", regions=2)
    kinds = {(e.architecture == "cloned", e.student, e.regions) for e in plan}
    assert kinds == {(True, "regional", (2, 2)), (False, None, None)}
    with pytest.raises(ValueError, match="`regions` is for `student` regional only"):
        benchmark_plan("c4", 1, student="local", regions=2)


@pytest.mark.parametrize(
    ("group", "blocks"), [("flip", (9, 8, 7)), ("c8", (6, 5, 4)), ("d12", (17, 16, 15))]
)
def test_variants_have_a_block_or_two_less_than_exact_clones(group, blocks):
    plan = benchmark_plan(group, 1)
    found = {e.blocks for e in plan if e.architecture == "cloned"}
    assert found == set(blocks)
    with_seeds = [e.blocks for e in benchmark_plan(group, 2) if e.seed == 1]
    assert set(with_seeds) == {None, blocks[0]}


@pytest.fixture(scope="module")
def few():
    """Only the cheapest networks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(benchmarking, "NETWORKS", ({"architecture": "mlp"},))
        patch.setattr(benchmarking, "VARIANTS", ({"architecture": "cnn"},))
        yield


@pytest.fixture(scope="module")
def made(mnist, few, tmp_path_factory):
    """A finished benchmark: its folder, and its rows."""
    folder = tmp_path_factory.mktemp("benchmark")
    keras.utils.set_random_seed(0)  # as for every test
    return folder, list(benchmark("c4", 1, folder, QUIET, **SMALL))


@pytest.fixture
def finished(made, tmp_path):
    """A copy of the finished benchmark, in the test's own folder."""
    folder, rows = made
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    return rows


@pytest.mark.parametrize("group", ["c4", "t2"])
def test_plan_has_every_network_on_both_tasks(group):
    plan = benchmark_plan(group, seeds=3)
    kinds = [(e.task, e.network, e.seed) for e in plan]
    assert len(set(kinds)) == len(kinds)
    for task in ("invariance", "breaking"):
        seeds = {}
        for its, network, seed in kinds:
            if its == task:
                seeds.setdefault(network, set()).add(seed)
        main = ["mlp", "cnn", *["gcnn"] * (group != "t2")]
        main += [f"cloned, 9 blocks, {kind}" for kind in ("frozen", "trainable")]
        assert all(seeds[name] == {0, 1, 2} for name in main)
        # The convolutions of T(2) are keras.layers.Conv2D: trained once.
        assert ("gcnn" in seeds) == (group != "t2")
        others = [name for name in seeds if name not in main]
        assert all(seeds[name] == {0} for name in others)
        assert sum("anchored" in name for name in others) == 3
        assert "cloned, 8 blocks, frozen" in others
        assert "cloned, 7 blocks, frozen" in others
    assert {e.canvas for e in plan} == {40 if group == "t2" else 28}


def test_plan_of_another_kind_of_students_shares_what_has_none():
    dense, local = (benchmark_plan("c4", student=kind) for kind in ("dense", "local"))
    shared = [e for e in local if e in dense]
    assert {e.architecture for e in shared} == {"mlp", "cnn", "gcnn"}
    assert {e.student for e in local if e not in dense} == {"local"}
    assert len(dense) == len(local)


def test_plan_of_one_kind_of_clones_has_every_seed_of_it():
    only = {"symmetry": "frozen,frozen,frozen,anchored", "trainable_part": "encoder"}
    plan = benchmark_plan("c4", seeds=2, student="local", only=only)
    assert [(e.task, e.seed) for e in plan] == [
        (task, seed) for seed in (0, 1) for task in ("invariance", "breaking")
    ]
    (network,) = {e.network for e in plan}
    assert network.endswith("frozen ×3, anchored (transformed-inputs 0.2, encoder)")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"group": "c65"}, "group=c65"),
        ({"group": "c4", "only": {"seed": 1}}, "`only` must be one of.*only=seed"),
        ({"group": "c4", "only": {"symmetry": "held"}}, "`symmetry` must be one of"),
        ({"group": "c4", "student": "thin"}, "`student` must be one of.*student=thin"),
        ({"group": "c4", "seeds": 0}, "seeds=0"),
        ({"group": "c4", "epochs": 0}, "epochs=0"),
        ({"group": "c4", "canvas": 12}, "canvas=12"),
        ({"group": "c4", "seed": 1}, "`options` must be one of .*options=seed"),
    ],
)
def test_bad_options_are_refused_before_anything_runs(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        next(benchmark(output=tmp_path / "out", **options))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.usefixtures("mnist", "few")
class TestTables:
    def test_each_run_is_a_line_and_each_network_a_row(self, finished, tmp_path):
        rows = list(benchmark("c4", 2, tmp_path, QUIET, **SMALL))
        assert len(rows) == 6
        assert all(row in rows for row in finished)
        with (tmp_path / "c4.csv").open() as stream:
            lines = list(csv.DictReader(stream))
        # The new rows follow those that were there.
        assert [line["accuracy"] for line in lines] == [
            str(row.figures["accuracy"])
            for row in (*finished, *(row for row in rows if row not in finished))
        ]
        assert {line["seed"] for line in lines} == {"0", "1"}
        summary = summarize(rows)
        assert [(s["Task"], s["Network"], s["Seeds"]) for s in summary] == [
            ("invariance", "mlp", "2"),
            ("invariance", "cnn", "1"),
            ("breaking", "mlp", "2"),
            ("breaking", "cnn", "1"),
        ]
        assert (tmp_path / "c4.md").read_text() == markdown(rows)

    @pytest.mark.usefixtures("finished")
    def test_table_of_other_options_stays(self, tmp_path):
        before = (tmp_path / "c4.csv").read_bytes()
        with pytest.raises(ValueError, match=r"`output` holds .*epochs=1.*epochs=2"):
            next(benchmark("c4", 1, tmp_path, QUIET, **SMALL | {"epochs": 2}))
        assert (tmp_path / "c4.csv").read_bytes() == before

    def test_foreign_file_stays(self, tmp_path):
        (tmp_path / "c4.csv").write_text("mine\n1\n")
        with pytest.raises(ArtifactError, match=r"c4\.csv is not a table"):
            next(benchmark("c4", 1, tmp_path, QUIET, **SMALL))
        assert (tmp_path / "c4.csv").read_text() == "mine\n1\n"

    def test_line_that_was_cut_off_is_run_again(self, finished, tmp_path):
        rows = finished
        file = tmp_path / "c4.csv"
        whole = file.read_text()
        file.write_text(whole[:-30])
        assert len(read_benchmark(file)) == len(rows) - 1
        again = list(benchmark("c4", 1, tmp_path, QUIET, **SMALL))
        assert [_lasting(row) for row in again] == [_lasting(row) for row in rows]
        assert len(file.read_text().splitlines()) == len(whole.splitlines())

    def test_table_to_read_is_written_though_nothing_is_left_to_run(
        self, finished, tmp_path
    ):
        (tmp_path / "c4.md").unlink()
        rows = list(benchmark("c4", 1, tmp_path, QUIET, **SMALL))
        assert rows == finished
        assert (tmp_path / "c4.md").read_text() == markdown(rows)

    def test_file_in_the_place_of_the_folder_is_refused(self, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(ArtifactError, match="`output` must be a folder"):
            next(benchmark("c4", 1, tmp_path / "file", QUIET, **SMALL))


@pytest.mark.usefixtures("few")
class TestOwnImages:
    @pytest.mark.slow
    def test_tables_are_apart_and_go_on(self, tmp_path, rng, monkeypatch):
        data = write_folder(tmp_path / "shapes", rng)
        rows = list(benchmark("c4", 1, tmp_path, QUIET, data=data, epochs=1))
        assert [row.experiment.data for row in rows] == [str(data)] * 4
        assert {row.experiment.train_size for row in rows} == {24}
        assert sorted(path.name for path in tmp_path.glob("c4*")) == [
            "c4-shapes.csv",
            "c4-shapes.md",
        ]

        def refuse(*arguments, **options):
            raise AssertionError("trained again")

        monkeypatch.setattr(benchmarking, "run_experiment", refuse)
        again = list(benchmark("c4", 1, tmp_path, QUIET, data=data, epochs=1))
        assert [row.experiment for row in again] == [row.experiment for row in rows]

    @pytest.mark.slow
    def test_table_of_other_images_of_the_same_name_stays(self, tmp_path, rng):
        for home in "ab":
            data = write_folder(tmp_path / home / "shapes", rng)
        first = tmp_path / "a" / "shapes"
        next(benchmark("c4", 1, tmp_path, QUIET, data=first, epochs=1))
        before = (tmp_path / "c4-shapes.csv").read_bytes()
        with pytest.raises(
            ValueError, match=r"made with data=.*a/shapes: all rows of a"
        ):
            next(benchmark("c4", 1, tmp_path, QUIET, data=data, epochs=1))
        assert (tmp_path / "c4-shapes.csv").read_bytes() == before

    def test_bad_images_are_refused_before_anything_is_written(self, tmp_path, rng):
        data = write_folder(tmp_path / "shapes", rng)
        (data / "ring" / "bad.png").write_text("bad")
        found = sorted(tmp_path.rglob("*"))
        with pytest.raises(DataError, match="1 file is not a PNG, JPEG"):
            next(
                benchmark("c4", 1, tmp_path / "out", Workspace(strict=True), data=data)
            )
        with (
            pytest.warns(DataWarning, match="1 file is left out"),
            pytest.raises(ValueError, match="`train_size` must be at most 24"),
        ):
            next(benchmark("c4", 1, tmp_path / "out", data=data, train_size=25))
        assert sorted(tmp_path.rglob("*")) == found


@pytest.mark.usefixtures("mnist")
@pytest.mark.slow
def test_killed_benchmark_goes_on_and_ends_with_the_same_table(tmp_path, clones):
    def start(output):
        return subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(output), str(clones)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )

    undisturbed = start(tmp_path / "whole")
    killed = start(tmp_path / "killed")
    for _ in range(4):
        assert killed.stdout.readline().startswith("row")
    time.sleep(0.5)  # within the next experiment
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    before = (tmp_path / "killed" / "c4.csv").read_text()
    assert len(before.splitlines()) == 5
    again = start(tmp_path / "killed")
    assert again.communicate()[0].count("row") == 6
    assert undisturbed.communicate()[0].count("row") == 6

    assert (tmp_path / "killed" / "c4.csv").read_text().startswith(before)
    rows, whole = (
        read_benchmark(tmp_path / name / "c4.csv") for name in ("killed", "whole")
    )
    assert [_lasting(row) for row in rows] == [_lasting(row) for row in whole]


def _lasting(row):
    """What a second run must find again."""
    times = ("seconds", "seconds_per_epoch")
    return row.experiment, {k: v for k, v in row.figures.items() if k not in times}
