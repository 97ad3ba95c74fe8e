"""Folders of numbered versions: each appears whole, or not at all."""

import contextlib
import os
import pathlib
import re
import shutil
import tempfile
import time
import uuid

from symclone_tf.errors import ArtifactError

# Seconds after which no one is still writing: it takes moments.
STALE = 24 * 3600


def publish(home, write) -> pathlib.Path:
    """Writes the next version of an artifact.

    Args:
        home: `pathlib.Path`, the artifact's folder in its root; both are made
            if they are missing.
        write: Function that fills the empty folder that it is given.

    Returns:
        `pathlib.Path` of the new version.

    Raises:
        OSError: If writing fails; nothing is left behind then.
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


def rescued(export, directory) -> pathlib.Path:
    """Exports what took long to make; if not where it should be, elsewhere.

    Args:
        export: Function of a root, that returns the path of the new version.
        directory: String or path, the root.

    Returns:
        `pathlib.Path` of the new version.

    Raises:
        OSError: If writing to `directory` fails. The message names the
            temporary folder that holds the export instead, unless that failed
            as well.

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
            f"{error}. What was made is not lost: it is in {kept.parent}. Move that "
            f"folder to {directory} when it can be written to"
        ) from error


def write_file(file, content) -> None:
    """Writes a file whole, or not at all, in the place of an earlier one.

    Args:
        file: `pathlib.Path`; its folder is made if it is missing.
        content: Bytes.

    Raises:
        OSError: If writing fails; what was there stays as it was then.

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


def check_directory(directory, name="output") -> pathlib.Path:
    """Refuses a root that could not hold artifacts, before any work is done.

    Args:
        directory: String or path.
        name: String, what the message calls it.

    Returns:
        `pathlib.Path` of the root.

    Raises:
        ArtifactError: If it is a file, or cannot be written to.

    Example:

    >>> check_directory(directory / "exported").name  # it need not be there
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


def check_name(argument, name) -> None:
    """Refuses names of artifacts that would not be a folder in their root.

    Args:
        argument: String, what the message calls the name.
        name: String.

    Raises:
        ValueError: If the name has other than letters, digits, dots, hyphens
            and underscores, or does not start with a letter or digit.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}", name):
        raise ValueError(
            f"`{argument}` must start with a letter or digit, and have only letters, "
            f"digits, dots, hyphens and underscores. Received: {argument}={name}"
        )


def version_number(path) -> int:
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
    """Removes what a process left behind that was killed while it wrote."""
    for aside in home.glob(".writing-*"):
        with contextlib.suppress(OSError):
            if time.time() - aside.stat().st_mtime > STALE:
                shutil.rmtree(aside)


def _rename(aside, home) -> pathlib.Path:
    """Renames to the next free version, even if others do so at this moment."""
    version = max(map(version_number, home.iterdir()), default=0) + 1
    while True:
        final = home / str(version)
        try:
            # A rename never replaces a folder that has something in it.
            return aside.rename(final)
        except OSError:
            if not final.exists():
                raise
        version += 1
