"""A network between copies of its images under a group, and the mean of its outputs."""

import keras

from symclone_tf.errors import reason_of
from symclone_tf.layers.group_averages import GroupAverage, GroupCopies
from symclone_tf.networks.reconstruction import is_network


class Averaging:
    """What is around a network: copies of its images, and the mean of its outputs.

    Args:
        group: `PointGroup`.
        average: String, `"most-confident"`, or else the mean.
        kinds: List of strings, one for each output: the activation that is applied to
            the mean, or none, `""`.
        data_format: String, of images, and of maps unless `of_outputs` says otherwise.
        of_outputs: List of strings, one for each output; or empty.
    """

    def __init__(
        self, group, average, kinds, data_format="channels_last", of_outputs=()
    ):
        self.group = group
        self.average = average if average == "most-confident" else "mean"
        self.kinds = kinds
        self.data_format = data_format
        self.of_outputs = of_outputs

    def around(self, model, inner, specs) -> keras.Model:
        """The new network, with the names of the given one's inputs and outputs.

        Args:
            model: `keras.Model`, the given one.
            inner: `keras.Model`, a copy of it.
            specs: What it takes, see `input_specs`.

        Returns:
            `keras.Model`.

        Raises:
            ValueError: If the copy cannot be called with so many images.
        """
        inputs = keras.tree.map_structure(_input_like, specs)
        self._names = {tensor.name for tensor in keras.tree.flatten(inputs)}
        inner.name = self._unique(inner.name, "network")
        copies = keras.tree.map_structure(self._copied, inputs)
        outputs = self._called(inner, copies)
        flat = keras.tree.flatten(outputs)
        kinds = self.kinds if is_network(model) else [""] * len(flat)
        formats = self.of_outputs or [self.data_format] * len(flat)
        names = output_names(model, len(flat))
        made = [
            self._averaged(tensor, kind, self._unique(name, "outputs"), data_format)
            for tensor, kind, name, data_format in zip(flat, kinds, names, formats)
        ]
        outputs = keras.tree.pack_sequence_as(outputs, made)
        return keras.Model(inputs, outputs, name=f"{model.name}_{self.group.name}")

    def _called(self, inner, copies):
        """The outputs of all copies, as many as there are of images."""
        try:
            outputs = inner(copies)
        except Exception as error:
            raise ValueError(self._wrong_number(reason_of(error))) from error
        count = keras.tree.flatten(copies)[0].shape[0]
        for tensor in keras.tree.flatten(outputs):
            if tensor.shape[0] not in (None, count):
                raise ValueError(
                    self._wrong_number(f"it returns {tensor.shape[0]} outputs")
                )
        return outputs

    def _wrong_number(self, reason) -> str:
        return (
            f"The network cannot be called with {self.group.order} times as many "
            f"images, as where a layer knows how many there are: {reason}"
        )

    def _unique(self, name, kind) -> str:
        """A name that no other layer has: losses know the outputs by theirs."""
        found, number = name, 1
        while found in self._names:
            suffix = kind if number == 1 else f"{kind}_{number}"
            found, number = f"{name}_{suffix}", number + 1
        self._names.add(found)
        return found

    def _copied(self, tensor):
        name = self._unique(f"{tensor.name}_copies", "images")
        options = {"name": name, "dtype": tensor.dtype}
        return GroupCopies(self.group, self.data_format, **options)(tensor)

    def _averaged(self, tensor, kind, name, data_format):
        own = self._unique(f"{name}_average", "mean") if kind else name
        options = {"name": own, "dtype": tensor.dtype}
        layer = GroupAverage(self.group, self.average, data_format, **options)
        average = layer(tensor)
        if not kind:
            return average
        return keras.layers.Activation(kind, dtype=tensor.dtype, name=name)(average)


def _input_like(spec):
    return keras.Input(batch_shape=spec.shape, dtype=spec.dtype, name=spec.name)


def output_names(model: keras.Model, count: int) -> list[str]:
    """The names by which losses and metrics know a network's outputs.

    Args:
        model: `keras.Model`.
        count: Integer, the number of outputs.

    Returns:
        List of strings.
    """
    if isinstance(model, keras.Sequential):
        return [model.layers[-1].name]
    if is_network(model):
        return list(model.output_names)
    return ["outputs" if count == 1 else f"outputs_{n}" for n in range(count)]
