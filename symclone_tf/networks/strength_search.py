"""Finds how strongly a network's last layer is held, in one training."""

import dataclasses
from collections.abc import Iterable
from typing import Any

import keras
from keras import ops

from symclone_tf.checks import one_of, positive_number
from symclone_tf.networks.copies import all_layers
from symclone_tf.networks.reconstruction import (
    give_own_paths,
    inputs_of,
    is_network,
    rebuilt,
)
from symclone_tf.networks.selection import check_network

STRENGTHS = (0.1, 0.3, 0.5)


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
        strengths: Iterable of floats, the values of `anchor_strength`.
        layer: String, the name of an anchored layer; `None` for the last one.
        **kwargs: `name`.

    Raises:
        ValueError: If the model has no such layer, another layer shares its student, or
            something after it depends on what comes before; or if the strengths are
            not several different ones.
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
        strengths: Iterable[float] = STRENGTHS,
        layer: str | None = None,
        **kwargs: Any,
    ):
        check_network(model)
        strengths = [positive_number("strengths", one) for one in strengths]
        if len(set(strengths)) < max(2, len(strengths)):
            raise ValueError(
                "`strengths` must be several different numbers. "
                f"Received: strengths={strengths}"
            )
        anchored = _anchored_layer(model, layer)
        whole = rebuilt(model, lambda _: None)
        last = next(one for one in all_layers(whole) if one.name == anchored.name)
        ends = [_end(whole, last, strength) for strength in strengths]
        count = len(strengths)

        def shared(values):
            # Their gradients are those of the mean.
            return values / count + ops.stop_gradient(values * (1 - 1 / count))

        maps = keras.layers.Lambda(shared, name="shared")(last.input)
        names = [f"strength_{strength}" for strength in strengths]
        outputs = {
            name: end([maps, *_others(whole, last)]) for name, end in zip(names, ends)
        }
        super().__init__(inputs_of(whole), outputs, **kwargs)
        give_own_paths(self)
        self.strengths = dict(zip(names, strengths))
        self._last_name = anchored.name
        # Not as attributes that Keras tracks: their layers are those of the graph.
        object.__setattr__(self, "_whole", whole)
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
            **options: As of `keras.Model.compile`.
        """
        if isinstance(loss, (dict, list, tuple)):
            raise ValueError(f"`loss` must be one, for all strengths. Received: {loss}")
        names = list(self.strengths)
        each = {name: [_again(one) for one in metrics or ()] for name in names}
        losses = dict.fromkeys(names, loss)
        super().compile(optimizer, losses, metrics=each, **options)

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        targets, weights = self._for_each(y), self._for_each(sample_weight)
        return super().compute_loss(x, targets, y_pred, weights, training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        targets, weights = self._for_each(y), self._for_each(sample_weight)
        return super().compute_metrics(x, targets, y_pred, weights)

    def _for_each(self, value):
        return None if value is None else dict.fromkeys(self.strengths, value)

    def choose(
        self,
        x: Any,
        y: Any = None,
        monitor: str = "loss",
        mode: str = "min",
        tolerance: float = 0.0,
        **options: Any,
    ) -> tuple[keras.Model, tuple[TriedStrength, ...]]:
        """The network of the strength that is best on images that none learnt from.

        Args:
            x: Images, or a dataset, as of `keras.Model.evaluate`.
            y: Targets.
            monitor: String, `"loss"` or the name of a metric.
            mode: String, `"min"` or `"max"`: what of it is best.
            tolerance: Float, how much worse than the best the largest strength that is
                chosen may be: what symmetry is worth.
            **options: Of `keras.Model.evaluate`.

        Returns:
            Pair of a `keras.Model`, of the class of the given model and compiled as
            it is, and a tuple of `TriedStrength`, by strength.

        Raises:
            ValueError: If there is no such metric, or an argument is not accepted.
        """
        one_of("mode", mode, ("min", "max"))
        found = self.evaluate(x, y, return_dict=True, **{"verbose": 0, **options})
        scores = {name: _of_output(name, found) for name in self.strengths}
        known = list(next(iter(scores.values())))
        one_of("monitor", monitor, known)
        sign = 1 if mode == "min" else -1
        best = min(sign * each[monitor] for each in scores.values())
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
            if layer.name != self._last_name:
                return None
            return _with_strength(end.get_layer(layer.name), strength)

        made = rebuilt(self._whole, replace)
        for layer in end.layers:
            if layer.weights:
                made.get_layer(layer.name).set_weights(layer.get_weights())
        return made


def _anchored_layer(model, name) -> Any:
    """The layer whose strengths are tried.

    Raises:
        ValueError: If there is none.
    """
    layers = [
        layer
        for layer in model.layers
        if getattr(layer, "symmetry", None) == "anchored"
        and getattr(layer, "anchor_strength", None) is not None
    ]
    names = ", ".join(layer.name for layer in layers) or "none"
    if not is_network(model) or not layers or name not in (None, *_names(layers)):
        raise ValueError(
            "`model` must be a Sequential or functional model with an anchored layer, "
            f"or one of that name. Received: {model.name!r}, a {type(model).__name__}, "
            f"with anchored layers {names}, and layer={name}"
        )
    found = layers[-1] if name is None else layers[_names(layers).index(name)]
    student = getattr(found, "student", None)
    others = [one for one in all_layers(model) if one is not found]
    for other in others if student is not None else ():
        if getattr(other, "student", None) is student:
            raise ValueError(
                f"Layer {found.name!r} shares its student with {other.name!r}, which "
                "has one strength"
            )
    return found


def _names(layers) -> list[str]:
    return [layer.name for layer in layers]


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
    return rebuilt(
        end, lambda one: (one is last and _with_strength(one, strength)) or None
    )


def _others(whole, last) -> list[Any]:
    """A network's inputs, but for that of a layer, if it is one."""
    return [one for one in keras.tree.flatten(whole.inputs) if one is not last.input]


def _with_strength(layer, strength) -> Any:
    """A copy of a layer, held more or less strongly."""
    made = type(layer).from_config({**layer.get_config(), "anchor_strength": strength})
    made.build(layer.input.shape)
    made.set_weights(layer.get_weights())
    return made


def _again(metric) -> Any:
    """A metric like another, with a state of its own."""
    if isinstance(metric, keras.metrics.Metric):
        return type(metric).from_config(metric.get_config())
    return metric


def _of_output(name, logs) -> dict[str, float]:
    """The scores of one output, without its name."""
    start = f"{name}_"
    return {key[len(start) :]: v for key, v in logs.items() if key.startswith(start)}
