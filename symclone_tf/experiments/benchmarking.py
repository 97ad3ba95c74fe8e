"""Every network on both tasks, as one table that can be continued."""

from symclone_tf.artifacts import check_directory, write_file
from symclone_tf.checks import one_of, positive_integer
from symclone_tf.experiments.experiment import Experiment
from symclone_tf.experiments.opening import open_data
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
from symclone_tf.symmetry import get_group

# Networks that are trained with every seed.
NETWORKS = (
    {"architecture": "mlp"},
    {"architecture": "cnn"},
    {"architecture": "gcnn"},
    {"architecture": "cloned", "symmetry": "frozen"},
    {"architecture": "cloned", "symmetry": "trainable"},
)
ANCHOR_STRENGTHS = (1e2, 1e3, 1e4)
VARIANTS = (
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
"""Variants of clones that a benchmark trains once: options of `Experiment`."""

# What all rows of one table have in common.
_OF_CLONES = ("symmetry", "anchor", "anchor_strength", "trainable_part", "blocks")
_SHARED = tuple(
    name
    for name in OPTIONS
    if name not in ("task", "seed", "architecture", "student", *_OF_CLONES)
)


def networks_of(group) -> tuple[dict, ...]:
    """The networks of a group that are trained with every seed.

    Under T(2) there is no gcnn: its convolutions are those of the cnn, and so is
    all that comes of them.

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


def benchmark_plan(
    group, seeds=3, student="dense", only=None, **options
) -> list[Experiment]:
    """All experiments of a benchmark, in the order in which they run.

    Args:
        group: String, one of `"t2"`, `"c2"`, `"c4"`, `"d4"`.
        seeds: Integer, how many seeds the main networks are trained with:
            `"mlp"`, `"cnn"`, `"gcnn"` except under T(2), where it is the
            `"cnn"`, and frozen and trainable clones. The anchored clones and
            those of 8 and 7 blocks are trained with seed 0.
        student: String, the registered name of a kind of students, of which the
            clones are.
        only: Dictionary, of the options `symmetry`, `anchor`, `anchor_strength`,
            `trainable_part` and `blocks` of `Experiment`: clones of this kind alone, with
            every seed; `None` for all networks.
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

    def of_kind(network):
        cloned = network["architecture"] == "cloned"
        return {**network, **options, **({"student": student} if cloned else {})}

    repeated, once = networks_of(group), VARIANTS
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
    group,
    seeds=3,
    output="benchmark",
    workspace=None,
    student="dense",
    only=None,
    **options,
):
    """Runs every experiment that has not been run yet.

    Each finished experiment is a line of `output/group.csv` at once, and
    `output/group.md` sums up what there is; started again, a benchmark goes on
    after the last of them, and within the one that was interrupted. Of other images
    than MNIST's, these are `group-name`, see `Experiment.table`.

    Args:
        group: String, one of `"t2"`, `"c2"`, `"c4"`, `"d4"`.
        seeds: Integer, see `benchmark_plan`.
        output: String or path, the folder of the tables.
        workspace: `Workspace`, the folders of clones and data; `None` for the
            defaults.
        student: String, see `benchmark_plan`; one table holds several kinds.
        only: Dictionary, see `benchmark_plan`.
        **options: Of `Experiment`, the same for all.

    Yields:
        `Row`, in the order of `benchmark_plan`: those of earlier runs at once.

    Raises:
        ValueError: If an option is not accepted, or the table that is there
            was made with others.
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
    wanted = benchmark_plan(group, seeds, student, only, **options)
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


def _write_table(file, wanted, done) -> None:
    rows = [done[experiment] for experiment in wanted if experiment in done]
    rows += [row for experiment, row in done.items() if experiment not in wanted]
    if rows:
        write_file(file.with_suffix(".md"), markdown(rows).encode())


def _check_shared(file, done, wanted) -> None:
    for experiment in done:
        for name in _SHARED:
            there, evaluated = getattr(experiment, name), getattr(wanted, name)
            if there != evaluated:
                raise ValueError(
                    f"`output` holds {file}, made with {name}={there}: a table is "
                    f"of one kind. Give another folder. Received: {name}={evaluated}"
                )
