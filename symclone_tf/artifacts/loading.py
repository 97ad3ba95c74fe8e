"""Artifacts found, checked and loaded; nothing that is in them is executed.

An artifact may come from anyone. Its archive is therefore looked through before
Keras gets to see it: only the three parts of a student's archive, stored as
they are, whose configuration is one that a student could have written, and whose
weights are as many as that student has.
"""

import dataclasses
import io
import json
import math
import pathlib
import warnings
import zipfile

import h5py
import keras

from symclone_tf.errors import ArtifactError, ArtifactWarning
from symclone_tf.symmetry import GROUPS
from symclone_tf.cloning import check_memory
from symclone_tf.artifacts.publishing import version_number
from symclone_tf.students import DenseStudent

FORMAT = 1
STUDENT = pathlib.PurePath("assets.extra", "student.keras")
RECORD = pathlib.PurePath("assets.extra", "clone.json")

# Far more than any that are written here.
MOST_TEXT = 10**6
MOST_LAYERS = 100
_PARTS = {"metadata.json", "config.json", "model.weights.h5"}
_SIZES = ("image_size", "kernel_size", "blocks", "parameters")
_MEASURED = ("nmse", "equivariance_error", "seconds")
# What a student's configuration may hold, and must agree on with the record.
_AGREED = ("group", "lifting", "image_size", "kernel_size", "padding", "blocks")
_CONFIGURATION = {
    "name": str,
    "trainable": bool,
    "dtype": dict,
    "group": str,
    "lifting": bool,
    "image_size": int,
    "kernel_size": int,
    "padding": str,
    "blocks": int,
    "hidden_units": list,
    "activation": str,
    "seed": (int, type(None)),
}


@dataclasses.dataclass(frozen=True)
class Artifact:
    """One version of an exported clone.

    Attributes:
        path: `pathlib.Path` of the version's folder.
        record: Dictionary, the contents of `clone.json`.
    """

    path: pathlib.Path
    record: dict

    @property
    def name(self) -> str:
        """The name under which TF Serving would serve it."""
        return self.path.parent.name

    @property
    def version(self) -> int:
        """The version's number."""
        return version_number(self.path)


def load(path) -> DenseStudent:
    """Gives back the student of an artifact, as a trainable Keras layer.

    Only weights and a configuration are read; nothing stored in the artifact
    is executed.

    Args:
        path: String or path of a version, or of an artifact's folder for its
            newest version.

    Returns:
        `DenseStudent`.

    Raises:
        ArtifactError: If there is no usable artifact.
        MemoryError: If the student is larger than the memory that is free.

    Example:

    >>> path = export(DenseStudent("t2", image_size=6, seed=0), directory)
    >>> load(path.parent).image_size
    6
    """
    artifact = find(path)
    file = artifact.path / STUDENT
    try:
        expected = _expected(file, artifact.record)
        _check_weights(file, expected)
        student = keras.saving.load_model(file, compile=False, safe_mode=True)
    except (ArtifactError, MemoryError):
        raise
    except Exception as error:  # whatever a damaged file may provoke
        raise ArtifactError(
            f"{file} cannot be read as a student: {_first_line(error)}"
        ) from error
    student.trainable = True
    return student


def find(path) -> Artifact:
    """The artifact at a path, its newest version if the path names none.

    Raises:
        ArtifactError: If there is none.
    """
    path = pathlib.Path(path)
    found = [path] if (path / RECORD).is_file() else artifact_versions(path)
    if not found:
        raise ArtifactError(
            f"{path} is not an exported clone: it must be a folder like "
            "exported/c4-lifting-28x28-k3, with versions 1, 2, …, or one of them"
        )
    newest = max(found, key=version_number)
    return Artifact(newest, _record(newest / RECORD))


def list_artifacts(directory="exported") -> list[Artifact]:
    """The newest version of every artifact under a root, by name.

    Args:
        directory: String or path.

    Returns:
        List of `Artifact`. Those that cannot be read are left out, each with an
        `ArtifactWarning`.

    Raises:
        ArtifactError: If `directory` is not a folder.
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


def artifact_versions(home) -> list[pathlib.Path]:
    """The folders of an artifact's versions, in no order; none if it is none."""
    if not home.is_dir():
        return []
    return [p for p in home.iterdir() if version_number(p) and (p / RECORD).is_file()]


def _record(file) -> dict:
    """What `clone.json` says, if it is what one could say."""
    try:
        record = _json(file.read_bytes() if file.stat().st_size <= MOST_TEXT else b"")
    except (OSError, ValueError, RecursionError) as error:
        raise ArtifactError(f"{file} cannot be read: {_first_line(error)}") from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        found = record.get("format") if isinstance(record, dict) else record
        raise ArtifactError(
            f"{file} must have format {FORMAT}. It has format {_short(found)}"
        )
    _check_record(file, record)
    return record


