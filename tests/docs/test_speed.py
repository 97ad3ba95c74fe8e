"""What is said of time, memory and operations is what was measured."""

import json
import re

import numpy as np
import pytest

from pages import (
    GALLERY,
    README,
    RESULTS,
    SYMMETRY_BREAKING,
    blocks,
    doc,
    flowing,
    measured,
    results,
    table,
    text_of,
)


def test_benchmarks_take_as_long_as_the_pages_say():
    hours = [
        sum(
            row.figures["seconds"]
            for row in measured(f"{group}.csv")
            if row.experiment.student != "local"
        )
        / 3600
        for group in ("c4", "t2")
    ]
    assert min(hours) > 4
    assert hours[0] == pytest.approx(hours[1], rel=0.1)
    assert "which took over four hours" in flowing(SYMMETRY_BREAKING)


def test_networks_take_what_the_page_says():
    groups = results("networks")["groups"]
    text = flowing(doc("speed"))
    steps = {
        (group, row["network"]): row
        for group, found in groups.items()
        for row in found["steps"]
    }
    frozen, dense, local, teacher, large, small, plain = (
        f"{1e3 * steps[group, name]['plain']:.0f} ms with {title}"
        for title, group, name in (
            ("frozen C4 clones", "c4", "cloned, 9 blocks, frozen"),
            ("trainable Dense ones", "c4", "cloned, 9 blocks, trainable"),
            (
                "trainable locally connected ones",
                "c4",
                "cloned, local, 9 blocks, trainable",
            ),
            ("`GroupConv2D`", "c4", "gcnn"),
            ("trainable Dense clones", "t2", "cloned, 9 blocks, trainable"),
            (
                "trainable locally connected ones",
                "t2",
                "cloned, local, 9 blocks, trainable",
            ),
            ("`Conv2D`", "t2", "cnn"),
        )
    )
    assert f"{frozen}, {dense}, {local}, and {teacher}; under T(2)" in text
    assert f"under T(2) {large}, {small}, and {plain}" in text
    pipeline = groups["c4"]["pipeline"] / np.ceil(10_000 / 64)
    assert f"input pipeline takes {1e3 * pipeline:.1f} ms" in text
    trained = [r for (g, n), r in steps.items() if g == "c4" and "trainable" in n]
    assert all(row["xla"] > row["plain"] for row in trained)
    for group in groups.values():
        assert group["agreement"]["agree"] == group["agreement"]["digits"] == 10_000


def test_cloning_takes_what_the_page_says():
    costs = results("cloning")
    rate = costs["products"]["rate"]
    assert f"at {rate / 1e9:.0f} GFLOP/s" in flowing(doc("speed"))
    found = {
        kind: {(row["layer"], row["size"]): row for row in costs[kind]}
        for kind in ("training", "solving")
    }
    said = table(doc("speed"), "layer")
    assert len(said) == 6
    for layer, size, *cells in said:
        training, solving = (found[k][layer, int(size)] for k in found)
        assert training["nmse"] < 1e-6
        assert cells == [
            f"{seconds(training['seconds'])} s",
            f"{training['rate'] / rate:.0%}",
            f"{seconds(solving['seconds'])} s",
            f"{training['weights'] / 1e6:.0f} MB",
        ]
    loop, package = costs["loop"]["seconds"], costs["loop_against"]["seconds"]
    text = flowing(doc("speed"))
    assert f"takes {loop:.0f} s to NMSE 1e-4 on 10×10" in text
    assert f"takes {package:.2f} s, most" in text
    assert f"{loop / package:.0f} times less" in text


def seconds(value) -> str:
    """To two digits."""
    return f"{float(f'{value:.2g}'):g}"


def test_students_take_more_than_teachers_as_the_pages_say():
    found = {}
    for row in results("cloning")["layers"]:
        operations = row["student_operations"] / row["teacher_operations"]
        time = row["student_forward"] / row["teacher_forward"]
        found[row["size"]] = (f"{operations:.0f}", f"{time:.0f}")
    text = flowing(doc("speed"))
    (large, slow), (middle, slower), (small, slowest) = found.values()
    assert f"28×28 with one channel takes {large} times the operations" in text
    assert f"on these cores {slow} times the time" in text
    assert f"takes {middle} times the operations, and {slower} times the time" in text
    assert f"{small} times the operations, and {slowest} times the time" in text
    assert f"take {small} to {large} times the operations" in flowing(README)


