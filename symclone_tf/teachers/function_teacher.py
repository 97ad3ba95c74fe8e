"""Functions and Keras layers as teachers, whose properties are found by evaluation."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from symclone_tf.backends import backend
from symclone_tf.symmetry import Transformation
from symclone_tf.teachers.base import Teacher
from symclone_tf.teachers.evaluation import linear_in, measure_gains
from symclone_tf.teachers.layer_function import LayerFunction
from symclone_tf.teachers.validation import (
    artifact_name,
    as_shape,
    check_function,
    representation_and_positions,
)
from symclone_tf.types import Array, Tensor

# Teachers that artifacts may refer to, by their names.
FUNCTIONS: dict[str, "FunctionTeacher"] = {}


@Teacher.register("function")
class FunctionTeacher(Teacher):
    """A function of inputs and a kernel, as a teacher.

    Its properties need not be declared: linearity in inputs and in the kernel is tested
    with random linear combinations, rank and gains are measured with each entry of the
    kernel, and receptive fields, if a student needs them, with unit impulses. Sizes are
    those of one channel, see `Teacher`.

    Args:
        function: Callable of inputs, `(batch, *input_shape, channels)`, and a kernel,
            `(*kernel_shape, channels, filters)`, that returns outputs,
            `(batch, *output_shape, filters)`. It must sum over channels and treat each
            filter on its own, and consist of operations of Keras or its backend, since
            cloning compiles it.
        input_shape: Integer or tuple of integers, without batch and channels.
        kernel_shape: Integer or tuple of integers, without channels and filters.
        output_shape: Integer or tuple of integers, without batch and filters.
        representation_in: Integer, size of the inputs' representation, which is the
            last part of `input_shape`; see `Teacher`.
        representation_out: Integer, size of the outputs' representation.
        per_channel: Boolean, whether the function takes one channel and one filter:
            inputs `(batch, *input_shape)` and a kernel `kernel_shape`, with outputs
            `(batch, *output_shape)`. It is then evaluated for each pair of a channel
            and a filter.
        receptive_fields: Integer array of shape `(positions_out, r)`, see `Teacher`;
            `None` to have them measured.
        transformations: Iterable of `Transformation` that the function is equivariant
            under, as returned by `transformations_of` and `permutations_of`; empty if
            there are none, or none are known.
        name: String of letters, digits and hyphens, which names of artifacts start
            with; `None` for the function's name.
        title: String, shown in tables; `None` for the name.

    Raises:
        ValueError: If a size is not accepted, or the function fails, does not sum over
            channels, cannot be compiled, or its outputs have another shape, are not
            finite, are all zero, or change from call to call.
        TypeError: If `function` is not callable, or an element of `transformations` is
            not a `Transformation`.

    Attributes:
        function: Callable, as given.
        evaluate: Callable, the function for all channels and filters, without checks of
            its outputs.

    Example:

    >>> adjacency = np.eye(6, k=1) + np.eye(6, k=-1)
    >>> powers = np.stack([np.eye(6), adjacency]).astype("float32")
    >>> def graph_convolution(inputs, kernel):
    ...     return keras.ops.einsum("kqp,npc,kco->nqo", powers, inputs, kernel)
    >>> teacher = FunctionTeacher(graph_convolution, 6, 2, 6)
    >>> teacher.is_linear, teacher.rank
    (True, 2)
    >>> student, report = clone(teacher, verbose=0)
    >>> report.solver, report.nmse < 1e-10
    ('closed-form', True)
    """

    def __init__(
        self,
        function: Callable[[Tensor, Tensor], Tensor],
        input_shape: int | tuple[int, ...] | list[int],
        kernel_shape: int | tuple[int, ...] | list[int],
        output_shape: int | tuple[int, ...] | list[int],
        representation_in: int = 1,
        representation_out: int = 1,
        per_channel: bool = False,
        receptive_fields: Array | None = None,
        transformations: Iterable[Transformation] = (),
        name: str | None = None,
        title: str | None = None,
    ) -> None:
        if not callable(function):
            raise TypeError(
                "`function` must be a function of inputs and a kernel. "
                f"Received: function of type {type(function).__name__}"
            )
        self.function = function
        self.input_shape = as_shape("input_shape", input_shape)
        self.kernel_shape = as_shape("kernel_shape", kernel_shape)
        self.output_shape = as_shape("output_shape", output_shape)
        self.representation_in, self.positions_in = representation_and_positions(
            "in", representation_in, self.input_shape
        )
        self.representation_out, self.positions_out = representation_and_positions(
            "out", representation_out, self.output_shape
        )
        self.per_channel = bool(per_channel)
        self.evaluate = self._compiled if per_channel else function
        self._traced: dict[str, Callable[..., Tensor]] = {}
        self.name = artifact_name(function, name)
        self.title = self.name if title is None else str(title)
        self._receptive_fields = receptive_fields
        self._transformations = tuple(transformations)
        for transformation in self._transformations:
            if not isinstance(transformation, Transformation):
                raise TypeError(
                    "`transformations` must be instances of Transformation, as "
                    "`sc.symmetry.transformations_of` returns. "
                    f"Received: one of type {type(transformation).__name__}"
                )
        check_function(self)

    @classmethod
    def from_layer(
        cls, layer: keras.layers.Layer, input_shape: Sequence[int], **options: Any
    ) -> "FunctionTeacher":
        """Creates a teacher from a Keras layer, whose weights the kernel replaces.

        The kernel replaces all trainable weights except those named `"bias"`, which
        keep their values: a cloned layer has a bias of its own. The kernel has the
        shape of the weight, or the concatenated entries of several weights. A last axis
        of size 1 is the layer's one channel, and is not part of the teacher's shapes.

        Args:
            layer: `keras.layers.Layer` with one channel and one filter, or a model,
                built or not. It is copied.
            input_shape: Sequence of integers, of its inputs without the batch, as
                `(16, 1)`.
            **options: Arguments of `FunctionTeacher`, as `transformations` and
                `representation_in`.

        Returns:
            `FunctionTeacher`, with the layer's name.

        Raises:
            ValueError: If the layer does not accept such inputs, or has no weights to
                replace.
            TypeError: If it is not a layer.

        Example:

        >>> layer = keras.layers.Conv2DTranspose(1, 3, strides=2, use_bias=False)
        >>> teacher = FunctionTeacher.from_layer(layer, (5, 5, 1), name="up")
        >>> teacher.kernel_shape, teacher.output_shape, teacher.is_linear
        ((3, 3), (11, 11), True)
        """
        function = LayerFunction(layer, input_shape)
        options = {"name": layer.name.replace("_", "-"), **options}
        shapes = function.input_shape, function.kernel_shape, function.output_shape
        return cls(function, *shapes, per_channel=True, **options)

    def registered(self) -> "FunctionTeacher":
        """Registers the teacher by its name, so that its clones can be exported.

        Artifacts store the name, and nothing of the function. A program that loads them
        has to create and register the same teacher first. Teachers may be registered
        before or after they are cloned.

        Returns:
            The teacher itself.
        """
        FUNCTIONS[self.name] = self
        return self

    def __call__(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        inputs, kernel = map(ops.convert_to_tensor, (inputs, kernel))
        outputs = ops.convert_to_tensor(self.evaluate(inputs, kernel))
        declared = (inputs.shape[0], *self.output_shape, kernel.shape[-1])
        found = tuple(outputs.shape)
        matches = len(found) == len(declared) and all(
            size is None or expected is None or size == expected
            for size, expected in zip(found, declared)
        )
        dtype = keras.backend.standardize_dtype(outputs.dtype)
        if not (matches and "float" in dtype):
            raise ValueError(
                f"`function` must return real numbers of shape {declared}, as declared "
                f"by `output_shape`. Received: {dtype} of shape {found}"
            )
        outputs = ops.reshape(outputs, (-1, *declared[1:]))
        return ops.cast(outputs, inputs.dtype)

    def _compiled(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        """`_map_over_pairs`, compiled because pairs are evaluated one by one. One
        function for each shape, as TensorFlow warns of one that is often retraced."""
        shapes = str((inputs.shape, kernel.shape))
        if shapes not in self._traced:
            self._traced[shapes] = backend().compiled(self._map_over_pairs)
        return self._traced[shapes](inputs, kernel)

    def _map_over_pairs(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        """Evaluates a function of one channel and one filter for all pairs, and sums
        over channels."""
        channels, filters = kernel.shape[-2:]
        kernels = ops.moveaxis(kernel, (-2, -1), (0, 1))
        kernels = ops.reshape(kernels, (channels * filters, *self.kernel_shape))
        inputs = ops.moveaxis(inputs, -1, 0)

        def of_pair(pair):
            channel = ops.take(inputs, pair // filters, axis=0)
            return self.function(channel, ops.take(kernels, pair, axis=0))

        outputs = ops.map(of_pair, ops.arange(channels * filters))
        shape = (channels, filters, *outputs.shape[1:])
        shape = tuple(-1 if size is None else size for size in shape)
        return ops.moveaxis(ops.sum(ops.reshape(outputs, shape), axis=0), 0, -1)

    @property
    def is_linear(self) -> bool:  # type: ignore[override]  # read-only
        """Whether it is linear in inputs and in the kernel, by a test."""
        return len(linear_in(self)) == 2

    @property
    def rank(self) -> int:
        """Integer, the dimension of the space of all its maps from positions to
        positions, as measured; an upper bound if it is not linear or too large."""
        rank = measure_gains(self).rank if self.is_linear else None
        return super().rank if rank is None else rank

    @property
    def entry_gain(self) -> Array | float:
        """Array of shape `kernel_shape`, the measured gains; 1 if it is not linear."""
        if not self.is_linear:
            return 1.0
        gains = measure_gains(self).entries
        # The learning rate of an entry without effect does not matter.
        return np.where(gains > 0, gains, 1.0).reshape(self.kernel_shape)

    @property
    def largest_gain(self) -> float:
        return measure_gains(self).largest if self.is_linear else 1.0

    @property
    def receptive_fields(self) -> Array | None:
        """Integer array of shape `(positions_out, r)`, as given; else `None` to have
        them measured or, if it is not linear, all input positions."""
        if self._receptive_fields is not None or self.is_linear:
            return self._receptive_fields
        # Unit impulses reveal the dependencies of linear maps only.
        positions = np.arange(self.positions_in)
        return np.broadcast_to(positions, (self.positions_out, self.positions_in))

    def transformations(self) -> tuple[Transformation, ...]:
        return self._transformations

    @property
    def _declared(self) -> tuple[Any, ...]:
        shapes = self.input_shape, self.kernel_shape, self.output_shape
        return (
            *shapes,
            self.representation_in,
            self.representation_out,
            self.per_channel,
            self.name,
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FunctionTeacher) or type(self) is not type(other):
            return False
        return self.function is other.function and self._declared == other._declared

    def __hash__(self) -> int:
        return hash((id(self.function), self._declared))

    def __deepcopy__(self, memo: dict[int, Any]) -> "FunctionTeacher":
        return self  # immutable, and compared by the identity of its function

    def __repr__(self) -> str:
        shapes = self.input_shape, self.kernel_shape, self.output_shape
        return f"{type(self).__name__}({self.name!r}, {', '.join(map(str, shapes))})"

    def get_config(self) -> dict[str, Any]:
        if FUNCTIONS.get(self.name) != self:
            raise ValueError(
                "Files store no functions, only names of registered teachers: call "
                "`.registered()` on this one. "
                f"Received: teacher {self!r}"
            )
        return {"function": self.name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "FunctionTeacher":
        if config["function"] not in FUNCTIONS:
            raise ValueError(
                f"create FunctionTeacher {config['function']!r} first, and call "
                "`.registered()` on it"
            )
        return FUNCTIONS[config["function"]]
