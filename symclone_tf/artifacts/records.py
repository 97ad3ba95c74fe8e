"""Finds artifacts and reads their records, without executing code in them.

An artifact may come from anyone. A record therefore consists of plain values, from
which a registered teacher and student are made, and is compared with theirs.
"""

import dataclasses
import json
import pathlib
import warnings
from typing import Any

from symclone_tf.artifacts.publishing import version_number
from symclone_tf.earlier import teacher_values
from symclone_tf.errors import ArtifactError, ArtifactWarning
from symclone_tf.students import STUDENTS, Student, get_student, student_options
from symclone_tf.symmetry import GROUPS
from symclone_tf.teachers import deserialize_teacher, serialize_teacher
from symclone_tf.types import Path

FORMAT = 2
RECORD = pathlib.PurePath("assets.extra", "clone.json")

# Characters, and values in a list: far more than records of this package have.
MOST_TEXT = 10**6
MOST_VALUES = 100
_MEASURED = ("nmse", "equivariance_error", "teacher_equivariance_error", "seconds")
# Of groups that interpolate only; `None` for others, and missing in earlier records.
_OPTIONAL = ("teacher_equivariance_error",)


@dataclasses.dataclass(frozen=True)
class Artifact:
    """One version of an exported clone.

    Attributes:
        path: `pathlib.Path` of the version's folder.
        record: Dictionary, the contents of `clone.json`: `teacher` and
            `student`, each a `name` and a `config`, `parameters`, and the
            attributes of `Report`.

    Example:

    >>> student = DenseStudent(ConvTeacher("c4", 5), blocks=7, seed=0)
    >>> artifact = find(export(student, directory))
    >>> artifact.name, artifact.version
    ('c4-lifting-5x5-k3-b7', 1)
    >>> artifact.group, artifact.blocks
    ('c4', 7)
    """

    path: pathlib.Path
    record: dict[str, Any]

    @property
    def name(self) -> str:
        """The name under which TF Serving would serve it."""
        return self.path.parent.name

    @property
    def version(self) -> int:
        """The version's number."""
        return version_number(self.path)

    @property
    def blocks(self) -> int:
        """The number of the student's blocks."""
        return self.record["student"]["config"]["blocks"]

    @property
    def group(self) -> str | None:
        """The name of the teacher's group, if it has one."""
        return self.record["teacher"]["config"].get("group")


def find(path: Path) -> Artifact:
    """The artifact at a path, in its newest version unless the path names one.

    Args:
        path: String or path, of an artifact or one version of it.

    Returns:
        `Artifact`.

    Raises:
        ArtifactError: If there is none.

    Example:

    >>> student = DenseStudent(ConvTeacher("t2", 5), seed=0)
    >>> first, second = export(student, directory), export(student, directory)
    >>> find(first).version, find(first.parent).version
    (1, 2)
    """
    path = pathlib.Path(path)
    found = [path] if (path / RECORD).is_file() else artifact_versions(path)
    if not found:
        raise ArtifactError(
            f"{path} is not an exported clone: it must be a folder like "
            "exported/c4-lifting-28x28-k3, with versions 1, 2, …, or one of them"
        )
    newest = max(found, key=version_number)
    return Artifact(newest, read_record(newest / RECORD))


def list_artifacts(directory: Path = "exported") -> list[Artifact]:
    """The newest version of every artifact under a root, by name.

    Args:
        directory: String or path.

    Returns:
        List of `Artifact`. Those that cannot be read are left out, each with an
        `ArtifactWarning`.

    Raises:
        ArtifactError: If `directory` is not a folder.

    Example:

    >>> root = directory / "all"
    >>> for size in (5, 6):
    ...     path = export(DenseStudent(ConvTeacher("t2", size), seed=0), root)
    >>> [artifact.name for artifact in list_artifacts(root)]
    ['t2-5x5-k3', 't2-6x6-k3']
    """
    root = pathlib.Path(directory)
    if not root.is_dir():
        raise ArtifactError(f"{root} is not a folder")
    artifacts = []
    for home in sorted(root.iterdir()):
        if artifact_versions(home):
            try:
                artifacts.append(find(home))
            except ArtifactError as error:
                warnings.warn(f"Left out: {error}", ArtifactWarning, stacklevel=2)
    return artifacts


def artifact_versions(home: pathlib.Path) -> list[pathlib.Path]:
    """The folders of an artifact's versions, unordered; empty if it is no artifact."""
    if not home.is_dir():
        return []
    return [p for p in home.iterdir() if version_number(p) and (p / RECORD).is_file()]


