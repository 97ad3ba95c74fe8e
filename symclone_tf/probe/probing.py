"""Which symmetries labelled images have: a probe with small networks."""

import dataclasses
import functools
import math
import pathlib
import time
from collections.abc import Iterable, Sequence

from symclone_tf.artifacts import check_directory
from symclone_tf.checks import positive_integer, positive_number
from symclone_tf.data.images import Images
from symclone_tf.data.names import named_data
from symclone_tf.probe.augmentation import layers_of
from symclone_tf.probe.candidate_runs import Run, draw_samples, run
from symclone_tf.probe.candidates import (
    Candidate,
    augmented,
    baseline,
    candidates_of,
    check_sizes,
    regions_of_clones,
)
from symclone_tf.probe.plans import BATCH, Plan, has_little, make_plan
from symclone_tf.probe.probe_files import Kept
from symclone_tf.probe.probe_progress import ProbeProgress, tell
from symclone_tf.probe.recommendations import Recommendation, recommend
from symclone_tf.probe.verdicts import Verdict, judge
from symclone_tf.symmetry import get_group
from symclone_tf.types import Path
from symclone_tf.workspace import Workspace

FILE = "probe.json"
GROUPS = ("t2", "flip", "c2", "c4", "d4", "c8")
"""The symmetries that a probe tests by default: those of photographs first, which have
an up and a down, and last any angle, whose networks train slowest."""

# By how much the last seed may exceed the budget; otherwise it is left out.
OVERTIME = 1.2


@dataclasses.dataclass(frozen=True)
class Probe:
    """The results of a probe.

    Attributes:
        images: `Images`.
        groups: Tuple of strings.
        plan: `Plan`.
        runs: List of `Run`, of all seeds whose runs are complete.
        verdicts: List of `Verdict`, one for each group.
        recommendation: `Recommendation`.
        minutes: Float, how long the probe took.

    Example:

    >>> counts = {"train": 800, "test": 200}
    >>> images = Images("cells.npz", ("ill", "well"), 64, 3, counts)
    >>> plan = Plan(600, 150, 200, 40, {"C4 assumed": 31.0})
    >>> gain = Interval(-0.2, -0.25, -0.15, 3, 0.02)
    >>> verdict = Verdict("c4", "break", gain, gain, gain, "Break C4.")
    >>> advice = Recommendation("t2", "assumed", "T(2), assumed.", "import keras")
    >>> found = Probe(images, ("c4",), plan, [], [verdict], advice, minutes=12.5)
    >>> {each.group: each.verdict for each in found.verdicts}
    {'c4': 'break'}
    """

    images: Images
    groups: tuple[str, ...]
    plan: Plan
    runs: list[Run]
    verdicts: list[Verdict]
    recommendation: Recommendation
    minutes: float