def test_local_layers_take_what_the_pages_say():
    rows = json.loads(text_of(RESULTS / "layers.json"))["rows"]
    ratios = {
        what: [row[f"local_{what}"] / row[f"convolution_{what}"] for row in rows]
        for what in ("operations", "forward", "step")
    }
    for number, row in enumerate(rows):
        cells = [f"{row['layer']}, {row['channels']} → {row['filters']}"]
        cells += [
            str(row["batch"]),
            *(f"{ratio[number]:.1f}" for ratio in ratios.values()),
            *(
                f"{row[f'frozen_{what}'] / row[f'convolution_{what}']:.2f}"
                for what in ("forward", "step")
            ),
        ]
        assert f"\n| {' | '.join(cells)} |\n" in text_of(doc("speed"))
    said = [
        f"{min(ratios[what]):.1f} to {max(ratios[what]):.1f}"
        for what in ("operations", "step")
    ]
    assert (
        f"locally connected ones {said[0]} times, and {said[1]} times the time of a "
        "training step"
    ) in flowing(README)


SERVED = {
    "C4 lifting 28×28, a kernel for each image": "C4 lifting 28×28, a kernel each",
    "C4 lifting 28×28, 1 → 10 channels, exported convolution": (
        "C4 lifting 28×28, 1 → 10, exported convolution"
    ),
    "C4 group 12×12, 10 → 20 channels, exported convolution": (
        "C4 group 12×12, 10 → 20, exported convolution"
    ),
    "C4 group 12×12, 10 → 20 channels, exported factored": (
        "C4 group 12×12, 10 → 20, exported factored"
    ),
    "MNIST classifier of frozen C4 clones": "MNIST classifier",
}


def test_frozen_layers_take_a_convolutions_time():
    for row in json.loads(text_of(RESULTS / "layers.json"))["rows"]:
        for what in ("forward", "step"):
            assert row[f"frozen_{what}"] < 1.2 * row[f"convolution_{what}"]


def test_groups_of_channels_take_what_the_page_says():
    rows = json.loads(text_of(RESULTS / "layers.json"))["groups"]["rows"]
    whole = {row["layer"]: row for row in rows if row["groups"] == 1}
    said = table(doc("speed"), "layer | groups")
    measured_again = [row for row in rows if row["groups"] > 1]
    assert len(said) == len(measured_again) == 8
    for row, cells in zip(measured_again, said, strict=True):
        one = whole[row["layer"]]
        ratios = [
            row[f"{symmetry}_{what}"] / one[f"{symmetry}_{what}"]
            for symmetry in ("frozen", "trainable")
            for what in ("forward", "step")
        ]
        title = f"{row['layer']}, {row['channels']} → {row['filters']}"
        assert cells == [title, str(row["groups"]), *(f"{r:.2f}" for r in ratios)]
        frozen_forward, frozen_step, _, trainable_step = ratios
        assert max(frozen_forward, frozen_step, trainable_step) < 1.15


def test_local_students_grow_as_the_page_says():
    rows = results("growth")["rows"]
    said = table(doc("speed"), "size")
    assert len(said) == len(rows) == 5
    for row, cells in zip(rows, said, strict=True):
        assert cells == [
            f"{row['size']}×{row['size']}",
            f"{row['weights'] / 1e6:.3g}",
            f"{row['trained_seconds']:.2f}",
            f"{row['trained_memory'] / 1e9:.2f}",
            f"{row['solved_seconds']:.2f}",
            f"{row['solved_memory'] / 1e9:.2f}",
        ]
        assert max(row["trained_nmse"], row["solved_nmse"]) < 1e-13
    before, last = rows[-2:]
    for what in ("trained_seconds", "weights"):
        power = np.log2(last[what] / before[what])
        assert power == pytest.approx(2, abs=0.1)


