import dataclasses

import pytest

from symclone_tf.errors import ArtifactError
from symclone_tf.experiments.experiment import Experiment
from symclone_tf.experiments.tables import (
    FIGURES,
    Row,
    append_row,
    figures_of,
    flat,
    markdown,
    read_benchmark,
    summarize,
)


def row(accuracy, **options):
    figures = dict.fromkeys(FIGURES) | {"accuracy": accuracy, "parameters": 826506}
    return Row(Experiment(**options).complete(), figures)


ROWS = [
    row(0.75, architecture="mlp"),
    row(0.25, architecture="mlp", seed=1),
    row(0.5, architecture="cloned", symmetry="anchored", anchor="kl"),
    row(0.125, architecture="cnn", task="breaking"),
    row(0.875, architecture="cnn", group="t2", max_translation=1, canvas=28),
]
REGIONAL = {"architecture": "cloned", "student": "regional"}


@pytest.fixture
def file(tmp_path):
    for each in ROWS:
        append_row(tmp_path / "all.csv", each)
    return tmp_path / "all.csv"


def test_rows_survive_being_written(file):
    assert read_benchmark(file) == ROWS
    assert len(file.read_text().splitlines()) == 1 + len(ROWS)


def test_line_that_was_cut_off_is_none_and_is_mended(file):
    file.write_text(file.read_text()[:-30])
    assert read_benchmark(file) == ROWS[:-1]
    append_row(file, ROWS[-1])
    assert read_benchmark(file) == ROWS


def test_regions_survive_being_written(tmp_path):
    rows = [row(0.5, **REGIONAL, regions=each) for each in (None, 2, (3, 2))]
    for each in rows:
        append_row(tmp_path / "regional.csv", each)
    assert read_benchmark(tmp_path / "regional.csv") == rows
    assert ",3x2," in (tmp_path / "regional.csv").read_text()
    networks = [line["Network"] for line in summarize(rows)]
    assert networks == [
        "cloned, regional, 9 blocks, frozen",
        "cloned, regional 2×2, 9 blocks, frozen",
        "cloned, regional 3×2, 9 blocks, frozen",
    ]


def test_deep_tables_begun_before_there_were_regions_go_on(tmp_path):
    file = tmp_path / "deep.csv"
    figures = dict.fromkeys(figures_of(6), 0.5) | {"parameters": 9}
    deep = dataclasses.replace(ROWS[0], figures=figures)
    append_row(file, deep)
    header, *lines = file.read_text().splitlines()
    kept = [
        n
        for n, name in enumerate(header.split(","))
        if name not in ("keep_together", "regions")
    ]

    def without(line):
        cells = line.split(",")
        return ",".join(cells[n] for n in kept) + "\n"

    file.write_text("".join(map(without, [header, *lines])))
    assert read_benchmark(file) == [deep]
    append_row(file, row(0.5, **REGIONAL, regions=2))
    assert file.read_text().splitlines()[0] == header
    assert len(read_benchmark(file)) == 2


@pytest.mark.parametrize(
    "earlier",
    [
        [],
        ["regions"],
        ["regions", "data", "image_size"],
        ["regions", "data", "image_size", "trainable_part"],
        ["regions", "data", "image_size", "trainable_part", "student"],
    ],
)
def test_tables_begun_before_there_was_a_choice_go_on(file, earlier):
    missing = ["keep_together", *earlier]
    header, *lines = file.read_text().splitlines()
    kept = [n for n, name in enumerate(header.split(",")) if name not in missing]

    def without(line):
        cells = line.split(",")
        return ",".join(cells[n] for n in kept) + "\n"

    begun = "".join(map(without, [header, *lines]))
    file.write_text(begun)
    assert read_benchmark(file) == ROWS
    assert file.read_text() == begun
    local = row(0.25, architecture="cloned", student="local")
    append_row(file, local)
    assert read_benchmark(file) == [*ROWS, local]
    assert file.read_text().splitlines()[0] == header


