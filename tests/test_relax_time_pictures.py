"""The picture and the page of relaxed networks show what was measured."""

import json

import pytest

from benchmarks.relax_time.networks import TITLES
from benchmarks.relax_time.pictures import draw_regions
from benchmarks.relax_time.report import accuracies, short, write_report
from benchmarks.relax_time.rows import FIELDS, read_rows

LINES = (
    "digits,32,cnn,0,9,4,100,1.5,0.5,0.4,1.0,0 0",
    "digits,32,cnn goes on,0,5,1,100,1.5,0.55,0.45,1.0,0 0",
    '"digits",32,"relaxed, 2×2",0,5,2,200,1.4,0.6,0.65,2.0,0.1 0.2',
    '"digits",32,"relaxed, 2×2",1,5,3,200,1.4,0.8,0.75,1.8,0.3 0.4',
    '"digits",32,"relaxed, per pixel",0,5,3,300,1.4,0.9,0.85,3.0,0.1 0.2',
    "digits,32,mlp,0,9,4,300,1.5,0.3,0.2,0.5,",
    "digits,8,cnn goes on,0,5,1,100,1.5,0.25,0.45,0.2,0 0",
)


@pytest.fixture
def table(tmp_path):
    file = tmp_path / "times.csv"
    file.write_text("\n".join([",".join(FIELDS), *LINES, ""]), encoding="utf-8")
    where = {"digits, 32 images": {"conv": [[0.0, 1.0]]}}
    (tmp_path / "times-where.json").write_text(json.dumps(where))
    return file


def test_accuracy_and_seconds_are_drawn_against_regions(table):
    many, few, seconds = draw_regions(read_rows(table)).axes
    assert [each.get_text() for each in seconds.get_xticklabels()] == [
        "1×1",
        "2×2",
        "4×4",
        "7×7",
        "pixel",
    ]
    for axes, shown in ((many, [0.7, 0.9]), (seconds, [1.9, 3.0])):
        (bars,) = axes.containers
        assert bars.lines[0].get_xdata().tolist() == [1, 4]
        assert bars.lines[0].get_ydata().tolist() == pytest.approx(shown)
    across = {line.get_label(): line.get_ydata()[0] for line in many.lines}
    assert across["cnn goes on"] == pytest.approx(0.55)
    assert across["mlp"] == pytest.approx(0.3)
    assert few.get_ylabel() == "accuracy,\n8 images"
    assert seconds.get_ylabel() == "seconds an epoch,\n32 images"


def test_the_page_and_all_pictures_are_written(table):
    write_report(table)
    for name in ("times", "times-digits-32-where"):
        picture = table.with_name(f"{name}.svg")
        assert picture.read_bytes().startswith(b"<?xml")
    page = table.with_suffix(".md").read_text("utf-8")
    assert (
        "| digits, 32 images | relaxed, 2×2 | 2 | 5 | 200 | 70.0% ± 14.1% | "
        "70.0% ± 7.1% | 1.8 | 0.1 0.2 |" in page
    )
    assert "| digits, 32 images | mlp | 1 | 9 | 300 | 30.0% | 20.0% | 0.5 | – |" in page


def test_accuracies_stand_side_by_side_once_all_networks_are_trained(table):
    assert accuracies(read_rows(table)) == []
    with table.open("a", encoding="utf-8") as lines:
        for title in TITLES:
            lines.write(f'digits,8,"{title}",1,5,1,100,1.5,0.75,0.45,0.2,0 0\n')
    shown = ["75.0%"] * len(TITLES)
    shown[TITLES.index("cnn goes on")] = "50.0% ± 35.4%"
    assert accuracies(read_rows(table)) == [["digits, 8 images", "1", *shown]]


def test_studies_have_short_names_in_files():
    assert short("fashion_mnist-shifted, 10,000 images") == (
        "fashion_mnist-shifted-10000"
    )
