"""Students loaded from artifacts, or cloned and exported where they are missing."""

import dataclasses
import functools
import pathlib
import sys

from symclone_tf.artifacts import export
from symclone_tf.artifacts.loading import load
from symclone_tf.artifacts.publishing import check_directory, rescued
from symclone_tf.artifacts.records import find
from symclone_tf.cloning import (
    Checkpoint,
    Report,
    Training,
    checkpoint_file,
    is_chief,
    train,
)
from symclone_tf.students import Student, artifact_name


def clone_and_export(students, training, directory="exported", verbose=1):
    """Clones and exports students one after the other.

    Everything is checked for all of them before the first is trained, and each
    is exported as soon as it is. With `training.resume`, a training that was
    interrupted goes on from its last checkpoint, which a long one writes to a
    hidden folder of `directory`, and students whose newest version the same
    training has made are not trained again.

    Args:
        students: List of `Student`.
        training: `Training`.
        directory: String or path, the root of all artifacts.
        verbose: Integer, see `clone`.

    Yields:
        Tuples of a student, its `Report` and the path of its artifact; of
        several workers, the chief alone writes, and `None` is the others' path.

    Raises:
        ArtifactError, ValueError, MemoryError, CloningError, OSError: See
            `clone` and `export`. A clone that cannot be written is kept in a
            temporary folder, if that has room; the error tells.

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
        if training.resume and not checkpoint.file.exists():
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


def _finished(student, training, recipe, directory):
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


def _report(artifact) -> Report:
    fields = [field.name for field in dataclasses.fields(Report)]
    return Report(**{name: artifact.record.get(name) for name in fields})


def load_or_clone(students, directory="exported", verbose=1) -> list[Student]:
    """Loads students from their artifacts; those that are missing are cloned.

    Args:
        students: List of `Student`, not yet trained.
        directory: String or path, the root of all artifacts, to which those
            that were missing are added.
        verbose: Integer, 0 for silence, 1 for a progress bar on stderr.

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
    for _ in clone_and_export(missing, Training(), directory, verbose):
        pass
    return [load(home) for home in homes]


def _has_content(home) -> bool:
    """Whether there is more than what an interrupted export left behind."""
    return home.is_dir() and any(p.name[0] != "." for p in home.iterdir())
