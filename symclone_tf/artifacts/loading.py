"""Loads clones from artifacts, without executing code in them.

An artifact may come from anyone. Its archive is therefore checked before Keras reads
it: it must have the three parts of a student's archive and no others, without
compression; the configuration of the student that the record describes; and as many
weights as that student has.
"""

import io
import math
import pathlib
import zipfile

import h5py
import keras

from symclone_tf.artifacts.records import (
    MOST_TEXT,
    RECORD,
    find,
    first_line,
    plain_json,
    short,
    student_of_record,
)
from symclone_tf.cloning import check_memory
from symclone_tf.earlier import class_name as current_class_name
from symclone_tf.earlier import teacher_values
from symclone_tf.errors import ArtifactError
from symclone_tf.students import Student
from symclone_tf.types import Path

STUDENT = pathlib.PurePath("assets.extra", "student.keras")
_PARTS = {"metadata.json", "config.json", "model.weights.h5"}


def load(path: Path) -> Student:
    """Loads the student of an artifact, as a trainable Keras layer.

    Only weights and a configuration are read; no code in the artifact is executed.

    Args:
        path: String or path of a version, or of an artifact's folder for its
            newest version.

    Returns:
        `Student`.

    Raises:
        ArtifactError: If there is no artifact, or it cannot be used.
        MemoryError: If the student does not fit into the available memory.

    Example:

    >>> student = DenseStudent(ConvTeacher("t2", 6), seed=0)
    >>> load(export(student, directory).parent).teacher.image_size
    6
    """
    artifact = find(path)
    file = artifact.path / STUDENT
    try:
        expected = student_of_record(artifact.path / RECORD, artifact.record)
        _check_archive(file, expected)
        _check_weights(file, expected)
        student = keras.saving.load_model(file, compile=False, safe_mode=True)
    except (ArtifactError, MemoryError):
        raise
    except Exception as error:  # damaged files cause errors of many types
        raise ArtifactError(
            f"{file} cannot be read as a student: {first_line(error)}"
        ) from error
    student.trainable = True
    return student


def _check_archive(file, expected) -> None:
    """Checks that an archive has the parts and the configuration of a student."""
    with zipfile.ZipFile(file) as archive:
        parts = archive.infolist()
        names = [part.filename for part in parts]
        if sorted(names) != sorted(_PARTS):
            raise ArtifactError(
                f"{file} must hold {', '.join(sorted(_PARTS))}. "
                f"It holds {short(', '.join(names))}"
            )
        for part in parts:
            # Keras does not compress; so sizes cannot exceed the file's.
            stored = part.compress_type == zipfile.ZIP_STORED
            if not stored or part.file_size != part.compress_size:
                raise ArtifactError(f"{file} must not be compressed: {part.filename}")
            if part.filename.endswith(".json") and part.file_size > MOST_TEXT:
                raise ArtifactError(f"{file} has too large a {part.filename}")
        config = plain_json(archive.read("config.json"))
    _check_configuration(file, config, expected)


def _check_configuration(file, config, expected) -> None:
    """Checks that a configuration is what Keras writes for the expected student."""
    cls = type(expected)
    name = keras.saving.get_registered_name(cls)
    keys = ("registered_name", "class_name")
    found = [config.get(key) for key in keys] if isinstance(config, dict) else []
    # Version 0.2 wrote some classes and teachers by other names.
    found = [current_class_name(value) for value in found]
    if found != [name, cls.__name__]:
        holds = short(" ".join(map(str, found)))
        raise ArtifactError(f"{file} must hold a {name}. It holds {holds}")
    options, own = config.get("config"), expected.get_config()
    if not isinstance(options, dict):
        raise ArtifactError(f"{file} must hold the configuration of a {name}")
    teacher = options.get("teacher")
    if isinstance(teacher, dict) and "name" in teacher:
        options = {**options, "teacher": teacher_values(teacher)}
    for key in sorted({*options, *own}, key=str):
        value = options.get(key)
        fits = _COMMON[key](value) if key in _COMMON else _same(key, value, own)
        if not fits:
            raise ArtifactError(
                f"{file} has an option that differs from clone.json beside it: "
                f"{short(key)}={short(value)}"
            )


def _same(key, value, own) -> bool:
    # 1 == True, and 9 == 9.0.
    return key in own and repr(_sorted(value)) == repr(_sorted(own[key]))


def _sorted(value):
    if isinstance(value, dict):
        return sorted((str(k), _sorted(v)) for k, v in value.items())
    return value


def _is_policy(value) -> bool:
    """Whether Keras would read the name of a data type from it, and nothing else."""
    if not isinstance(value, dict) or value.get("module") != "keras":
        return False
    policy = value.get("config")
    named = isinstance(policy, dict) and isinstance(policy.get("name"), str)
    return named and value.get("class_name") == "DTypePolicy"


# Options that may differ from the expected student's.
_COMMON = {
    "name": lambda value: isinstance(value, str),
    "trainable": lambda value: isinstance(value, bool),
    "dtype": _is_policy,
}


def _check_weights(file, student) -> None:
    """Checks the sizes of weights, and that they are in the file, before reading."""
    needed = 4 * student.parameters
    with zipfile.ZipFile(file) as archive:
        size = archive.getinfo("model.weights.h5").file_size
        if not needed <= size <= 1.1 * needed + MOST_TEXT:
            raise ArtifactError(
                f"{file} must hold {student.parameters} weights. "
                f"It holds a file of {size} bytes"
            )
        # The file's content, the weights that are read from it, and the variables.
        check_memory(student, 3 * needed, "Loading")
        stream = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(stream, "r") as weights:
        counts = list(_counts(file, weights))
    if sum(counts) != student.parameters:
        raise ArtifactError(
            f"{file} must hold {student.parameters} weights. It holds {sum(counts)}"
        )


def _counts(file, group):
    """The number of values in each data set; links to other files are refused."""
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise ArtifactError(f"{file} has a link in its weights: {short(name)}")
        part = group[name]
        if isinstance(part, h5py.Group):
            yield from _counts(file, part)
            continue
        if part.external or part.is_virtual or part.dtype.kind != "f":
            raise ArtifactError(f"{file} has other data in its weights: {short(name)}")
        yield math.prod(part.shape)
