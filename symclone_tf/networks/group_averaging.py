"""A network between copies of its images under a group, and the mean of its outputs."""

import keras

from symclone_tf.layers.group_averages import GroupAverage, GroupCopies
from symclone_tf.networks.network_inputs import data_format_of
from symclone_tf.networks.reconstruction import is_network


class Averaging:
    """What is around a network: copies of its images, and the mean of its outputs.

    Args:
        group: `PointGroup`.
        average: String, `"most-confident"`, or else the mean.
        kinds: List of strings, one for each output: the activation that is applied to
            the mean, or none, `""`.
    """

    def __init__(self, group, average, kinds):
        self.group = group
        self.average = average if average == "most-confident" else "mean"
        self.kinds = kinds

    def around(self, model, inner, specs) -> keras.Model:
        """The new network, with the names of the given one's inputs and outputs.

        Args:
            model: `keras.Model`, the given one.
            inner: `keras.Model`, a copy of it.
            specs: What it takes, see `input_specs`.

        Returns:
            `keras.Model`.
        """
        self.data_format = data_format_of(model)
        inputs = keras.tree.map_structure(_input_like, specs)
        copies = keras.tree.map_structure(self._copied, inputs)
        outputs = inner(copies)
        flat = keras.tree.flatten(outputs)
        kinds = self.kinds if is_network(model) else [""] * len(flat)
        made = [
            self._averaged(tensor, kind, _unlike(name, model.name))
            for tensor, kind, name in zip(flat, kinds, _names(model, len(flat)))
        ]
        outputs = keras.tree.pack_sequence_as(outputs, made)
        return keras.Model(inputs, outputs, name=f"{model.name}_{self.group.name}")

    def _copied(self, tensor):
        options = {"name": f"{tensor.name}_copies", "dtype": tensor.dtype}
        return GroupCopies(self.group, self.data_format, **options)(tensor)

    def _averaged(self, tensor, kind, name):
        options = {"name": f"{name}_average" if kind else name, "dtype": tensor.dtype}
        layer = GroupAverage(self.group, self.average, self.data_format, **options)
        average = layer(tensor)
        if not kind:
            return average
        return keras.layers.Activation(kind, dtype=tensor.dtype, name=name)(average)


def _input_like(spec):
    return keras.Input(batch_shape=spec.shape, dtype=spec.dtype, name=spec.name)


def _names(model, count) -> list[str]:
    """The names by which losses and metrics know the outputs."""
    if isinstance(model, keras.Sequential):
        return [model.layers[-1].name]
    if is_network(model):
        return model.output_names
    return ["outputs" if count == 1 else f"outputs_{n}" for n in range(count)]


def _unlike(name, other) -> str:
    """A name that is not that of the network inside."""
    return f"{name}_outputs" if name == other else name