def probe(
    data: Path,
    groups: Iterable[str] = GROUPS,
    seeds: int = 5,
    minutes: float = 30.0,
    output: Path = "probe",
    image_size: int | None = None,
    workspace: Workspace | None = None,
    student: str = "local",
    regions: int | tuple[int, int] | None = None,
    keep_together: str | None = None,
) -> Probe:
    """Measures which symmetries labelled images have, by training small networks.

    For each symmetry, networks that assume it, that may break it, and that lack it
    are trained on the same images and stopped by the same rule, with several seeds,
    and so is an ordinary CNN with Keras' layers of augmentation; those that assume and
    lack the symmetry also with a quarter of the images. A verdict is by an interval of
    the differences in accuracy of networks of the same seed, which stays valid however
    often one looks and goes on, see `Interval`. The number of images depends on the
    time. Each run is written to `output/probe.json` at once; a probe that is started
    again continues after the last run, also with more seeds and minutes, with as many
    images.

    Args:
        data: String or path, see `open_images`.
        groups: Strings, as `"t2"`, `"flip"` or `"c8"`, see `sc.symmetry.get_group`.
        seeds: Integer, at least 2; the third and later ones are left out if time runs
            short.
        minutes: Float, how long the probe may take.
        output: String or path, a folder for `probe.json`.
        image_size: Integer, pixels, see `open_images`.
        workspace: `Workspace`, the folders of clones and data; `None` for the
            defaults.
        student: String, the kind of the clones: `"local"`, or `"regional"`, whose
            networks are faster on large images. The network without translations then
            has a kernel of its own in each region, rather than at each position.
        regions: Integer or pair of integers, of regional clones, see
            `network_students`; `None` for their default.
        keep_together: String, a pattern of paths, see `open_images`.

    Returns:
        `Probe`.

    Raises:
        DataError: If there is no such data, or too little.
        ValueError: If an argument is not accepted, or there is too little time.
        ArtifactError: If `output` holds a probe of something else.
        CloningError: If a training ends in numbers that are not finite.

    Example:

    >>> bars = np.zeros((200, 16, 16), "uint8")
    >>> bars[::2, 7], bars[1::2, :, 7] = 255, 255  # equal but for a rotation
    >>> file = f"{directory}/bars.npz"
    >>> np.savez(file, x_train=bars, y_train=np.arange(200) % 2)
    >>> found = probe(file, ["c4"], seeds=2, minutes=10)  # doctest: +SKIP
    >>> found.verdicts[0].verdict  # doctest: +SKIP
    'break'
    """
    groups = tuple(dict.fromkeys(get_group(group).name for group in groups))
    if not groups:
        raise ValueError("`groups` must have one or more. Received: groups=()")
    if positive_integer("seeds", seeds) < 2:
        raise ValueError(
            "`seeds` must be at least 2: one has no confidence interval. "
            f"Received: seeds={seeds}"
        )
    positive_number("minutes", minutes)
    regions = regions_of_clones(student, regions)
    workspace = Workspace.of(workspace)
    options = {
        "data": named_data(data),
        "groups": list(groups),
        "seeds": seeds,
        "minutes": minutes,
        "image_size": image_size,
        "student": student,
        "regions": None if regions is None else list(regions),
        "keep_together": keep_together,
    }
    file = check_directory(output) / FILE
    images = workspace.open_images(data, image_size, keep_together)
    check_sizes(groups, images.size)
    kept = Kept.read(file, options)
    more = seeds > kept.options["seeds"]
    kept = dataclasses.replace(kept, options=kept.options | options)
    candidates = candidates_of(groups, student, regions)
    if kept.plan is None:
        began = time.perf_counter()
        told = functools.partial(tell, disable=not workspace.verbose)
        plan = make_plan(candidates, images, seeds, minutes, workspace, told)
        kept = dataclasses.replace(kept, plan=plan).after(time.perf_counter() - began)
        kept.write(file)
    elif more:
        _check_time(kept, seeds)
    kept = _run_all(kept, candidates, images, workspace, file)
    return _judged(kept, groups, images, workspace, file)


def _run_all(
    kept: Kept,
    candidates: Sequence[Candidate],
    images: Images,
    workspace: Workspace,
    file: pathlib.Path,
) -> Kept:
    """Does all runs that are missing, and writes each to the file."""
    plan, seeds = kept.planned, kept.options["seeds"]
    wanted = [
        (seed, candidate, size)
        for seed in range(seeds)
        for candidate in candidates
        for size in (plan.train_size, plan.little_size)
        if size == plan.train_size or has_little(candidate)
    ]
    missing = [key for key in wanted if not kept.has(key[1], key[0], key[2])]
    if not missing:
        return kept
    began = time.perf_counter()
    samples = draw_samples(images, plan, seeds)
    kept = kept.after(time.perf_counter() - began)
    total = sum(plan.expected(candidate) for _, candidate, _ in missing)
    with ProbeProgress(total, len(missing), not workspace.verbose) as bar:
        for seed, candidate, size in missing:
            if seed >= 2 and not _time_left(kept, seed):
                break
            title = f"{candidate.title}, seed {seed}"
            if size < plan.train_size:
                title += ", a quarter of the images"
            with bar.run(title, candidate, plan) as watch:
                sample = samples[seed].few(size)
                done = run(
                    candidate, images, sample, plan, seed, workspace, BATCH, [watch]
                )
            kept.runs.append(done)
            kept.write(file)
            bar.ended(title, done.accuracy)
            watch.stop_if_interrupted()
    return kept


