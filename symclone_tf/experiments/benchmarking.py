"""A benchmark: every network on both tasks, in a table that can be continued."""

import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

from symclone_tf.artifacts import check_directory, write_file
from symclone_tf.checks import one_of, positive_integer
from symclone_tf.experiments.experiment import Experiment
from symclone_tf.experiments.experiment_data import open_data
from symclone_tf.experiments.network_layouts import exact_blocks
from symclone_tf.experiments.runs import experiment_checkpoint, run_experiment
from symclone_tf.experiments.tables import (
    OPTIONS,
    Row,
    append_row,
    flat,
    markdown,
    read_benchmark,
)
from symclone_tf.experiments.task_transformations import TASKS
from symclone_tf.symmetry import PointGroup, get_group
from symclone_tf.types import Path
from symclone_tf.workspace import Workspace

# Networks that are trained with every seed.
NETWORKS: tuple[dict[str, Any], ...] = (
    {"architecture": "mlp"},
    {"architecture": "cnn"},
    {"architecture": "gcnn"},
    {"architecture": "cloned", "symmetry": "frozen"},
    {"architecture": "cloned", "symmetry": "trainable"},
)
ANCHOR_STRENGTHS = (1e2, 1e3, 1e4)
VARIANTS: tuple[dict[str, Any], ...] = (
    *(
        {
            "architecture": "cloned",
            "symmetry": "anchored",
            "anchor": "kl",
            "anchor_strength": strength,
        }
        for strength in ANCHOR_STRENGTHS
    ),
    {"architecture": "cloned", "symmetry": "frozen", "blocks": 8},
    {"architecture": "cloned", "symmetry": "frozen", "blocks": 7},
)
"""Variants of clones that a benchmark trains once, as options of `Experiment`; of
groups whose exact clones have 9 blocks, see `variants_of`."""

# Options that all rows of one table share.
_OF_CLONES = ("symmetry", "anchor", "anchor_strength", "trainable_part", "blocks")
_OF_STUDENTS = ("student", "regions")
_SHARED = tuple(
    name
    for name in OPTIONS
    if name not in ("task", "seed", "architecture", *_OF_STUDENTS, *_OF_CLONES)
)


def networks_of(group: str | PointGroup) -> tuple[dict[str, Any], ...]:
    """The networks of a group that are trained with every seed.

    Under T(2) there is no gcnn, whose convolutions would be those of the cnn.

    Args:
        group: String or `PointGroup`.

    Returns:
        Tuple of dictionaries, options of `Experiment`.

    Example:

    >>> [network["architecture"] for network in networks_of("t2")]
    ['mlp', 'cnn', 'cloned', 'cloned']
    """
    same = {"architecture": "gcnn"}
    trivial = get_group(group).is_trivial
    return tuple(n for n in NETWORKS if not (trivial and n == same))


def variants_of(group: str | PointGroup) -> tuple[dict[str, Any], ...]:
    """The networks of a group that are trained with one seed.

    Args:
        group: String or `PointGroup`.

    Returns:
        Tuple of dictionaries, options of `Experiment`: `VARIANTS`, whose frozen clones
        have one and two blocks less than an exact copy needs.

    Example:

    >>> [variant.get("blocks") for variant in variants_of("c8")]
    [None, None, None, 5, 4]
    """
    fewer = 9 - exact_blocks(group)
    return tuple(
        {**variant, "blocks": variant["blocks"] - fewer}
        if "blocks" in variant
        else variant
        for variant in VARIANTS
    )


def benchmark_plan(
    group: str,
    seeds: int = 3,
    student: str = "dense",
    only: Mapping[str, Any] | None = None,
    regions: int | tuple[int, int] | None = None,
    **options: Any,
) -> list[Experiment]:
    """All experiments of a benchmark, in the order in which they run.

    Args:
        group: String, as `"t2"`, `"flip"`, `"c4"` or `"c8"`, see
            `sc.symmetry.get_group`.
        seeds: Integer, the number of seeds of the main networks: `"mlp"`, `"cnn"`,
            `"gcnn"` except under T(2), where it is the `"cnn"`, and frozen and
            trainable clones. Anchored clones and those with one and two blocks less
            than exact ones, 8 and 7 where the group permutes pixels, are trained with
            seed 0 only.
        student: String, the registered name of the clones' kind of students.
        only: Dictionary of the options `symmetry`, `anchor`, `anchor_strength`,
            `trainable_part` and `blocks` of `Experiment`, to train clones of this kind
            alone, with every seed; `None` for all networks.
        regions: Integer or pair of integers, of `"regional"` students.
        **options: Of `Experiment`, the same for all.

    Returns:
        List of `Experiment`.

    Raises:
        ValueError: If an option is not accepted.

    Example:

    >>> len(benchmark_plan("c4", seeds=3))
    40
    >>> len(benchmark_plan("c4", seeds=3, only={"symmetry": "anchored"}))
    6
    """
    positive_integer("seeds", seeds)
    for name in options:
        one_of("options", name, _SHARED)
    for name in only or ():
        one_of("only", name, _OF_CLONES)

    def of_kind(network: Mapping[str, Any]) -> dict[str, Any]:
        cloned = network["architecture"] == "cloned"
        students = {"student": student, "regions": regions} if cloned else {}
        return {**network, **options, **students}

    repeated, once = networks_of(group), variants_of(group)
    if only:
        repeated, once = ({"architecture": "cloned", **only},), ()
    main = [
        Experiment(group=group, task=task, seed=seed, **of_kind(network))
        for seed in range(seeds)
        for task in TASKS
        for network in repeated
    ]
    variants = [
        Experiment(group=group, task=task, **of_kind(network))
        for task in TASKS
        for network in once
    ]
    return [experiment.complete() for experiment in (*main, *variants)]


