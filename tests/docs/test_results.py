"""The page on symmetry breaking says what was measured."""

import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.experiments.task_transformations import TASKS

from pages import (
    SYMMETRY_BREAKING,
    flowing,
    measured,
    results,
    table,
)

NETWORKS = {
    "`mlp`": "mlp",
    "`cnn`": "cnn",
    "`gcnn`": "gcnn",
    "Dense clones, frozen": "cloned, 9 blocks, frozen",
    "Dense clones, trainable": "cloned, 9 blocks, trainable",
    "local clones, frozen": "cloned, local, 9 blocks, frozen",
    "local clones, trainable": "cloned, local, 9 blocks, trainable",
    "Dense, anchored, kl 100": "cloned, 9 blocks, anchored (kl 100)",
    "Dense, anchored, kl 1,000": "cloned, 9 blocks, anchored (kl 1000)",
    "Dense, anchored, kl 10,000": "cloned, 9 blocks, anchored (kl 10000)",
    "local, last encoder, transformed inputs 0.2": (
        "cloned, local, 9 blocks, frozen ×3, anchored (transformed-inputs 0.2, encoder)"
    ),
    "local, last encoder, transformed inputs 0.3": (
        "cloned, local, 9 blocks, frozen ×3, anchored (transformed-inputs 0.3, encoder)"
    ),
    "local, last encoder, decoupled L2-SP 30": (
        "cloned, local, 9 blocks, frozen ×3, anchored (decoupled-l2-sp 30, encoder)"
    ),
    "local, anchored, kl 100": "cloned, local, 9 blocks, anchored (kl 100)",
    "local, anchored, kl 1,000": "cloned, local, 9 blocks, anchored (kl 1000)",
    "local, anchored, kl 10,000": "cloned, local, 9 blocks, anchored (kl 10000)",
    "Dense, 8 blocks, frozen": "cloned, 8 blocks, frozen",
    "Dense, 7 blocks, frozen": "cloned, 7 blocks, frozen",
    "local, 8 blocks, frozen": "cloned, local, 8 blocks, frozen",
    "local, 7 blocks, frozen": "cloned, local, 7 blocks, frozen",
}
# Trained with three seeds.
MAIN = list(NETWORKS)[:7]
DENSE_ANCHORED = (
    NETWORKS["Dense clones, trainable"],
    *(name for title, name in NETWORKS.items() if title.startswith("Dense, anchored")),
)
CONVOLUTIONS = ("conv_1_after", "conv_2_after", "conv_3_after", "conv_4_after")


def networks(group) -> dict:
    """Titles and names of a group's networks; under T(2) gcnn is cnn, and encoders
    do not break translations."""
    lacking = [n for t, n in NETWORKS.items() if t.startswith("local, last encoder")]
    lacking.append("gcnn")
    return {t: n for t, n in NETWORKS.items() if group != "t2" or n not in lacking}


def result_lines(group):
    """The page's table, as it follows from the benchmark's."""
    rows = measured(f"{group}.csv")
    found = {(r["Task"], r["Network"]): r for r in sc.experiments.summarize(rows)}
    for title, name in networks(group).items():
        keep, leave = found["invariance", name], found["breaking", name]
        assert keep["Seeds"] == leave["Seeds"]
        cells = [title, keep["Parameters"], keep["Accuracy"], keep["Untransformed"]]
        runs = [r for r in rows if r.experiment.network == name]
        cells.append(leave["Accuracy"])
        if group == "t2":
            cells.append(", ".join(noticed(runs, task) for task in TASKS))
        yield f"| {' | '.join((*cells, broken(runs)))} |"


def noticed(rows, task):
    """How far translations change the probabilities after a task, mean over seeds."""
    runs = [r.figures for r in rows if r.experiment.task == task]
    return f"{np.mean([f['network_after'] for f in runs]):.2f}"


def broken(rows):
    """Each convolution's equivariance error after breaking, mean over seeds."""
    figures = [r.figures for r in rows if r.experiment.task == "breaking"]
    if figures[0]["conv_1_after"] is None:
        return "–"
    means = [np.mean([f[name] for f in figures]) for name in CONVOLUTIONS]
    return ", ".join(
        f"{mean:.2f}" if mean >= 0.01 else f"{mean:.0e}" if mean else "0"
        for mean in means
    )


def accuracies(rows, network, task):
    return [
        row.figures["accuracy"]
        for row in rows
        if (row.experiment.network, row.experiment.task) == (network, task)
    ]


