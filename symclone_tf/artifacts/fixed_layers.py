"""Layers with fixed kernels as artifacts, which do not need this package.

Layout, as TF Serving expects it::

    exported/c4-lifting-8x8-k3-c1-f8/1/
        saved_model.pb  variables/  fingerprint.pb   image -> features
        assets.extra/layer.keras                     the same in built-in Keras layers
        assets.extra/layer.json                      its clone, form and costs
"""

import dataclasses
import json
import pathlib

import numpy as np

from symclone_tf.artifacts.publishing import check_directory, check_name, publish
from symclone_tf.artifacts.saved_model_process import is_tensorflow, write_by_process
from symclone_tf.cloning import versions
from symclone_tf.errors import ArtifactError
from symclone_tf.layers import Cloned, ClonedSeparableConv2D
from symclone_tf.networks.fused_forms import FusedLayer
from symclone_tf.networks.fusion import fuse
from symclone_tf.types import Array, Path

FORMAT = 1
MODEL = pathlib.PurePath("assets.extra", "layer.keras")
RECORD = pathlib.PurePath("assets.extra", "layer.json")


def export_layer(
    layer: Cloned | ClonedSeparableConv2D | FusedLayer,
    directory: Path = "exported",
    name: str | None = None,
) -> pathlib.Path:
    """Writes a layer with its kernel fixed, as the next version of its artifact.

    The SavedModel's signature `serving_default` takes `image`, `(batch, n, n,
    channels)` or `(batch, n, n, |G|, channels)`, and returns `features`.

    Args:
        layer: `ClonedConv2D`, `ClonedSeparableConv2D` or `Cloned`, built; or
            `FusedLayer`.
        directory: String or path, the root of all artifacts.
        name: String, the artifact's folder in it; `None` for the student's
            name with the numbers of channels and filters.

    Returns:
        `pathlib.Path` of the new version, `directory/name/version`.

    Raises:
        ValueError: If the layer is not built, or `name` is not accepted.
        ArtifactError: If `directory` cannot hold artifacts.
        OSError: If writing fails, which leaves no files behind.

    Example:

    >>> student, _ = clone("t2", image_size=8, solver="closed-form", verbose=0)
    >>> layer = ClonedConv2D(2, student)
    >>> layer.build((None, 8, 8, 1))
    >>> export_layer(layer, directory).parts[-2:]
    ('t2-8x8-k3-c1-f2', '1')
    """
    root = check_directory(directory)
    if name is not None:
        check_name("name", name)
    fused = layer if isinstance(layer, FusedLayer) else fuse(layer)
    name = name or f"{fused.student}-c{fused.channels}-f{fused.filters}"
    record = {
        "format": FORMAT,
        "student": fused.student,
        "channels": fused.channels,
        "filters": fused.filters,
        "form": fused.form,
        "costs": {form: dataclasses.asdict(cost) for form, cost in fused.costs.items()},
        "versions": versions(),
    }

    def write(folder):
        if is_tensorflow():
            from symclone_tf.artifacts.saved_models import write_saved_model

            write_saved_model(fused.model, folder, "features")
        (folder / MODEL).parent.mkdir(parents=True)
        fused.model.save(folder / MODEL)
        text = json.dumps(record, indent=2, ensure_ascii=False)
        (folder / RECORD).write_text(text + "\n", encoding="utf-8")
        if not is_tensorflow():
            write_by_process(folder / MODEL, folder, output="features")

    return publish(root / name, write)


def read_array(file: Path) -> Array:
    """Reads an array that NumPy has saved, without executing code in the file.

    Args:
        file: String or path of an `.npy` file.

    Returns:
        `numpy.ndarray`.

    Raises:
        ArtifactError: If the file is not one array of numbers.

    Example:

    >>> np.save(directory / "kernel.npy", np.ones((3, 3, 1, 2)))
    >>> read_array(directory / "kernel.npy").shape
    (3, 3, 1, 2)
    """
    try:
        # A memory map checks the header's sizes against the file's before it reads.
        array = np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ArtifactError(f"{file} cannot be read as an array: {error}") from error
    if not isinstance(array, np.ndarray):
        raise ArtifactError(f"{file} must be one array, as numpy.save writes it")
    return np.array(array)
