"""Folders of numbered versions, each of which appears whole or not at all."""

import contextlib
import os
import pathlib
import re
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable

from symclone_tf.errors import ArtifactError
from symclone_tf.types import Path

# Seconds after which no process is still writing a version.
STALE = 24 * 3600


def publish(
    home: pathlib.Path, write: Callable[[pathlib.Path], object]
) -> pathlib.Path:
    """Writes the next version of an artifact.

    Args:
        home: `pathlib.Path`, the artifact's folder in its root; both are created
            if they are missing.
        write: Function that writes the files into an empty folder that it is passed.

    Returns:
        `pathlib.Path` of the new version.

    Raises:
        OSError: If writing fails, which leaves no files behind.
    """
    made = [folder for folder in (home, home.parent) if not folder.exists()]
    _clean(home)
    # Beside its final place, so that renaming moves no data; the leading dot
    # keeps it from being served or listed.
    aside = home / f".writing-{uuid.uuid4().hex}"
    aside.mkdir(parents=True)
    try:
        write(aside)
        return _rename(aside, home)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        for folder in made:
            with contextlib.suppress(OSError):
                folder.rmdir()  # unless another process has put something there
        raise


def rescued(export: Callable[[Path], pathlib.Path], directory: Path) -> pathlib.Path:
    """Exports to a folder or, if this fails, to a temporary one.

    Args:
        export: Function of a root, which returns the path of the new version.
        directory: String or path, the root.

    Returns:
        `pathlib.Path` of the new version.

    Raises:
        OSError: If writing to `directory` fails. The message names the temporary
            folder that has the export instead, unless writing there failed as well.

    Example:

    >>> student = DenseStudent(ConvTeacher("t2", 6), seed=0)
    >>> path = rescued(lambda root: export(student, root), directory / "rescued")
    >>> path.parts[-3:]  # or an error that says where it is instead
    ('rescued', 't2-6x6-k3', '1')
    """
    try:
        return export(directory)
    except OSError as error:
        elsewhere = tempfile.mkdtemp(prefix="symclone-tf-")
        try:
            kept = export(elsewhere)
        except OSError:
            shutil.rmtree(elsewhere, ignore_errors=True)
            raise error from None
        raise OSError(
            f"{error}. The export is not lost: it is in {kept.parent}. Move that "
            f"folder to {directory} when it can be written to"
        ) from error


def write_file(file: pathlib.Path, content: bytes) -> None:
    """Writes a file whole or not at all, and replaces an earlier one.

    Args:
        file: `pathlib.Path`; its folder is created if it is missing.
        content: Bytes.

    Raises:
        OSError: If writing fails, which leaves an earlier file as it was.

    Example:

    >>> file = directory / "new folder" / "notes.txt"
    >>> write_file(file, b"first")
    >>> write_file(file, b"second")
    >>> file.read_bytes()
    b'second'
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{file.name}.{uuid.uuid4().hex}")
    try:
        aside.write_bytes(content)
        aside.replace(file)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def check_directory(directory: Path, name: str = "output") -> pathlib.Path:
    """Checks that artifacts can be written to a root, before any work is done.

    Args:
        directory: String or path.
        name: String, the argument's name in messages.

    Returns:
        `pathlib.Path` of the root.

    Raises:
        ArtifactError: If it is a file, or not writable.

    Example:

    >>> check_directory(directory / "exported").name  # it need not exist
    'exported'
    >>> write_file(directory / "notes", b"Mine.")
    >>> check_directory(directory / "notes")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    symclone_tf.errors.ArtifactError: `output` must be a folder or a new path. ...
    """
    root = pathlib.Path(directory)
    existing = next(p for p in (root, *root.absolute().parents) if p.exists())
    if not existing.is_dir():
        raise ArtifactError(
            f"`{name}` must be a folder or a new path. {existing} is a file"
        )
    if not os.access(existing, os.W_OK | os.X_OK):
        raise ArtifactError(f"`{name}` must be writable. {existing} is not")
    return root


def check_name(argument: str, name: str) -> None:
    """Checks that an artifact's name is the name of a folder in its root.

    Args:
        argument: String, the argument's name in messages.
        name: String.

    Raises:
        ValueError: If the name has characters other than letters, digits, dots,
            hyphens and underscores, or does not start with a letter or digit.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}", name):
        raise ValueError(
            f"`{argument}` must start with a letter or digit, and have only letters, "
            f"digits, dots, hyphens and underscores. Received: {argument}={name}"
        )


def version_number(path: pathlib.Path) -> int:
    """The number of a version's folder, or 0 if the path is something else.

    Args:
        path: `pathlib.Path`.

    Returns:
        Integer.

    Example:

    >>> version_number(directory / "t2-6x6-k3" / "12")
    12
    >>> version_number(directory / "t2-6x6-k3")
    0
    """
    return int(path.name) if path.name.isascii() and path.name.isdigit() else 0


def _clean(home) -> None:
    """Removes folders of processes that were killed while they wrote."""
    for aside in home.glob(".writing-*"):
        with contextlib.suppress(OSError):
            if time.time() - aside.stat().st_mtime > STALE:
                shutil.rmtree(aside)


def _rename(aside, home) -> pathlib.Path:
    """Renames to the next free version, even if other processes do so meanwhile."""
    version = max(map(version_number, home.iterdir()), default=0) + 1
    while True:
        final = home / str(version)
        try:
            # A rename never replaces a folder that is not empty.
            return aside.rename(final)
        except OSError:
            if not final.exists():
                raise
        version += 1