def _check_record(file, record) -> None:
    def refuse(name, accepted):
        raise ArtifactError(
            f"{file} must have a `{name}` that is {accepted}. "
            f"It has {_short(record.get(name))}"
        )

    if record.get("group") not in tuple(GROUPS):
        refuse("group", f"one of {', '.join(GROUPS)}")
    if not isinstance(record.get("lifting"), bool):
        refuse("lifting", "true or false")
    for name in _SIZES:
        if not _is_integer(record.get(name)) or not 0 < record[name] < 2**63:
            refuse(name, "a positive integer")
    for name in _MEASURED:
        value = record.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            refuse(name, "a number")


def _expected(file, record) -> DenseStudent:
    """The student that an archive says it holds, without its weights."""
    with zipfile.ZipFile(file) as archive:
        parts = archive.infolist()
        names = [part.filename for part in parts]
        if sorted(names) != sorted(_PARTS):
            raise ArtifactError(
                f"{file} must hold {', '.join(sorted(_PARTS))}. "
                f"It holds {_short(', '.join(names))}"
            )
        for part in parts:
            # Keras stores without compressing: sizes are then what they seem.
            stored = part.compress_type == zipfile.ZIP_STORED
            if not stored or part.file_size != part.compress_size:
                raise ArtifactError(f"{file} must not be compressed: {part.filename}")
            if part.filename.endswith(".json") and part.file_size > MOST_TEXT:
                raise ArtifactError(f"{file} has too large a {part.filename}")
        config = _json(archive.read("config.json"))
    student = _configured(file, config)
    for name in _AGREED:
        said = student.get_config()[name]
        if said != record.get(name):
            raise ArtifactError(
                f"{file} has {name}={said}, and clone.json beside it "
                f"{name}={_short(record.get(name))}"
            )
    return student


def _configured(file, config) -> DenseStudent:
    """A student, not yet built, if a configuration is that of one."""
    expected = keras.saving.get_registered_name(DenseStudent)
    names = ("registered_name", "class_name")
    found = [config.get(name) for name in names] if isinstance(config, dict) else []
    if found != [expected, DenseStudent.__name__]:
        holds = _short(" ".join(map(str, found)))
        raise ArtifactError(f"{file} must hold a {expected}. It holds {holds}")
    options = config.get("config")
    if not isinstance(options, dict):
        raise ArtifactError(f"{file} must hold the configuration of a {expected}")
    for name, value in options.items():
        kind = _CONFIGURATION.get(name)
        if kind is None or not isinstance(value, kind) or not _fits(name, value):
            raise ArtifactError(
                f"{file} has an option that no student has: {_short(name)}="
                f"{_short(value)}"
            )
    return DenseStudent.from_config({**options, "dtype": "float32"})


def _fits(name, value) -> bool:
    if name == "hidden_units":
        return len(value) <= MOST_LAYERS and all(map(_is_integer, value))
    if name == "dtype":
        policy = value.get("config")
        return (
            value.get("module") == "keras"
            and value.get("class_name") == "DTypePolicy"
            and isinstance(policy, dict)
            and isinstance(policy.get("name"), str)
        )
    return _CONFIGURATION[name] is not int or _is_integer(value)


def _check_weights(file, student) -> None:
    """Refuses weights of other sizes, or that are elsewhere, before any is read."""
    needed = 4 * student.parameters
    with zipfile.ZipFile(file) as archive:
        size = archive.getinfo("model.weights.h5").file_size
        if not needed <= size <= 1.1 * needed + MOST_TEXT:
            raise ArtifactError(
                f"{file} must hold {student.parameters} weights. "
                f"It holds a file of {size} bytes"
            )
        # The file, the weights as they are read, and where they go.
        check_memory(student, 3 * needed, "Loading")
        stream = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(stream, "r") as weights:
        counts = list(_counts(file, weights))
    if sum(counts) != student.parameters:
        raise ArtifactError(
            f"{file} must hold {student.parameters} weights. It holds {sum(counts)}"
        )


def _counts(file, group):
    """How many numbers each data set holds; links to elsewhere are refused."""
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise ArtifactError(f"{file} has a link in its weights: {_short(name)}")
        part = group[name]
        if isinstance(part, h5py.Group):
            yield from _counts(file, part)
            continue
        if part.external or part.is_virtual or part.dtype.kind != "f":
            raise ArtifactError(f"{file} has other data in its weights: {_short(name)}")
        yield math.prod(part.shape)


def _json(text):
    return json.loads(text.decode("utf-8"))


def _is_integer(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _short(value) -> str:
    """A value for a message, however long it is."""
    text = " ".join(str(value).split())
    return text if len(text) <= 80 else f"{text[:77]}…"


def _first_line(error) -> str:
    return _short(str(error).strip().partition("\n")[0])
