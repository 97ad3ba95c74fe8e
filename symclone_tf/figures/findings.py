"""What a run found, in sentences made from its rows."""

import statistics

from symclone_tf.experiments import TASKS
from symclone_tf.symmetry import get_group

# NMSE of clones that answer as their teachers do.
AS_TEACHERS = 1e-6
_DID = {"invariance": "kept the symmetry best", "breaking": "left it best"}


def found_in_benchmark(group, rows) -> list[str]:
    """Two sentences on the networks of a benchmark, by their mean over seeds.

    Args:
        group: String, of the benchmark.
        rows: List of `Row`, see `read_benchmark`, not empty.

    Returns:
        List of strings: which network kept the symmetry best and which left it best;
        and which did both, by the larger of their smaller accuracies.

    Example:

    >>> kept = Row(Experiment("gcnn").complete(), {"accuracy": 0.9})
    >>> _, missing = found_in_benchmark("c4", [kept])
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
    found = {task: {} for task in TASKS}
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
    kept, left = pairs[network]
    return (
        f"“{network}” did both best, with {kept:.1%} on invariance and {left:.1%} on "
        "breaking: its smaller accuracy is the largest of all."
    )


def found_in_clones(groups, artifacts) -> list[str]:
    """Two sentences on clones, where no network was trained.

    Args:
        groups: List of strings, not empty.
        artifacts: List of `Artifact`, see `list_artifacts`.

    Returns:
        List of strings: how exact the clones are, if there are measured ones; and what
        would tell more.

    Example:

    >>> found_in_clones(["c4"], [])[0].partition(":")[0]
    'The benchmark of digits has no network of C4 yet'
    """
    titles = " and ".join(get_group(group).title for group in groups)
    does = f"symclone-tf benchmark --group {groups[0]} does"
    last = (
        f"The benchmark of digits has no network of {titles} yet: {does}, and draws "
        "what they keep and break."
    )
    measured = sorted(
        (artifact.record["nmse"], artifact.name)
        for artifact in artifacts
        if "nmse" in artifact.record
    )
    if not measured:
        return [last]
    exact = sum(error < AS_TEACHERS for error, _ in measured)
    (least, best), (most, worst) = measured[0], measured[-1]
    return [
        f"Of {len(measured)} clones, {exact} answer as their teachers do, with an NMSE "
        f"below {AS_TEACHERS:.0e}; it is {least:.0e} of {best} and {most:.0e} of "
        f"{worst}.",
        last,
    ]