def test_serving_takes_what_the_page_says():
    found = {(r["model"], r["batch"]): r for r in results("serving")["rows"]}
    for batch in (1, 32, 256):  # the MNIST classifier and the gcnn
        row = found["MNIST classifier", batch]
        assert row["served"] > 0.8 * row["teacher"]
    kinds = [
        f"C4 group 12×12, 10 → 20, exported {k}" for k in ("factored", "convolution")
    ]
    slow, fast = (found[kind, 256]["served"] for kind in kinds)
    assert fast / slow == pytest.approx(3, abs=0.5)
    assert "they take three times as long" in flowing(doc("serving"))
    said, model = table(doc("serving"), "model"), None
    assert len(said) == 2 * len(SERVED)
    for title, batch, *cells in said:
        model = SERVED[title] if title else model
        row = found[model, int(batch)]
        names = ("served", "memory", "teacher")
        assert cells == [f"{row[name]:,.0f}" for name in names]


def test_record_is_one_that_comes_with_the_project():
    file = GALLERY.parent / "t2-8x8-k3" / "1" / "assets.extra" / "clone.json"
    record = json.loads(file.read_text("utf-8"))
    (said,) = blocks(doc("artifacts"), "json")
    for name in ("format", "parameters", "nmse"):
        assert f'"{name}": {json.dumps(record[name])},' in said
    for part in ("teacher", "student"):
        shown = re.search(rf'"{part}": (.*)…', said).group(1).rstrip(", ")
        values = json.loads(shown + "}}")
        assert values["name"] == record[part]["name"]
        assert values["config"].items() <= record[part]["config"].items()


def regional(name):
    return json.loads(text_of(RESULTS / "layers.json"))[name]


def test_regional_layers_take_what_the_page_says():
    for row in regional("regions")["rows"]:
        for clone in ("local", *map(str, row["regions"])):
            pixels = "1" if clone == "local" else f"{row['outputs'] / int(clone):.3g}"
            kind = "local" if clone == "local" else f"{clone}×{clone} regions"
            cells = [f"{row['layer']}, {row['channels']} → {row['filters']}"]
            cells += [str(row["batch"]), kind, pixels]
            cells += [
                f"{row[f'{clone}_{what}'] / row[f'convolution_{what}']:.2f}"
                for what in ("forward", "step")
            ]
            assert f"\n| {' | '.join(cells)} |\n" in text_of(doc("speed"))


@pytest.mark.parametrize(
    ("what", "least", "most"),
    [("regions of 12 to 28 pixels", 12, 28), ("of 8 pixels", 7, 8)],
)
def test_with_onednn_they_take_what_the_page_says(what, least, most):
    said = []
    for kind in ("forward", "step"):
        ratios = [
            row[f"{number}_{kind}"] / row[f"convolution_{kind}"]
            for row in regional("regions with oneDNN")["rows"]
            for number in row["regions"]
            if least <= row["outputs"] / number <= most
        ]
        said.append(f"{min(ratios):.1f} to {max(ratios):.1f} times the {kind}")
    forward, step = said
    assert f"{what} take {forward} pass and {step}" in flowing(doc("speed"))


def test_a_regional_network_takes_what_the_page_says():
    found = regional("regions")
    step, weights = found["network"]["step"], found["network"]["weights"]
    memory = {name: f"{value / 1e6:.0f} MB" for name, value in found["memory"].items()}
    text = flowing(doc("speed"))
    assert (
        f"takes {memory['convolution']} of memory as a convolution, {memory['4']} in "
        f"4×4 regions, and {memory['local']} as a local clone"
    ) in text
    for name in ("regional", "default"):
        assert f"{step[name] / step['convolutions']:.2f} times" in text
        assert f"{weights[name] / weights['convolutions']:.3f} times the weig" in text
    step = regional("regions with oneDNN")["network"]["step"]
    ratio = step["regional"] / step["convolutions"]
    assert f"and ResNet50's step {ratio:.2f} times" in text
