"""Networks in files of Keras, read without executing code in them."""

import pathlib
import re
import uuid
import warnings
import zipfile

import keras

from symclone_tf.artifacts.backend_differences import backend_notes
from symclone_tf.backends import backend
from symclone_tf.errors import ArtifactError, ArtifactWarning
from symclone_tf.types import Path

_OF_TORCH = re.compile(
    r'"module": "keras\.src\.backend\.torch\.optimizers\.\w+", "class_name": "(\w+)"'
)


def check_keras_file(file: Path) -> pathlib.Path:
    """Checks that a network can be written to a file, before any work is done.

    Args:
        file: String or path of a file that does not exist yet.

    Returns:
        `pathlib.Path`.

    Raises:
        ArtifactError: If the file exists, or its name does not end in `.keras`.

    Example:

    >>> check_keras_file(directory / "new.keras").name
    'new.keras'
    >>> check_keras_file("new.h5")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    symclone_tf.errors.ArtifactError: A network is written to a .keras file, not to ...
    """
    return check_new_file(file, ".keras")


def check_new_file(file: Path, suffix: str) -> pathlib.Path:
    """Checks that a network can be written to a file of any format.

    Args:
        file: String or path of a file that does not exist yet.
        suffix: String, as `".keras"`.

    Returns:
        `pathlib.Path`.

    Raises:
        ArtifactError: If the file exists, or its name does not end in the suffix.

    Example:

    >>> check_new_file(directory / "new.onnx", ".onnx").name
    'new.onnx'
    """
    file = pathlib.Path(file)
    if file.suffix != suffix:
        raise ArtifactError(f"A network is written to a {suffix} file, not to {file}.")
    if file.exists():
        raise ArtifactError(f"{file} exists and is not replaced: name another file.")
    if file.parent.exists() and not file.parent.is_dir():
        raise ArtifactError(f"{file.parent} is not a folder.")
    return file


def save_network(model: keras.Model, file: Path) -> pathlib.Path:
    """Writes a network to a file, whole or not at all.

    Args:
        model: `keras.Model`.
        file: String or path, see `check_keras_file`.

    Returns:
        `pathlib.Path`.

    Raises:
        ArtifactError: See `check_keras_file`.
        OSError: If writing fails.

    Example:

    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> save_network(model, pathlib.Path(directory, "model.keras")).name
    'model.keras'
    """
    file = check_keras_file(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{uuid.uuid4().hex}.keras")
    try:
        model.save(aside)
        aside.rename(file)
    finally:
        aside.unlink(missing_ok=True)
    return file


def load_network(file: Path) -> keras.Model:
    """Reads a network from a file, in Keras' safe mode.

    Where the network can be read, but not the loss, metrics or optimizer that it was
    compiled with, it is not compiled, with an `ArtifactWarning`: functions and classes
    of one's own may not be at hand, and of legacy files Keras does not read some losses
    that were passed by name, as `"mse"`. Another one names layers that compute
    something else on this backend than on others, see `backend_notes`.

    Args:
        file: String or path of a `.keras` file, or of a legacy `.h5` file.

    Returns:
        `keras.Model`.

    Raises:
        ArtifactError: If there is no such file, or it is damaged, or has code or
            unregistered layers in it.

    Example:

    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> file = save_network(model, directory / "network.keras")
    >>> np.array_equal(load_network(file).get_weights()[0], model.get_weights()[0])
    True
    """
    file = pathlib.Path(file)
    if not file.is_file():
        raise ArtifactError(f"{file} is not a file.")
    # For damaged files, Keras raises errors of many types.
    try:
        optimizers = _optimizers_of_torch(file)
        model = keras.saving.load_model(file, optimizers, safe_mode=True)
        compiled = _compiled_as_usual(model)
    except Exception as error:
        problem = error
    else:
        _say_what_differs(compiled, file)
        return compiled
    try:
        model = keras.saving.load_model(file, compile=False, safe_mode=True)
    except Exception as error:
        # Keras 3.15.1 writes `x + y` to legacy files, and does not read it.
        legacy = file.suffix in (".h5", ".hdf5") and isinstance(
            error, (TypeError, ValueError)
        )
        hint = (
            ". Of .h5 files Keras reads no operations between layers, as x + y: save "
            "the network as .keras where it was made"
        )
        raise ArtifactError(
            f"{file} cannot be read as a Keras model: {_in_a_line(error)}"
            + (hint if legacy else "")
        ) from error
    warnings.warn(
        f"{file} is read, but not compiled: compile the network before fitting it. Its "
        f"loss, metrics or optimizer cannot be read: {_in_a_line(problem)}",
        ArtifactWarning,
        stacklevel=2,
    )
    _say_what_differs(model, file)
    return model


def _say_what_differs(model: keras.Model, file: pathlib.Path) -> None:
    for note in backend_notes(model):
        warnings.warn(f"{file}: {note}", ArtifactWarning, stacklevel=3)


def _compiled_as_usual(model: keras.Model) -> keras.Model:
    """Decides anew whether XLA compiles a model, where TensorFlow may have decided."""
    if model.compiled and backend().name != "tensorflow":
        layers = model._flatten_layers()
        supported = all(layer.supports_jit for layer in layers)
        model.jit_compile = backend().compiles_steps() and supported
    return model


def _in_a_line(error) -> str:
    """The type of an error, and the first line of its message."""
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"


def _optimizers_of_torch(file: pathlib.Path) -> dict[str, type]:
    """Optimizers by the names that a file has for PyTorch's versions of them.

    On PyTorch, Keras 3.15.1 writes the module of its own version of an optimizer, which
    it cannot import on other backends: there the file would not be compiled.
    """
    if file.suffix != ".keras":
        return {}
    with zipfile.ZipFile(file) as archive:
        config = archive.read("config.json").decode()
    return {name: getattr(keras.optimizers, name) for name in _OF_TORCH.findall(config)}
