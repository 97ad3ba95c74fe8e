"""Rows of a benchmark that was not run, and the dots that figures make of them."""

import symclone_tf as sc

MLP = {"architecture": "mlp"}
FROZEN = {"architecture": "cloned", "symmetry": "frozen"}


def row(task, accuracy, seed=0, before=1e-6, after=0.5, **network):
    experiment = sc.experiments.Experiment(task=task, seed=seed, **network).complete()
    errors = {
        f"conv_{i}_{when}": None if network == MLP else i * value
        for i in (1, 2, 3, 4)
        for when, value in (("before", before), ("after", after))
    }
    return sc.experiments.Row(experiment, {"accuracy": accuracy, **errors})


def points(axes, marker="o"):
    """All dots of a panel, sorted."""
    lines = [line for line in axes.get_lines() if line.get_marker() == marker]
    return sorted(tuple(xy) for line in lines for xy in line.get_xydata().tolist())
