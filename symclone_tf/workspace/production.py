"""Students loaded from artifacts, or cloned and exported where they are missing."""

import dataclasses
import functools
import pathlib
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from symclone_tf.artifacts import export
from symclone_tf.artifacts.loading import load
from symclone_tf.artifacts.publishing import check_directory, rescued
from symclone_tf.artifacts.records import Artifact, find
from symclone_tf.cloning import (
    Checkpoint,
    Recipe,
    Report,
    Training,
    checkpoint_file,
    is_chief,
    train,
)
from symclone_tf.students import Student, artifact_name
from symclone_tf.types import Path


def clone_and_export(
    students: Sequence[Student],
    training: Training,
    directory: Path = "exported",
    verbose: int = 1,
) -> Iterator[tuple[Student, Report, pathlib.Path | None]]:
    """Clones and exports students one after the other.

    All students are checked before the first is trained, and each is exported as
    soon as it is trained. With `training.resume`, an interrupted training continues
    from its last checkpoint, which a long training writes to a hidden folder of
    `directory`, and students whose newest version was made by the same training are
    not trained again.

    Args:
        students: Sequence of `Student`.
        training: `Training`.
        directory: String or path, the root of all artifacts.
        verbose: Integer, see `clone`.

    Yields:
        Tuples of a student, its `Report` and the path of its artifact. Of several
        workers only the chief writes; the path of the others is `None`.

    Raises:
        ArtifactError, ValueError, MemoryError, CloningError, OSError: See
            `clone` and `export`. A clone that cannot be written is saved in a
            temporary folder, if that has room; the error message names it.

    Example:

    >>> students = [DenseStudent(ConvTeacher("t2", 5), seed=0)]
    >>> training = Training(solver="closed-form")
    >>> made = clone_and_export(students, training, directory, verbose=0)
    >>> for student, report, path in made:
    ...     print(path.parent.name, report.nmse < 1e-6)
    t2-5x5-k3 True
    """
    check_directory(directory)
    recipes = [training.check(student) for student in students]
    for student, recipe in zip(students, recipes):
        checkpoint = None
        if training.solver == "sgd" and training.strategy == "none":
            identity = training.identity(student)
            name = artifact_name(student)
            checkpoint = Checkpoint(checkpoint_file(directory, name, identity))
        if training.resume and not (checkpoint and checkpoint.file.exists()):
            finished = _finished(student, training, recipe, directory)
            if finished:
                if verbose:
                    print(f"Finished before: {finished.path}", file=sys.stderr)
                yield load(finished.path), _report(finished), finished.path
                continue
        report = train(student, training, verbose, checkpoint, recipe)
        path = None
        if is_chief(training.strategy):
            path = rescued(functools.partial(export, student, report=report), directory)
        if checkpoint:
            checkpoint.remove()
        yield student, report, path


def _finished(
    student: Student, training: Training, recipe: Recipe | None, directory: Path
) -> Artifact | None:
    """The newest version of a student's artifact, if the same training made it."""
    home = pathlib.Path(directory, artifact_name(student))
    if not _has_content(home):
        return None
    artifact = find(home)
    same = {"solver": training.solver, "seed": training.seed, "replicas": 1}
    names = ("steps", "images_per_step", "kernels_per_step", "learning_rate")
    same |= {name: getattr(recipe, name) for name in names}
    if training.jit is not None:
        same["jit"] = training.jit
    if {name: artifact.record.get(name) for name in same} != same:
        return None
    good = training.max_nmse is None or artifact.record["nmse"] <= training.max_nmse
    return artifact if good else None


def _report(artifact: Artifact) -> Report:
    fields = [field.name for field in dataclasses.fields(Report)]
    values: dict[str, Any] = {name: artifact.record.get(name) for name in fields}
    return Report(**values)


def load_or_clone(
    students: Sequence[Student],
    directory: Path = "exported",
    verbose: int = 1,
    training: Training | None = None,
) -> list[Student]:
    """Loads students from their artifacts; those that are missing are cloned.

    Args:
        students: Sequence of `Student`, not yet trained.
        directory: String or path, the root of all artifacts, to which those that are
            missing are added.
        verbose: Integer, 0 for silence, 1 for a progress bar on stderr.
        training: `Training`, how those that are missing are cloned; `None` for the
            default.

    Returns:
        List of `Student`, trained.

    Raises:
        ArtifactError, ValueError, MemoryError, CloningError, OSError: See
            `load`, `clone` and `export`.

    Example:

    >>> students = [DenseStudent(ConvTeacher("t2", n), seed=0) for n in (6, 8)]
    >>> [s.teacher.name for s in load_or_clone(students, directory, verbose=0)]
    ['t2-6x6-k3', 't2-8x8-k3']
    """
    homes = [pathlib.Path(directory, artifact_name(student)) for student in students]
    missing = [s for s, home in zip(students, homes) if not _has_content(home)]
    for home in filter(_has_content, homes):
        find(home)  # before anything is cloned
    if missing:
        check_directory(directory, "clones")
    if missing and verbose:
        names = ", ".join(student.teacher.title for student in missing)
        print(f"Cloning what is missing in {directory}: {names}", file=sys.stderr)
    for _ in clone_and_export(missing, training or Training(), directory, verbose):
        pass
    return [load(home) for home in homes]


def _has_content(home: pathlib.Path) -> bool:
    """Whether a folder has more than the remains of an interrupted export."""
    return home.is_dir() and any(p.name[0] != "." for p in home.iterdir())
