"""Names in files that version 0.2 wrote, and their current names."""

from collections.abc import Mapping
from typing import Any

TEACHERS = {"shifts": "translations"}
# Class names, as Keras registers them.
CLASSES = {"LocalStudent": "LocallyConnectedStudent"}
# Kinds of students that are no more.
STUDENTS_REMOVED = {
    "mixer": "`student` mixer was removed, as it did not learn; clone with local"
}
OPTIONS = {"moves": "trainable_part", "max_shift": "max_translation"}
# Of the networks of a probe.
KINDS = {"may leave": "may break"}
ANCHORS = {
    "augment": "transformed-inputs",
    "decay": "decoupled-l2-sp",
    "threshold": "proximal",
    "l2": "l2-sp",
}


def layer_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """A layer's configuration with current names.

    Args:
        config: Dictionary, as returned by `get_config`, possibly of version 0.2.

    Returns:
        Dictionary.
    """
    config = {OPTIONS.get(name, name): value for name, value in config.items()}
    if "anchor" in config:
        config["anchor"] = ANCHORS.get(config["anchor"], config["anchor"])
    return config


def teacher_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """A serialized teacher with its current name.

    Args:
        values: Dictionary of a `name` and a `config`.

    Returns:
        Dictionary.
    """
    name = values["name"]
    known = isinstance(name, str)
    return {**values, "name": TEACHERS.get(name, name) if known else name}


def class_name(name: object) -> str:
    """The current name of a class, with Keras' package prefix if it had one."""
    package, separator, last = str(name).rpartition(">")
    return f"{package}{separator}{CLASSES.get(last, last)}"