@pytest.mark.parametrize("group", ["c4", "t2"])
def test_results_are_those_measured(group):
    title = {"c4": "C4", "t2": "T(2)"}[group]
    said = [f"| {' | '.join(row)} |" for row in table(SYMMETRY_BREAKING, title)]
    assert said == list(result_lines(group))
    names = [name for t, name in networks(group).items() if t in MAIN]
    main_rows = [r for r in measured(f"{group}.csv") if r.experiment.network in names]
    assert len(main_rows) == len(TASKS) * len(names) * 3


def test_results_on_the_published_canvas_are_those_measured():
    rows = {r.experiment.network: r for r in measured("canvas-48/t2.csv")}
    said = []
    for title, name in list(networks("t2").items())[:4]:
        row = rows.pop(name)
        assert (row.experiment.canvas, row.experiment.max_translation) == (48, 15)
        assert row.experiment.task == "breaking"
        said.append(
            [
                title,
                f"{row.figures['parameters']:,}",
                f"{row.figures['accuracy']:.1%}",
                noticed([row], "breaking"),
                broken([row]),
            ]
        )
    assert table(SYMMETRY_BREAKING, "T(2), 48 pixels") == said
    assert not rows


def test_trainable_clones_beat_others_by_what_the_page_says():
    text = flowing(SYMMETRY_BREAKING)
    points, free = {}, NETWORKS["Dense clones, trainable"]
    for group in ("c4", "t2"):
        rows = measured(f"{group}.csv")
        mlp, cnn, clones = (
            100 * np.mean(accuracies(rows, name, "breaking"))
            for name in ("mlp", "cnn", free)
        )
        points[group] = (f"{clones - cnn:.1f}", f"{clones - mlp:.1f}")
    convolutions, mlp = points["c4"]
    assert f"{convolutions} points more than ordinary convolutions" in text
    assert f"and {mlp} more than the `mlp`" in text
    assert f"they get {points['t2'][1]} points more than the `mlp`" in text
    keep = [np.mean(accuracies(rows, n, "invariance")) for n in ("mlp", free)]
    assert f"and {100 * (keep[1] - keep[0]):.1f} more than it on *invariance*" in text


def test_local_clones_do_what_the_page_says():
    text = flowing(SYMMETRY_BREAKING)
    kinds = [NETWORKS[f"{kind} clones, trainable"] for kind in ("local", "Dense")]

    def more(group, figure, task):
        """Points that local clones get more than Dense ones."""
        means = [
            np.mean([r.figures[figure] for r in measured(f"{group}.csv") if fits(r)])
            for kind in kinds
            for fits in [
                lambda r, kind=kind: (
                    (r.experiment.network, r.experiment.task) == (kind, task)
                )
            ]
        ]
        return f"{100 * (means[0] - means[1]):.1f}"

    breaking = more("c4", "accuracy", "breaking")
    upright = more("c4", "upright_accuracy", "invariance")
    assert f"get {breaking} points more than Dense ones on *breaking*" in text
    assert f"{upright} more on upright digits" in text
    assert float(more("c4", "accuracy", "invariance")) > 0
    breaking = more("t2", "accuracy", "breaking")
    keep = more("t2", "accuracy", "invariance")
    assert f"get {breaking} points more than Dense ones on *breaking*" in text
    assert f"and {keep} more on *invariance*" in text
    for group, share in (("c4", "a fiftieth"), ("t2", "a 145th")):
        local, dense = (
            next(
                r.figures["parameters"]
                for r in measured(f"{group}.csv")
                if r.experiment.network == kind
            )
            for kind in kinds
        )
        expected = {"a fiftieth": 50, "a 145th": 145}[share]
        assert dense / local == pytest.approx(expected, rel=0.1)
        assert f"{share} of the weights" in text


def test_the_last_encoder_preserves_and_breaks_as_the_page_says():
    rows = measured("c4.csv")
    networks_ = {row.experiment.network for row in rows}
    both = {
        name: [np.mean(accuracies(rows, name, task)) for task in TASKS]
        for name in networks_
        if all(accuracies(rows, name, task) for task in TASKS)
    }
    text = flowing(SYMMETRY_BREAKING)
    for title in ("decoupled L2-SP 30", "transformed inputs 0.2"):
        keep, leave = both[NETWORKS[f"local, last encoder, {title}"]]
        assert f"{keep:.1%} on *invariance* and {leave:.1%} on *breaking*" in text
    best = max(both, key=lambda name: min(both[name]))
    assert best == NETWORKS["local, last encoder, transformed inputs 0.2"]


