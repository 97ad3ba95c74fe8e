"""What is said of probes is what was measured."""

import collections
import json
import statistics

import pytest
from scipy import stats

from benchmarks.probes import EXPECTED, cells
from symclone_tf.probe.intervals import Interval, critical_value

from pages import RESULTS, doc, flowing, table

PAGE = doc("probe")
# What is known of the data; of blood cells only that C4 must not cost.
KNOWN = {"turned-digits": "preserve", "breaking-digits": "break", "fashion": "break"}


FILES = {name: RESULTS / "probes" / name / "probe.json" for name in EXPECTED}


@pytest.fixture(scope="module")
def kept():
    return {name: json.loads(file.read_text("utf-8")) for name, file in FILES.items()}


def test_the_page_has_all_probes_as_measured(kept):
    names = [row[0].replace(" ", "-") for row in table(PAGE, "data")]
    assert sorted(names) == sorted(EXPECTED)
    assert table(PAGE, "data") == [cells(FILES[name]) for name in names]
    counts = {
        name: found["verdicts"][0]["gain"]["count"] for name, found in kept.items()
    }
    fashion = counts.pop("fashion")
    assert set(counts.values()) == {5}
    assert f"with five seeds, {fashion} of clothes" in flowing(PAGE)


def test_verdicts_are_what_is_known(kept):
    verdicts = {name: found["verdicts"][0] for name, found in kept.items()}
    assert {name: verdicts[name]["verdict"] for name in KNOWN} == KNOWN
    assert verdicts["blood-cells"]["verdict"] != "break"
    assert verdicts["blood-cells"]["gain"]["high"] > 0


def mean_of(kept, group, few=False):
    """Test accuracy of networks that assume a group."""
    sizes = sorted({run["train_size"] for run in kept["runs"]})
    runs = [r for r in kept["runs"] if (r["group"], r["kind"]) == (group, "assumed")]
    chosen = [r["accuracy"] for r in runs if r["train_size"] == sizes[0 if few else 1]]
    return statistics.mean(chosen)


def test_a_quarter_of_the_digits_does_for_more(kept):
    few = mean_of(kept["turned-digits"], "c4", few=True)
    many = mean_of(kept["turned-digits"], "t2")
    text = flowing(PAGE)
    assert f"reach {few:.1%}, more than the {many:.1%}" in text
    gains = {name: found["verdicts"][0]["gain"]["mean"] for name, found in kept.items()}
    assert f"C4 gains {100 * gains['turned-digits']:.0f} points" in text
    assert f"blood cells {100 * gains['blood-cells']:.0f};" in text
    assert f"it costs {-100 * gains['fashion']:.0f} points" in text
    assert f"is to be told {-100 * gains['breaking-digits']:.0f}," in text


@pytest.mark.parametrize(
    ("name", "said"),
    [("turned-digits", "0.19 to 0.22"), ("breaking-digits", "0.26 to 0.30")],
)
def test_errors_are_those_of_the_layers(kept, name, said):
    errors = collections.defaultdict(list)
    for run in kept[name]["runs"]:
        if run["kind"] == "may break":
            for layer, error in run["errors"].items():
                errors[layer].append(error)
    means = [statistics.mean(found) for found in errors.values()]
    assert f"{min(means):.2f} to {max(means):.2f}" == said
    assert said in flowing(PAGE)


def test_the_minutes_are_those_that_it_took(kept):
    taken = [found["seconds"] / 60 for found in kept.values()]
    assert f"took {min(taken):.0f} to {max(taken):.0f} minutes" in flowing(PAGE)


def test_augmentation_is_compared_as_measured(kept):
    text = flowing(PAGE)
    for name, words in (
        ("turned-digits", "On rotated digits C4 is better than `RandomRotation` by"),
        ("blood-cells", "on blood cells by"),
    ):
        over = Interval(**kept[name]["verdicts"][0]["augmentation"])
        mean, low, high = (100 * x for x in (over.mean, over.low, over.high))
        signs = "" if low > 0 else "+"
        assert (
            f"{words} {mean:.1f} points ({low:{signs}.1f} to {high:{signs}.1f})" in text
        )


@pytest.mark.parametrize("count", [3, 5, 10])
def test_standard_errors_are_those_of_the_intervals(count):
    text = flowing(PAGE)
    assert f"{critical_value(count):.1f}" in text
    assert f"{stats.t.ppf(0.975, count - 1):.1f}" in text
