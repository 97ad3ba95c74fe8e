"""The options of experiments that only networks of clones have."""

from collections.abc import Collection, Mapping
from typing import Any

from symclone_tf.checks import positive_integer, positive_pair
from symclone_tf.experiments.network_layouts import checked_per_layer, exact_blocks
from symclone_tf.experiments.strength_choice import AUTO, check_auto
from symclone_tf.experiments.training_recipes import TRAINING_RECIPES
from symclone_tf.layers import STRENGTHS, SYMMETRIES, TRAINABLE_PARTS, strength_of
from symclone_tf.students import get_student


def options_of_clones(experiment: Any, count: int | None) -> dict[str, Any]:
    """The options of some architectures only, with their defaults.

    Args:
        experiment: `Experiment`.
        count: Integer, the number of convolutions; `None` if it is not known.

    Returns:
        Dictionary, of fields of the experiment.

    Raises:
        ValueError: If an option is not accepted, or not for this architecture.
    """
    cloned = experiment.architecture == "cloned"
    defaults = {
        "symmetry": "frozen",
        "blocks": exact_blocks(experiment.group),
        "student": "dense",
    }
    chosen = _only(experiment, cloned, "`architecture` cloned", defaults)
    kinds: list[str] = []
    if cloned:
        kinds = checked_per_layer("symmetry", chosen["symmetry"], SYMMETRIES, count)
    regional, where = chosen["student"] == "regional", "`student` regional"
    chosen |= _only(experiment, regional, where, {"regions": None})
    if chosen["regions"] is not None:
        chosen["regions"] = positive_pair("regions", chosen["regions"])
    trained = set(kinds) - {"frozen"}
    chosen |= _only(
        experiment,
        trained,
        "`symmetry` trainable or anchored",
        {"trainable_part": "all"},
    )
    anchored, where = "anchored" in kinds, "`symmetry` anchored"
    chosen |= _only(experiment, anchored, where, {"anchor": "transformed-inputs"})
    strength = {"anchor_strength": STRENGTHS.get(chosen["anchor"])}
    chosen |= _only(experiment, anchored, where, strength)
    if cloned:
        positive_integer("blocks", chosen["blocks"])
        get_student(chosen["student"])
    if trained:
        checked_per_layer(
            "trainable_part", chosen["trainable_part"], TRAINABLE_PARTS, count
        )
    if anchored and chosen["anchor_strength"] == AUTO:
        recipe = experiment.recipe
        validated = TRAINING_RECIPES[recipe].validated
        check_auto(chosen["symmetry"], recipe, validated, experiment.task)
    elif anchored:
        strength_of(chosen["anchor"], chosen["anchor_strength"])
    return chosen


def layer_options(experiment: Any) -> dict[str, Any]:
    """What the clones of a network are given, of those options that are chosen.

    Args:
        experiment: `Experiment`, complete, of clones.

    Returns:
        Dictionary, of arguments of `image_network` and `unet`.
    """
    names = ("symmetry", "anchor", "anchor_strength", "trainable_part")
    chosen = {name: getattr(experiment, name) for name in names}
    # What is tried begins as the default does.
    return {name: v for name, v in chosen.items() if v is not None and v != AUTO}


def _only(
    experiment: Any,
    accepted: Collection[str] | bool,
    where: str,
    defaults: Mapping[str, Any],
) -> dict[str, Any]:
    chosen = {name: getattr(experiment, name) for name in defaults}
    for name, value in chosen.items():
        if value is not None and not accepted:
            raise ValueError(f"`{name}` is for {where} only. Received: {name}={value}")
        if value is None and accepted:
            chosen[name] = defaults[name]
    return chosen