def benchmark(
    group: str,
    seeds: int = 3,
    output: Path = "benchmark",
    workspace: Workspace | None = None,
    student: str = "dense",
    only: Mapping[str, Any] | None = None,
    regions: int | tuple[int, int] | None = None,
    **options: Any,
) -> Iterator[Row]:
    """Runs every experiment that has not been run yet.

    Each finished experiment is added to `output/group.csv` at once, and
    `output/group.md` summarizes all. A benchmark that is started again continues after
    the last line, and within the experiment that was interrupted. Tables of other
    images than MNIST's are named `group-name`, see `Experiment.table`.

    Args:
        group: String, as `"t2"`, `"flip"`, `"c4"` or `"c8"`, see
            `sc.symmetry.get_group`.
        seeds: Integer, see `benchmark_plan`.
        output: String or path, the folder of the tables.
        workspace: `Workspace`, the folders of clones and data; `None` for the
            defaults.
        student: String, see `benchmark_plan`; one table may have several kinds.
        only: Dictionary, see `benchmark_plan`.
        regions: Integer or pair of integers, see `benchmark_plan`.
        **options: Of `Experiment`, the same for all.

    Yields:
        `Row`, in the order of `benchmark_plan`, those of earlier runs included.

    Raises:
        ValueError: If an option is not accepted, or the existing table was made with
            other options.
        DataError, CloningError: See `run_experiment`.

    Example:

    >>> file = f"{directory}/blank.npz"
    >>> blank = np.zeros((40, 16, 16), "uint8")
    >>> np.savez(file, x_train=blank, y_train=np.arange(40) % 2)
    >>> quiet = Workspace(verbose=0)
    >>> rows = benchmark("c4", 1, directory, quiet, data=file, epochs=1)
    >>> next(rows).experiment.name  # doctest: +SKIP
    'c4-blank-invariance-mlp'
    >>> len(read_benchmark(directory / "c4-blank.csv"))  # doctest: +SKIP
    1
    """
    wanted = benchmark_plan(group, seeds, student, only, regions, **options)
    file = check_directory(output) / f"{wanted[0].table}.csv"
    done = {row.experiment: row for row in read_benchmark(file)}
    images = None
    if any(experiment not in done for experiment in wanted):
        _, images = open_data(wanted[0], workspace)
        wanted = [experiment.complete(images) for experiment in wanted]
    _check_shared(file, done, wanted[0])
    _write_table(file, wanted, done)  # an interruption may have come before
    for experiment in wanted:
        if experiment not in done:
            checkpoint = experiment_checkpoint(experiment, output)
            _, metrics = run_experiment(experiment, workspace, checkpoint, True, images)
            done[experiment] = Row(experiment, flat(metrics))
            append_row(file, done[experiment])
            checkpoint.remove()
            _write_table(file, wanted, done)
        yield done[experiment]


def _write_table(
    file: pathlib.Path, wanted: list[Experiment], done: dict[Experiment, Row]
) -> None:
    rows = [done[experiment] for experiment in wanted if experiment in done]
    rows += [row for experiment, row in done.items() if experiment not in wanted]
    if rows:
        write_file(file.with_suffix(".md"), markdown(rows).encode())


def _check_shared(
    file: pathlib.Path, done: dict[Experiment, Row], wanted: Experiment
) -> None:
    for experiment in done:
        for name in _SHARED:
            there, given = getattr(experiment, name), getattr(wanted, name)
            if there != given:
                raise ValueError(
                    f"`output` holds {file}, made with {name}={there}: all rows of a "
                    f"table share it. Give another folder. Received: {name}={given}"
                )