def test_of_no_rows_there_is_nothing_to_say():
    assert summarize([]) == []


def test_networks_of_large_images_have_more_convolutions(file):
    errors = {f"conv_{n}": {"before": 0.5, "after": n} for n in range(1, 7)}
    errors["network"] = {"before": 0.25, "after": 7.0}
    metrics = {"accuracy": 0.5, "parameters": 9, "equivariance_error": errors}
    deep = Row(Experiment("gcnn", image_size=128).complete(), flat(metrics))
    assert deep.figures["conv_6_after"] == 6
    append_row(file, deep)
    append_row(file, ROWS[0])
    found = read_benchmark(file)
    assert found[-2] == deep
    assert [each.experiment for each in found] == [
        each.experiment for each in (*ROWS, deep, ROWS[0])
    ]
    assert [each.figures.get("conv_5_after") for each in found] == [None] * 5 + [
        5,
        None,
    ]
    *_, last = (line for line in summarize(found) if line["Network"] == "gcnn")
    assert last["conv 6"] == "5e-01 → 6e+00"
    assert last["network"] == "2e-01 → 7e+00"


def test_rows_of_other_images_survive(tmp_path):
    sizes = {"image_size": 16, "canvas": 28, "train_size": 8, "test_size": 2}
    options = {"data": 'my "photos", 2024.npz', "group": "t2", **sizes}
    mine = row(0.5, architecture="cnn", **options)
    append_row(tmp_path / "mine.csv", mine)
    assert read_benchmark(tmp_path / "mine.csv") == [mine]
    assert mine.experiment.data == options["data"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace("826506", "inf").encode(),
        lambda text: text.encode() + b"\xff\n",
        lambda text: text.encode() + b'"' + b"x" * 200_000 + b'"\n',
        lambda text: text.replace(",c4,", ",c99,").encode(),
        lambda text: text.replace(",c4,", ",,").encode(),
        lambda text: text.replace(",c4,", ",").encode(),
    ],
)
def test_damaged_tables_are_refused(file, damage):
    file.write_bytes(damage(file.read_text()))
    with pytest.raises(ArtifactError, match=r"all\.csv cannot be read"):
        read_benchmark(file)


def test_foreign_tables_are_refused(tmp_path):
    (tmp_path / "mine.csv").write_text("mine\n1\n")
    with pytest.raises(ArtifactError, match=r"mine\.csv is not a table"):
        read_benchmark(tmp_path / "mine.csv")


def test_blank_lines_are_none(file):
    file.write_text(file.read_text() + "\n\n")
    assert read_benchmark(file) == ROWS


def test_summary_is_a_line_a_task_and_network():
    lines = summarize(ROWS[:4])
    assert [(line["Task"], line["Network"], line["Seeds"]) for line in lines] == [
        ("invariance", "mlp", "2"),
        ("invariance", "cloned, 9 blocks, anchored (kl 1000)", "1"),
        ("breaking", "cnn", "1"),
    ]
    assert [line["Accuracy"] for line in lines] == ["50.0% ± 35.4%", "50.0%", "12.5%"]
    table = markdown(ROWS[:4]).splitlines()
    assert len(table) == 2 + len(lines)
    assert table[2].startswith("| invariance | mlp | 2 | 50.0% ± 35.4% | – | 826,506 |")


def test_figures_that_a_network_has_not_are_dashes():
    figures = ROWS[0].figures | {"conv_1_before": 1e-7, "conv_1_after": 0.5}
    (line,) = summarize([dataclasses.replace(ROWS[0], figures=figures)])
    assert line["conv 1"] == "1e-07 → 5e-01"
    assert line["conv 2"] == "–"


def test_no_table_has_no_rows(tmp_path):
    assert read_benchmark(tmp_path / "none.csv") == []
    (tmp_path / "empty.csv").touch()
    assert read_benchmark(tmp_path / "empty.csv") == []
