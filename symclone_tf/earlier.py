"""Names in files that version 0.2 wrote, and what they are called now."""

TEACHERS = {"shifts": "translations"}
# Of classes, as Keras registers them.
CLASSES = {"LocalStudent": "LocallyConnectedStudent"}
OPTIONS = {"moves": "trainable_part", "max_shift": "max_translation"}
# Of the networks of a probe.
KINDS = {"may leave": "may break"}
ANCHORS = {
    "augment": "transformed-inputs",
    "decay": "decoupled-l2-sp",
    "threshold": "proximal",
    "l2": "l2-sp",
}


def layer_config(config: dict) -> dict:
    """A layer's configuration, with the names of today.

    Args:
        config: Dictionary, of `get_config`, now or in version 0.2.

    Returns:
        Dictionary.
    """
    config = {OPTIONS.get(name, name): value for name, value in config.items()}
    if "anchor" in config:
        config["anchor"] = ANCHORS.get(config["anchor"], config["anchor"])
    return config


def teacher_values(values: dict) -> dict:
    """A teacher's serialized form, with the name of today.

    Args:
        values: Dictionary of a `name` and a `config`.

    Returns:
        Dictionary.
    """
    name = values["name"]
    known = isinstance(name, str)
    return {**values, "name": TEACHERS.get(name, name) if known else name}


def class_name(name):
    """A class' name, alone or as Keras registers it, as it is today."""
    package, mark, last = str(name).rpartition(">")
    return f"{package}{mark}{CLASSES.get(last, last)}"
