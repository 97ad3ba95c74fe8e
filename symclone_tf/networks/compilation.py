"""Compiles a network as another is, with the same objects."""

from typing import Any

import keras

from symclone_tf.networks.copies import Copies
from symclone_tf.networks.object_copies import optimizer_like


def not_compiled(model: keras.Model) -> str:
    """Why a copy of a network will not be compiled as the network is.

    Args:
        model: `keras.Model`.

    Returns:
        String, empty if it will be, or if the network is not compiled.
    """
    if not model.compiled:
        return ""
    if not hasattr(model, "_compile_config"):
        return "its class has a `compile` of its own, which does not call Keras'"
    try:
        _optimizer_like(model)
    except Exception as error:
        name = type(model.optimizer).__name__
        reason = str(error).strip().partition("\n")[0]
        return f"its optimizer, {name}, cannot be made again ({reason})"
    return ""


def compile_alike(model: keras.Model, made: keras.Model, copies: Copies) -> None:
    """Compiles a copy of a network as the network is.

    Losses, and functions, are those of the network: they are at hand, and their
    configurations would only name them. Metrics and the optimizer have state, and
    are copies; the optimizer has the current learning rate, and no moments yet.

    Args:
        model: `keras.Model`.
        made: `keras.Model`, the copy.
        copies: `Copies` of the network's layers.
    """
    if not model.compiled or not_compiled(model):
        return
    options = dict(model._compile_config.config)
    for metric in keras.tree.flatten([options["metrics"], options["weighted_metrics"]]):
        if isinstance(metric, keras.metrics.Metric):
            copies.add_variables(metric.variables)
    for name in ("loss", "metrics", "weighted_metrics"):
        options[name] = copies.of(options[name])
    options["optimizer"] = _optimizer_like(model)
    scaled = isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    # Past a `compile` of the class's own: what that sets is copied.
    keras.Model.compile(made, **options, auto_scale_loss=scaled)
    if made.built:
        made.optimizer.build(made.trainable_variables)


def _optimizer_like(model: keras.Model) -> Any:
    """An optimizer as a model's, with the same schedule of the learning rate."""
    optimizer = model.optimizer
    given = model._compile_config.config["optimizer"]
    wrapped = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    if wrapped and not isinstance(given, keras.optimizers.LossScaleOptimizer):
        optimizer = optimizer.inner_optimizer
    return optimizer_like(optimizer)
