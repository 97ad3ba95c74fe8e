"""SavedModels by a process of TensorFlow, where Keras is on another backend.

TensorFlow's own process writes the same SavedModel, whatever backend the clone was made
on, and this one need not import TensorFlow.
"""

import importlib
import json
import os
import pathlib
import subprocess
import sys
import warnings
from typing import Any

from symclone_tf.backends import backend
from symclone_tf.errors import ArtifactWarning, reason_of


def is_tensorflow() -> bool:
    """Whether this process is TensorFlow's."""
    return backend().name == "tensorflow"


def write_by_process(file: pathlib.Path, folder: pathlib.Path, **options: Any) -> None:
    """Writes the SavedModel of a `.keras` file, with a warning where that fails.

    Args:
        file: `pathlib.Path` of the `.keras` file.
        folder: `pathlib.Path` of the SavedModel.
        **options: Arguments of `write_saved_model`; none for a student.
    """
    arguments = json.dumps([str(file), str(folder), options])
    done = subprocess.run(
        [sys.executable, "-m", __name__, arguments],
        env={**os.environ, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        # What it says itself or, where it could not begin, what Python says last.
        said = done.stdout.strip() or done.stderr.strip() or f"exit {done.returncode}"
        warnings.warn(
            "The artifact has its .keras file, and no SavedModel, which a process of "
            f"TensorFlow writes: {said.splitlines()[-1]}",
            ArtifactWarning,
            stacklevel=4,
        )


def _write(file: str, folder: str, options: dict[str, Any]) -> None:
    import keras

    from symclone_tf.artifacts import saved_models

    # What the file may name.
    importlib.import_module("symclone_tf")._register()
    read = keras.saving.load_model(file, compile=False, safe_mode=True)
    if options:
        saved_models.write_saved_model(read, folder, **options)
    else:
        saved_models.write_student(read, folder)


if __name__ == "__main__":
    try:
        _write(*json.loads(sys.argv[1]))
    except Exception as error:  # told in one line by the process that asked
        print(reason_of(error))
        sys.exit(1)
