"""What a run found, in sentences made from its rows."""

import statistics

from symclone_tf.artifacts import Artifact
from symclone_tf.experiments import TASKS, Row
from symclone_tf.symmetry import get_group

# Below this NMSE, a clone's outputs are those of its teacher.
EXACT = 1e-6
_DID = {
    "invariance": "preserved equivariance best",
    "breaking": "broke the symmetry best",
}


def found_in_benchmark(group: str, rows: list[Row]) -> list[str]:
    """Two sentences on the networks of a benchmark, by their mean over seeds.

    Args:
        group: String, of the benchmark.
        rows: List of `Row`, see `read_benchmark`, not empty.

    Returns:
        List of strings: the networks that preserved equivariance best and broke the
        symmetry best; and the network that did both best, the one whose smaller
        accuracy is the largest.

    Example:

    >>> row = Row(Experiment("gcnn").complete(), {"accuracy": 0.9})
    >>> _, missing = found_in_benchmark("c4", [row])
    >>> missing
    'None was trained on breaking yet: symclone-tf benchmark --group c4 goes on.'
    """
    title, means = get_group(group).title, _means(rows)
    best = [
        f"“{network}” {_DID[task]}, with {accuracy:.1%} on {task}"
        for task in TASKS
        for network, accuracy in sorted(means[task].items(), key=_accuracy)[-1:]
    ]
    first = f"Of the networks trained on {title}'s tasks, {', and '.join(best)}."
    missing = [task for task in TASKS if not means[task]]
    if missing:
        goes_on = f"symclone-tf benchmark --group {group} goes on"
        return [first, f"None was trained on {missing[0]} yet: {goes_on}."]
    return [first, _both(means)]


def _means(rows) -> dict[str, dict[str, float]]:
    """Mean accuracy by task and network."""
    found: dict[str, dict[str, list[float]]] = {task: {} for task in TASKS}
    for row in rows:
        of_task = found[row.experiment.task]
        of_task.setdefault(row.experiment.network, []).append(row.figures["accuracy"])
    return {
        task: {network: statistics.mean(all_seeds) for network, all_seeds in by.items()}
        for task, by in found.items()
    }


def _accuracy(item) -> float:
    return item[1]


def _both(means) -> str:
    invariance, breaking = (means[task] for task in TASKS)
    pairs = {n: (invariance[n], breaking[n]) for n in invariance if n in breaking}
    if not pairs:
        return "No network was trained on both."
    network = max(pairs, key=lambda name: min(pairs[name]))
    preserved, broken = pairs[network]
    return (
        f"“{network}” did both best, with {preserved:.1%} on invariance and "
        f"{broken:.1%} on breaking: its smaller accuracy is the largest of all "
        "networks'."
    )


def found_in_clones(groups: list[str], artifacts: list[Artifact]) -> list[str]:
    """Two sentences on clones, for a report without trained networks.

    Args:
        groups: List of strings, not empty.
        artifacts: List of `Artifact`, see `list_artifacts`.

    Returns:
        List of strings: how exact the clones are, if any were measured; and what to
        run next.

    Example:

    >>> found_in_clones(["c4"], [])[0].partition(":")[0]
    'No network of C4 was trained on digits yet'
    """
    titles = " and ".join(get_group(group).title for group in groups)
    does = f"symclone-tf benchmark --group {groups[0]} trains them"
    last = (
        f"No network of {titles} was trained on digits yet: {does}, to compare how "
        "networks preserve the symmetry and break it."
    )
    measured = sorted(
        (artifact.record["nmse"], artifact.name)
        for artifact in artifacts
        if "nmse" in artifact.record
    )
    if not measured:
        return [last]
    exact = sum(error < EXACT for error, _ in measured)
    (least, best), (most, worst) = measured[0], measured[-1]
    return [
        f"Of {len(measured)} clones, {exact} compute the outputs of their teachers, "
        f"with an NMSE below {EXACT:.0e}. It ranges from {least:.0e} for {best} to "
        f"{most:.0e} for {worst}.",
        last,
    ]