def record_of(student: Student) -> dict[str, Any]:
    """The part of a record that describes a student.

    Raises:
        ValueError: If its class, or its teacher's, is not registered, or if
            their configurations are not plain values.
    """
    if STUDENTS.get(student.kind or "") is not type(student):
        raise ValueError(
            "Only students of registered classes can be saved: decorate the class "
            'with @Student.register("name"). '
            f"Received: student of type {type(student).__name__}"
        )
    parts = {
        "teacher": serialize_teacher(student.teacher),
        "student": {"name": student.kind, "config": student_options(student)},
    }
    for part, values in parts.items():
        if not _is_plain(values):
            raise ValueError(
                f"The configuration of a {part} must be numbers, strings, and lists of "
                f"at most {MOST_VALUES} of them. Received: {short(values['config'])}"
            )
        if len(json.dumps(values)) > MOST_TEXT // 2:  # or it could not be read
            raise ValueError(
                f"The configuration of a {part} must be at most {MOST_TEXT // 2:,} "
                f"characters. Received: {short(values['config'])}"
            )
    return {**parts, "parameters": student.parameters}


def read_record(file: pathlib.Path) -> dict[str, Any]:
    """Reads and checks `clone.json`.

    Raises:
        ArtifactError: If it is not the record of a clone.
    """
    try:
        record = plain_json(
            file.read_bytes() if file.stat().st_size <= MOST_TEXT else b""
        )
    except (OSError, ValueError, RecursionError) as error:
        raise ArtifactError(f"{file} cannot be read: {first_line(error)}") from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        found = record.get("format") if isinstance(record, dict) else record
        raise ArtifactError(
            f"{file} must have format {FORMAT}. It has format {short(found)}"
            f"{_advice_for_format_1(record) if found == 1 else ''}"
        )
    for name in _MEASURED:
        value = record.get(name, 0)
        if value is None and name in _OPTIONAL:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ArtifactError(
                f"{file} must have a `{name}` that is a number. It has {short(value)}"
            )
    if isinstance(record.get("teacher"), dict) and "name" in record["teacher"]:
        record["teacher"] = teacher_values(record["teacher"])
    student_of_record(file, record)
    return record


def student_of_record(file: pathlib.Path, record: dict[str, Any]) -> Student:
    """The student that a record describes, new and not yet built.

    Args:
        file: Path of the record, for messages.
        record: Dictionary.

    Raises:
        ArtifactError: If it is not the record of a registered teacher and student.
    """
    for part in ("teacher", "student"):
        found = record.get(part)
        if not _is_plain(found):
            raise ArtifactError(
                f"{file} must have a `{part}` with a name and a configuration of plain "
                f"values. It has {short(found)}"
            )
    options = record["student"]["config"]
    try:
        teacher = deserialize_teacher(record["teacher"])
        cls = get_student(record["student"]["name"])
        student = cls(teacher, **options, dtype="float32")
        written = record_of(student)
    except Exception as error:  # constructors raise errors of many types
        raise ArtifactError(
            f"{file} describes no clone: {first_line(error)}"
        ) from error
    for part, values in written.items():
        # As JSON, in which 1 is not true, and 9.0 is not 9.
        if json.dumps(values, sort_keys=True) != json.dumps(
            record.get(part), sort_keys=True
        ):
            raise ArtifactError(
                f"{file} must have a `{part}` such as {short(values)}. "
                f"It has {short(record.get(part))}"
            )
    return student


def _is_plain(part) -> bool:
    """Whether it is a class' name, and a configuration of plain values."""
    if not isinstance(part, dict) or set(part) != {"name", "config"}:
        return False
    config = part["config"]
    if not isinstance(part["name"], str) or not isinstance(config, dict):
        return False
    return all(
        len(value) <= MOST_VALUES and all(map(_is_scalar, value))
        if isinstance(value, list)
        else _is_scalar(value)
        for value in config.values()
    )


def _is_scalar(value) -> bool:
    return isinstance(value, (str, int, float, type(None)))


def _advice_for_format_1(record) -> str:
    """How to make a clone of the first format again, for messages."""
    words = ["symclone-tf", "clone"]
    if record.get("group") in tuple(GROUPS):
        words += ["--group", record["group"]]
        if record.get("lifting") is False:
            words += ["--layer", "group"]
    for name in ("image_size", "kernel_size", "blocks", "seed"):
        if isinstance(record.get(name), int):
            words += [f"--{name.replace('_', '-')}", str(int(record[name]))]
    for name, accepted in (("padding", ("same",)), ("solver", ("closed-form",))):
        if record.get(name) in accepted:
            words += [f"--{name}", record[name]]
    units = record.get("hidden_units")
    if isinstance(units, list) and units and all(isinstance(u, int) for u in units):
        words += ["--hidden-units", ",".join(map(str, units[:MOST_VALUES]))]
    return f", of an earlier version; make it again: {short(' '.join(words), 300)}"


def plain_json(content: bytes) -> Any:
    """Parses JSON in UTF-8.

    Raises:
        ValueError: If it is not JSON.
    """
    return json.loads(content.decode("utf-8"))


def short(value: Any, most: int = 80) -> str:
    """A value as one line for a message, shortened if it is long."""
    text = " ".join(str(value).split())
    return text if len(text) <= most else f"{text[: most - 3]}…"


def first_line(error: BaseException) -> str:
    """The first line of an error's message."""
    return short(str(error).strip().partition("\n")[0])