def test_networks_are_not_exactly_invariant_as_the_page_says():
    found = {(row["task"], row["canvas"]): row for row in results("shifts")["rows"]}
    text = flowing(SYMMETRY_BREAKING)
    seed = [f"{found[task, 40]['accuracy']:.1%}" for task in TASKS]
    assert f"With their seed `cnn` gets {' and '.join(seed)}." in text
    keep, leave = found["invariance", 56], found["breaking", 56]
    assert f"`cnn` gets {leave['accuracy']:.1%} right on *breaking*" in text
    assert f"and {keep['accuracy']:.1%} on *invariance*" in text
    moved = found["invariance", 40]["changes"][5]["classes"]
    assert (
        f"a translation by 6 pixels puts {moved:.0%} of the digits into another" in text
    )
    changes = [c["probabilities"] for row in (keep, leave) for c in row["changes"]]
    steps = [changes.pop(index) for index in (9, 3)]  # by 4 pixels, after each task
    assert f"changes its probabilities by {max(steps):.1%}" in text
    assert f"other translations by {min(changes):.0%} to {max(changes):.0%}" in text


@pytest.mark.parametrize("group", ["c4", "t2"])
def test_anchors_preserve_the_symmetry_as_the_page_says(group):
    rows = measured(f"{group}.csv")
    means = []
    for name in DENSE_ANCHORED:
        runs = [r for r in rows if r.experiment.network == name]
        figures = [r.figures for r in runs if r.experiment.task == "breaking"]
        means.append(np.mean([f[c] for f in figures for c in CONVOLUTIONS]))
    assert means == sorted(means, reverse=True)
    said = [f"{mean:.2f}" for mean in means]
    assert (
        f"{said[0]} without, and {said[1]}, {said[2]} and {said[3]} with"
    ) in flowing(SYMMETRY_BREAKING)


@pytest.mark.parametrize("group", ["c4", "t2"])
def test_anchors_regularise_local_clones_as_the_page_says(group):
    rows = measured(f"{group}.csv")
    text = flowing(SYMMETRY_BREAKING)
    names = [n for t, n in NETWORKS.items() if t.startswith("local, anchored")]
    for task in TASKS:
        (first, second, third) = (accuracies(rows, name, task)[0] for name in names)
        assert f"{first:.1%}, {second:.1%} and {third:.1%} on *{task}*" in text


def test_anchored_clones_get_what_trainable_ones_get_under_translations():
    rows = measured("t2.csv")
    free, *anchored = DENSE_ANCHORED
    for task in TASKS:
        found = accuracies(rows, free, task)
        for name in anchored:
            (accuracy,) = accuracies(rows, name, task)
            assert accuracy == pytest.approx(np.mean(found), abs=0.02)


def test_convolutions_are_exact_and_their_networks_are_not():
    rows = measured("t2.csv")
    for name in ("cnn", "cloned, 9 blocks, frozen"):
        runs = [r.figures for r in rows if r.experiment.network == name]
        assert max(run[conv] for run in runs for conv in CONVOLUTIONS) < 2e-6
        accuracy = np.mean(accuracies(rows, name, "breaking"))
        assert accuracy == pytest.approx(0.8, abs=0.02)
    assert not [r for r in rows if r.experiment.network == "gcnn"]


def test_rounding_does_what_the_page_says():
    found = results("parting")
    gradients = {row["kind"]: row for row in found["gradients"]}
    dense = gradients.pop("frozen Dense clones, blocks")
    biases = [dense[f"conv_{n}/bias"] for n in (1, 2)]
    text = flowing(SYMMETRY_BREAKING)
    assert "are off by {:.0%} and {:.0%}, where".format(*biases) in text
    assert dense["active"] == pytest.approx(0.5, abs=0.05)
    for row in gradients.values():
        assert row["active"] == 0
        assert max(v for k, v in row.items() if "conv" in k) < 1e-6
    last = {
        (r["kind"], r["seed"], r["nudge"]): r["accuracy"][-1]
        for r in found["accuracies"]
    }
    blocks, clones, exact = (
        last[kind, 1, 0]
        for kind in (
            "frozen Dense clones, blocks",
            "frozen Dense clones, as convolutions",
            "group convolutions",
        )
    )
    assert f"got {blocks:.1%} with seed 1 and Dense blocks, and {clones:.1%}" in text
    assert f"group convolutions get {exact:.1%}" in text
    for kind, said in (
        ("frozen Dense clones, as convolutions", "with clones"),
        ("group convolutions", "with group convolutions"),
    ):
        moved = [v for (k, s, n), v in last.items() if (k, s) == (kind, 1) and n]
        assert f"{min(moved):.1%} to {max(moved):.1%} {said}" in text
