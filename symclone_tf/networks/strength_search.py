"""Finds how strongly a network's last layer is held, in one training."""

import dataclasses
import math
from collections.abc import Iterable
from typing import Any

import keras
from keras import ops

from symclone_tf.checks import one_of
from symclone_tf.networks.comparison import has_finite_weights
from symclone_tf.networks.reconstruction import give_own_paths, inputs_of, rebuilt
from symclone_tf.networks.selection import check_network
from symclone_tf.networks.strength_search_checks import (
    again,
    anchored_layer,
    check_model,
    mode_of,
    scores_of,
    strengths_of,
)


@dataclasses.dataclass(frozen=True)
class TriedStrength:
    """What one strength was worth.

    Attributes:
        strength: Float, `anchor_strength`.
        scores: Dictionary from `"loss"` and the names of metrics to floats.
        is_chosen: Boolean.

    Example:

    >>> TriedStrength(0.2, {"loss": 0.31}, is_chosen=True).scores["loss"]
    0.31
    """

    strength: float
    scores: dict[str, float]
    is_chosen: bool


class StrengthSearch(keras.Model):
    """Trains one network whose last anchored layer has several strengths at once.

    How far a symmetry holds is seldom known, and so is the strength by which a layer is
    best held. Here layers before the last anchored one are shared; that layer and what
    comes after are there once for each strength. They learn from the same batches, and
    the shared layers from the mean of their gradients. `choose` then returns the
    network of the strength that is best on other images. That takes one training, of
    a network with a longer end.

    Which strength is best depends on what the network is for: only images as in use
    tell it. On upright digits alone breaking a symmetry under rotations is always
    worth it.

    Args:
        model: `keras.Model`, Sequential or functional, built, whose last anchored layer
            is followed by layers that use its outputs, its inputs and the network's
            inputs alone. It is copied, and does not change.
        strengths: Iterable of floats, the values of `anchor_strength`; `None` for
            shares of 0.1, 0.3 and 0.5, with `"transformed-inputs"` and `"proximal"`,
            and for a third, one and three times the layer's own with other anchors.
        layer: String, the name of an anchored layer; `None` for the last one.
        **kwargs: `name`.

    Its logs have the loss and the metrics of each strength, and `best_loss` and
    `best_accuracy`, those of the strength that is best so far: what a callback is to
    monitor, as `keras.callbacks.EarlyStopping("val_best_accuracy", mode="max")`.

    A search is not saved; the networks that it returns are.

    Raises:
        ValueError: If the model has no such layer, several outputs or a `train_step` of
            its own, if another layer shares the student, or something after the layer
            depends on what comes before; or if the strengths are not several different
            ones.
        TypeError: If `model` is not a Keras model.

    Example:

    >>> last = UntiedGroupConv2D(4, 3, "c4", symmetry="anchored", seed=0)
    >>> layers = [keras.Input((8, 8, 1)), last, GroupPooling(), keras.layers.Flatten()]
    >>> model = keras.Sequential([*layers, keras.layers.Dense(2)])
    >>> search = StrengthSearch(model, strengths=(0.1, 0.5))
    >>> search.compile("adam", "mse", metrics=["mae"])
    >>> images, targets = np.ones((4, 8, 8, 1)), np.ones((4, 2))
    >>> _ = search.fit(images, targets, verbose=0)
    >>> best, tried = search.choose(images, targets)
    >>> [each.strength for each in tried], best.layers[0].anchor_strength in (0.1, 0.5)
    ([0.1, 0.5], True)
    """

    def __init__(
        self,
        model: keras.Model,
        strengths: Iterable[float] | None = None,
        layer: str | None = None,
        **kwargs: Any,
    ):
        check_network(model)
        check_model(model)
        anchored = anchored_layer(model, layer)
        strengths = strengths_of(strengths, anchored)
        whole = rebuilt(model, lambda _: None)
        last = next(one for one in whole.layers if one.name == anchored.name)
        ends = [_end(whole, last, strength) for strength in strengths]
        count = len(strengths)

        def shared(values):
            # Their gradients are those of the mean.
            return values / count + ops.stop_gradient(values * (1 - 1 / count))

        maps = keras.layers.Lambda(shared, name=f"{last.name}_inputs")(last.input)
        names = [f"strength_{strength}" for strength in strengths]
        outputs = {
            name: end([maps, *_others(whole, last)]) for name, end in zip(names, ends)
        }
        super().__init__(inputs_of(whole), outputs, **kwargs)
        give_own_paths(self)
        self.strengths = dict(zip(names, strengths))
        # Not as attributes that Keras tracks: their layers are those of the graph.
        object.__setattr__(self, "_whole", whole)
        object.__setattr__(self, "_last", last)
        object.__setattr__(self, "_ends", dict(zip(names, ends)))

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Iterable[Any] | None = None,
        **options: Any,
    ) -> None:
        """Compiles, with the same loss and metrics for each strength.

        Args:
            optimizer: As of `keras.Model.compile`.
            loss: A loss function, or its name.
            metrics: List of metrics, or their names; `None` for none.
            **options: As of `keras.Model.compile`, without weights of losses.

        Raises:
            ValueError: If there are several losses, or a metric cannot be made again.
        """
        if refused := sorted({"loss_weights", "weighted_metrics"} & set(options)):
            raise ValueError(
                "A search has one loss, without weights, and metrics without weights. "
                f"Received: {', '.join(refused)}"
            )
        if metrics is not None and not isinstance(metrics, (list, tuple)):
            raise ValueError(f"`metrics` must be a list. Received: metrics={metrics}")
        if isinstance(loss, (dict, list, tuple)):
            raise ValueError(f"`loss` must be one, for all strengths. Received: {loss}")
        names = list(self.strengths)
        each = {name: [again(one) for one in metrics or ()] for name in names}
        losses = dict.fromkeys(names, loss)
        super().compile(optimizer, losses, metrics=each, **options)

    def get_config(self) -> dict[str, Any]:
        raise ValueError(
            "A search is not saved: save the networks that `choose` and `network` "
            "return, or the weights of the search"
        )

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        targets, weights = self._for_each(y), self._for_each(sample_weight)
        return super().compute_loss(x, targets, y_pred, weights, training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        targets, weights = self._for_each(y), self._for_each(sample_weight)
        return super().compute_metrics(x, targets, y_pred, weights)

    def get_metrics_result(self) -> dict[str, Any]:
        found = super().get_metrics_result()
        scores = [scores_of(name, found) for name in self.strengths]
        for monitor in scores[0]:
            if monitor == "loss" or "accuracy" in monitor:
                best = ops.min if mode_of(monitor, None) == "min" else ops.max
                values = ops.stack([score[monitor] for score in scores])
                found[f"best_{monitor}"] = best(values)
        return found

    def _for_each(self, value):
        return None if value is None else dict.fromkeys(self.strengths, value)

    def choose(
        self,
        x: Any,
        y: Any = None,
        monitor: str = "loss",
        mode: str | None = None,
        tolerance: float = 0.0,
        **options: Any,
    ) -> tuple[keras.Model, tuple[TriedStrength, ...]]:
        """The network of the strength that is best on images that none learnt from.

        Args:
            x: Images, or a dataset, as of `keras.Model.evaluate`.
            y: Targets.
            monitor: String, `"loss"` or the name of a metric.
            mode: String, `"min"` or `"max"`: what of it is best. `None` for `"min"` of
                the loss and `"max"` of accuracies; others need one.
            tolerance: Float, how much worse than the best the largest strength that is
                chosen may be: what symmetry is worth.
            **options: Of `keras.Model.evaluate`, as `batch_size`.

        Returns:
            Pair of a `keras.Model`, of the class of the given model and compiled as
            it is, and a tuple of `TriedStrength`, by strength.

        Raises:
            ValueError: If there is no such metric, or an argument is not accepted, or
                no score is a number.
        """
        mode = mode_of(monitor, mode)
        if not tolerance >= 0:
            raise ValueError(
                f"`tolerance` must not be negative. Received: tolerance={tolerance}"
            )
        if "return_dict" in options:
            raise ValueError("`return_dict` is not of `choose`, which needs all scores")
        found = self.evaluate(x, y, return_dict=True, **{"verbose": 0, **options})
        scores = {name: scores_of(name, found) for name in self.strengths}
        known = list(next(iter(scores.values())))
        one_of("monitor", monitor, known)
        sign = 1 if mode == "min" else -1
        if not has_finite_weights(self):
            raise ValueError("Weights are not finite: training diverged")
        numbers = [s[monitor] for s in scores.values() if math.isfinite(s[monitor])]
        if not numbers:
            raise ValueError(f"No {monitor} is finite: training diverged")
        best = min(sign * number for number in numbers)
        good = [n for n, s in scores.items() if sign * s[monitor] <= best + tolerance]
        chosen = max(good, key=self.strengths.__getitem__)
        tried = [
            TriedStrength(self.strengths[name], each, name == chosen)
            for name, each in scores.items()
        ]
        tried.sort(key=lambda each: each.strength)
        return self.network(self.strengths[chosen]), tuple(tried)

    def network(self, strength: float) -> keras.Model:
        """The network of one strength, as far as it is trained.

        Args:
            strength: Float, one of those that are tried.

        Returns:
            `keras.Model`.

        Raises:
            ValueError: If it is not one of them.
        """
        names = {value: name for name, value in self.strengths.items()}
        one_of("strength", strength, list(names))
        end = self._ends[names[strength]]

        def replace(layer):
            if layer is not self._last:
                return None
            return _with_strength(end.get_layer(layer.name), strength)

        made = rebuilt(self._whole, replace)
        for layer in end.layers:
            if layer.weights:
                made.get_layer(layer.name).set_weights(layer.get_weights())
        return made


def _end(whole, last, strength) -> keras.Model:
    """What comes from a layer's inputs on, with another strength."""
    outputs = whole.outputs[0] if len(whole.outputs) == 1 else whole.outputs
    # Of the network's inputs too, which a residual connection may add at the end.
    end = keras.Model([last.input, *_others(whole, last)], outputs)
    before = {id(one) for one in keras.Model(whole.inputs, last.input).layers}
    twice = [one.name for one in end.layers if id(one) in before and one.weights]
    if twice:
        raise ValueError(
            f"What comes after layer {last.name!r} must depend on its outputs, its "
            "inputs and the network's inputs alone. "
            f"Received: layers {', '.join(twice)}, whose outputs it uses too"
        )

    def replace(layer):
        return _with_strength(layer, strength) if layer is last else None

    return rebuilt(end, replace)


def _others(whole, last) -> list[Any]:
    """A network's inputs, but for that of a layer, if it is one."""
    return [one for one in keras.tree.flatten(whole.inputs) if one is not last.input]


def _with_strength(layer, strength) -> Any:
    """A copy of a layer, held more or less strongly."""
    made = type(layer).from_config({**layer.get_config(), "anchor_strength": strength})
    made.build(layer.input.shape)
    made.set_weights(layer.get_weights())
    return made
