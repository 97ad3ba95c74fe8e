"""Artifacts: SavedModels of students, written whole or not at all.

Layout, as TF Serving expects it::

    exported/c4-lifting-28x28-k3/1/
        saved_model.pb  variables/  fingerprint.pb   needs only TensorFlow
        assets.extra/student.keras                   the trainable layer
        assets.extra/clone.json                      how it was made
"""

import dataclasses
import json
import pathlib

import keras

from symclone_tf.artifacts.loading import STUDENT
from symclone_tf.artifacts.publishing import check_directory, check_name, publish
from symclone_tf.artifacts.records import FORMAT, RECORD, record_of
from symclone_tf.artifacts.saved_model_process import is_tensorflow, write_by_process
from symclone_tf.cloning import Report
from symclone_tf.students import Student, artifact_name
from symclone_tf.types import Path


def export(
    student: Student, directory: Path = "exported", report: Report | None = None
) -> pathlib.Path:
    """Writes a student as the next version of its artifact.

    The SavedModel's signature `serving_default` takes `image`, `(batch,
    *input_shape)` of the teacher, which is `(batch, n, n)` or `(batch, n, n,
    |G|)` for convolutions, and `kernel`, `(batch, *kernel_shape)`, one kernel for
    each image, and returns `features`. The endpoint `serve` takes the same as
    one dictionary. Where Keras is not on TensorFlow, a process of TensorFlow writes
    the SavedModel; where it is not installed, there is an `ArtifactWarning` instead.

    Args:
        student: `Student`.
        directory: String or path, the root of all artifacts.
        report: `Report` of the cloning, which is added to its record; or `None`.

    Returns:
        `pathlib.Path` of the new version, `directory/name/version`.

    Raises:
        ValueError: If the student's class, or its teacher's, is not registered.
        ArtifactError: If `directory` cannot hold artifacts.
        OSError: If writing fails, which leaves no files behind.

    Example:

    >>> student = DenseStudent(ConvTeacher("t2", 6), seed=0)
    >>> path = export(student, directory)
    >>> path.parts[-2:]
    ('t2-6x6-k3', '1')
    """
    root = check_directory(directory)
    if not student.built:
        student.build()
    record = {
        "format": FORMAT,
        **record_of(student),
        **({} if report is None else dataclasses.asdict(report)),
    }
    name = artifact_name(student)
    check_name("name", name)

    def write(folder):
        if is_tensorflow():
            from symclone_tf.artifacts.saved_models import write_student

            write_student(student, folder)
        (folder / STUDENT).parent.mkdir(parents=True)
        keras.saving.save_model(student, folder / STUDENT)
        text = json.dumps(record, indent=2, ensure_ascii=False)
        (folder / RECORD).write_text(text + "\n", encoding="utf-8")
        if not is_tensorflow():
            write_by_process(folder / STUDENT, folder)

    return publish(root / name, write)
