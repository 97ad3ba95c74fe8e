"""A trained network, and images of one's own, for commands that draw both."""

import dataclasses
import pathlib
import re
from typing import Any

import click
from click.core import ParameterSource

from symclone_tf.cli.network_images import images_for

# On which errors are measured.
IMAGES = 32


@dataclasses.dataclass(frozen=True)
class TrainedNetwork:
    """A network that was read from a file, with images that it takes.

    Attributes:
        model: `keras.Model`.
        name: String, of its file or artifact.
        images: Array, test images of `--data`.
        groups: List of strings: those given, or the one that it was trained with.
        history: Dictionary, see `training_record`.
    """

    model: Any
    name: str
    images: Any
    groups: list[str]
    history: dict[str, list[float]]


# Of what is cloned, or was measured on digits.
_OF_CLONES = ("student", "regions", "clones", "benchmark", "trained", "image_size")


def refuse_options_of_clones() -> None:
    """Refuses options that were given, and mean nothing for a network."""
    context = click.get_current_context()
    for name in _OF_CLONES:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            option = name.replace("_", "-")
            raise click.UsageError(f"--{option} is of clones, and not for --model.")


def open_network(sc, model, data, groups=(), data_dir=None) -> TrainedNetwork:
    """Reads a network, and the images that it is drawn with.

    Args:
        sc: The package.
        model: String, `--model`.
        data: String, `--data`.
        groups: Sequence of strings, `--group`; empty for that of the artifact.
        data_dir: String, `--data-dir`.

    Returns:
        `TrainedNetwork`.
    """
    refuse_options_of_clones()
    if data is None:
        raise click.UsageError("--model needs --data, the images that are drawn.")
    file = sc.artifacts.network_file(model)
    if file is None:
        raise click.UsageError(
            "--model must be a .keras file, or the folder of one classifier that train "
            f"has exported. Received: {model}"
        )
    trained_with, history = sc.artifacts.training_record(file)
    if "network" in history:
        history["whole network"] = history.pop("network")
    found = list(groups) or [trained_with] * (trained_with is not None)
    if not found:
        raise click.UsageError("A .keras file needs --group, under which it is drawn.")
    network = sc.artifacts.load_network(file)
    name = file.parents[2].name if _is_in_artifact(sc, file) else file.stem
    images = images_for(sc, network, IMAGES, 0, data, None, data_dir)
    return TrainedNetwork(network, name, images, found, history)


def network_and_output(sc, model, output, suffix) -> tuple[pathlib.Path, str]:
    """The file of a network, and of what is made of it.

    Args:
        sc: The package.
        model: String, `MODEL`: a Keras file, or the folder of a classifier.
        output: String, `--output`; `None` for a file beside the network's, or for one
            here if that is in an artifact.
        suffix: String, of its name.
    """
    file = sc.artifacts.network_file(model)
    if file is None:
        raise click.UsageError(
            "MODEL must be a .keras or .h5 file, or the folder of one classifier that "
            f"train has exported. Received: {model}"
        )
    kept = re.sub(r"\.(keras|h5|hdf5)$", "", str(file))
    name = file.parents[2].name if _is_in_artifact(sc, file) else kept
    output = output or f"{name}-{suffix}.keras"
    sc.artifacts.check_keras_file(output)
    return file, output


def _is_in_artifact(sc, file) -> bool:
    return file.parent.name == sc.artifacts.METRICS.parent.name


def studies_of(sc, opened) -> list:
    """A `NetworkStudy` of a network for each of its groups."""
    return [
        sc.studies.study_network(
            opened.model,
            opened.images,
            group,
            opened.name,
            opened.history,
            ("before training", "after training"),
        )
        for group in opened.groups
    ]