def _check_time(kept: Kept, seeds: int) -> None:
    """Refuses more seeds than before, if they cannot end in time."""
    done = len({each.seed for each in kept.runs})
    each = sum(run.seconds for run in kept.runs) / max(done, 1)
    needed = (kept.seconds + (seeds - done) * each) / 60
    if needed > OVERTIME * kept.options["minutes"]:
        raise ValueError(
            f"`minutes` must be at least {math.ceil(needed)} for {seeds} seeds, of "
            f"which {done} are done. Received: minutes={kept.options['minutes']:g}"
        )


def _time_left(kept: Kept, seed: int) -> bool:
    """Whether there is time for the rest of a seed, by how long others took."""
    whole = [each.seconds for each in kept.runs if each.seed < seed]
    done = [each.seconds for each in kept.runs if each.seed == seed]
    rest = sum(whole) / seed - sum(done)
    return kept.seconds + rest <= OVERTIME * 60 * kept.options["minutes"]


def _judged(
    kept: Kept,
    groups: tuple[str, ...],
    images: Images,
    workspace: Workspace,
    file: pathlib.Path,
) -> Probe:
    """The probe with its verdicts, which are written to the file."""
    plan = kept.planned
    whole = range(_whole_seeds(kept, groups))

    def accuracies(candidate: Candidate, size: int) -> list[float]:
        found = {
            each.seed: each.accuracy
            for each in kept.runs
            if (each.group, each.kind) == (candidate.group, candidate.kind)
            and each.train_size == size
        }
        return [found[seed] for seed in whole]

    verdicts = []
    for group in groups:
        assumed, compared = Candidate(group, "assumed"), baseline(group)
        learner, beside = augmented(group), None
        if learner is not None:
            layers = ", ".join(layers_of(learner.kind))
            beside = layers, accuracies(learner, plan.train_size)
        verdicts.append(
            judge(
                group,
                get_group(group).title,
                accuracies(assumed, plan.train_size),
                accuracies(compared, plan.train_size),
                accuracies(Candidate(group, "may break"), plan.train_size),
                (
                    accuracies(assumed, plan.little_size),
                    accuracies(compared, plan.little_size),
                ),
                kept.runs[0].chance,
                beside,
            )
        )
    by_kind = {
        (each.group, each.kind): accuracies(each, plan.train_size)
        for each in candidates_of(groups)
    }
    how = {n: kept.options[n] for n in ("student", "regions", "keep_together")}
    how["chance"] = kept.runs[0].chance
    advice = recommend(images, verdicts, by_kind, plan.epochs, workspace, **how)
    results = {
        "images": {
            "classes": list(images.class_names),
            "size": images.size,
            "channels": images.channels,
            "counts": images.counts,
            "skipped": len(images.skipped),
            "notes": list(images.notes),
        },
        "verdicts": [dataclasses.asdict(verdict) for verdict in verdicts],
        "recommendation": dataclasses.asdict(advice),
        "seconds": round(kept.seconds, 1),
    }
    dataclasses.replace(kept, results=results).write(file)
    runs = [each for each in kept.runs if each.seed in whole]
    return Probe(images, groups, plan, runs, verdicts, advice, kept.seconds / 60)


def _whole_seeds(kept: Kept, groups: tuple[str, ...]) -> int:
    """The number of seeds whose runs are complete."""
    needed = sum(1 + has_little(candidate) for candidate in candidates_of(groups))
    found = [each.seed for each in kept.runs]
    return sum(found.count(seed) >= needed for seed in set(found))
