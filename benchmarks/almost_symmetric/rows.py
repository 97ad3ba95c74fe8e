"""Runs, from this comparison's table and from that of `symclone-tf benchmark`."""

import csv

import symclone_tf as sc

KEY = ("method", "strength", "task", "seed", "train_size", "epochs")
FIELDS = (
    *(*KEY, "accuracy", "upright_accuracy", "error"),
    *("weights", "seconds_per_epoch", "validation_accuracy"),
)
LAST = "frozen,frozen,frozen,anchored"
KINDS = {"local": "clones", "dense": "Dense clones"}
ANCHORS = {
    "transformed-inputs": "transformed inputs",
    "decoupled-l2-sp": "decoupled L2-SP",
    "l2-sp": "L2-SP",
}


def read(file) -> list[dict]:
    """The runs of this comparison's table; of a run that was repeated, the last.

    Args:
        file: Path; none are in a file that is not there.
    """
    if not file.exists():
        return []
    with file.open(encoding="utf-8", newline="") as stream:
        rows = [_parsed(row) for row in csv.DictReader(stream)]
    return list({key_of(row): row for row in rows}.values())


def _parsed(row) -> dict:
    words = ("method", "task")
    numbers = {
        name: float(value) if value else None
        for name, value in row.items()
        if name not in words
    }
    whole = ("seed", "train_size", "epochs", "weights")
    return {**row, **numbers, **{name: int(numbers[name]) for name in whole}}


def read_all(file, benchmark) -> list[dict]:
    """The runs of both tables; of runs in both, the benchmark's, but for those of
    this table that were validated too.

    Args:
        file: Path, of this comparison's table.
        benchmark: Path, of the table of `symclone-tf benchmark`.
    """
    found = [of_benchmark(row) for row in sc.experiments.read_benchmark(benchmark)]
    found = [row for row in found if row]
    own = read(file)
    validated = {
        key_of(row) for row in own if row.get("validation_accuracy") is not None
    }
    found = [row for row in found if key_of(row) not in validated]
    known = {key_of(row) for row in found}
    return found + [row for row in own if key_of(row) not in known]


def key_of(row) -> tuple:
    """What distinguishes a run: the values of `KEY`."""
    return tuple(row[name] for name in KEY)


def of_benchmark(row) -> dict | None:
    """A run of the benchmark as one of this comparison, if it is one.

    Args:
        row: `symclone_tf.experiments.Row`.
    """
    experiment, figures = row.experiment, row.figures
    titled = method_of(experiment)
    if titled is None or (experiment.group, experiment.canvas) != ("c4", 28):
        return None
    return {
        **dict(zip(("method", "strength"), titled)),
        **{name: getattr(experiment, name) for name in KEY[2:]},
        "accuracy": figures["accuracy"],
        "upright_accuracy": figures["upright_accuracy"],
        "error": None,
        "weights": int(figures["parameters"]),
        "seconds_per_epoch": figures["seconds_per_epoch"],
        "validation_accuracy": None,
    }


def method_of(experiment) -> tuple[str, float | None] | None:
    """The method and strength of an experiment; `None` if it is not compared."""
    if experiment.architecture != "cloned":
        return experiment.architecture, None
    if experiment.blocks != 9:
        return None
    kind, symmetry = KINDS[experiment.student], experiment.symmetry
    if symmetry in ("frozen", "trainable"):
        return f"{kind}, {symmetry}", None
    anchor = ANCHORS.get(experiment.anchor, experiment.anchor)
    if symmetry == LAST and experiment.trainable_part == "encoder":
        return f"last clone, {anchor}", experiment.anchor_strength
    if symmetry == "anchored" and experiment.trainable_part == "all":
        return f"{kind}, {anchor}", experiment.anchor_strength
    return None
