"""Functions and Keras layers as teachers; what they are is found out by asking."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from symclone_tf.symmetry import Transformation
from symclone_tf.teachers.base import Teacher
from symclone_tf.teachers.evaluation import gain_of_outputs, linear_in
from symclone_tf.teachers.layer_function import LayerFunction
from symclone_tf.teachers.validation import (
    check_function,
    name_of,
    representation_and_positions,
    shape_of,
)

# Teachers that artifacts may name, by their names.
FUNCTIONS: dict[str, "FunctionTeacher"] = {}


@Teacher.register("function")
class FunctionTeacher(Teacher):
    """A function of inputs and a kernel, as a teacher.

    What it is need not be said: whether it is linear in inputs and in the kernel is
    found by asking about sums of random ones, the rank and the power of its answers by
    asking with each entry of the kernel, and the neighbourhoods, where a student wants
    them, with unit impulses. Sizes are those of one channel, see `Teacher`.

    Args:
        function: Callable of inputs, `(batch, *input_shape, channels)`, and a kernel,
            `(*kernel_shape, channels, filters)`, that gives `(batch, *output_shape,
            filters)`: a sum over channels, and each filter for itself. It is made of
            operations of Keras or TensorFlow, since cloning compiles it.
        input_shape: Tuple of integers, or one.
        kernel_shape: Tuple of integers, or one.
        output_shape: Tuple of integers, or one.
        representation_in: Integer, the maps of an input, its last entries; see `Teacher`.
        representation_out: Integer, the maps of an output.
        per_channel: Boolean, whether the function knows one channel and one filter
            only: it takes `(batch, *input_shape)` and `kernel_shape`, gives `(batch,
            *output_shape)`, and is asked for each pair of them.
        receptive_fields: Integer array of shape `(positions_out, r)`, see `Teacher`; `None`
            to have it asked for.
        transformations: Iterable of `Transformation`, what its symmetry does, as `transformations_of` and
            `permutations_of` give them; none, where it has none or none is known.
        name: String, of letters, digits and hyphens, that names artifacts; `None` for
            the function's.
        title: String, as tables show it; `None` for the name.

    Raises:
        ValueError: If a size is not accepted, or the function fails, does not sum over
            channels, cannot be compiled, or gives answers of another shape, that are
            not finite, all zero, or change from call to call.
        TypeError: If it is no function, or a move is none.

    Attributes:
        answer: Callable, the function, for all channels and filters.

    Example:

    >>> adjacency = np.eye(6, k=1) + np.eye(6, k=-1)
    >>> powers = np.stack([np.eye(6), adjacency]).astype("float32")
    >>> def receptive_field_size(inputs, kernel):
    ...     return keras.ops.einsum("kqp,npc,kco->nqo", powers, inputs, kernel)
    >>> teacher = FunctionTeacher(receptive_field_size, 6, 2, 6)
    >>> teacher.is_linear, teacher.rank
    (True, 2)
    >>> student, report = clone(teacher, verbose=0)
    >>> report.solver, report.nmse < 1e-10
    ('closed-form', True)
    """

    def __init__(
        self,
        function,
        input_shape,
        kernel_shape,
        output_shape,
        representation_in=1,
        representation_out=1,
        per_channel=False,
        receptive_fields=None,
        transformations=(),
        name=None,
        title=None,
    ):
        if not callable(function):
            raise TypeError(
                "`function` must be a function of inputs and a kernel. "
                f"Received: function of type {type(function).__name__}"
            )
        self.function = function
        self.input_shape = shape_of("input_shape", input_shape)
        self.kernel_shape = shape_of("kernel_shape", kernel_shape)
        self.output_shape = shape_of("output_shape", output_shape)
        sides = (
            ("in", representation_in, self.input_shape),
            ("out", representation_out, self.output_shape),
        )
        (
            (self.representation_in, self.positions_in),
            (self.representation_out, self.positions_out),
        ) = (representation_and_positions(*side) for side in sides)
        self.per_channel = bool(per_channel)
        self.answer = self._compiled if per_channel else function
        self._traced = {}
        self.name = name_of(function, name)
        self.title = self.name if title is None else str(title)
        self._neighbourhood = receptive_fields
        self._moves = tuple(transformations)
        for move in self._moves:
            if not isinstance(move, Transformation):
                raise TypeError(
                    "`transformations` must be moves, as `sc.symmetry.transformations_of` gives them. "
                    f"Received: one of type {type(move).__name__}"
                )
        check_function(self)

    @classmethod
    def from_layer(cls, layer, input_shape, **options):
        """A Keras layer as a teacher, in the place of whose weights the kernel stands.

        All of its trainable weights but those that are named `"bias"`, which stay as
        they are: a cloned layer has a bias of its own. One weight gives its shape to
        the kernel; several are put one after the other. A last axis of size 1 is the
        layer's one channel, and not one of the teacher's.

        Args:
            layer: `keras.layers.Layer` of one channel and one filter, or a model;
                built or not. It is copied.
            input_shape: Tuple, of its inputs without the batch, as `(16, 1)`.
            **options: Of `FunctionTeacher`, as `transformations` and `representation_in`.

        Returns:
            `FunctionTeacher`, named as the layer is.

        Raises:
            ValueError: If the layer does not take such inputs, or has no such weights.
            TypeError: If it is no layer.

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
        """Makes it known by its name, so that its clones can be exported.

        Artifacts hold the name, and neither the function nor anything of it: who loads
        them has to make the teacher first, and call this, as the program that is
        running now did. Also a teacher that has been cloned already can be registered.

        Returns:
            The teacher itself.
        """
        FUNCTIONS[self.name] = self
        return self

    def __call__(self, inputs, kernel):
        inputs, kernel = map(ops.convert_to_tensor, (inputs, kernel))
        answers = ops.convert_to_tensor(self.answer(inputs, kernel))
        declared = (inputs.shape[0], *self.output_shape, kernel.shape[-1])
        found = tuple(answers.shape)
        fits = len(found) == len(declared) and all(
            size is None or wanted is None or size == wanted
            for size, wanted in zip(found, declared)
        )
        kind = keras.backend.standardize_dtype(answers.dtype)
        if not (fits and "float" in kind):
            raise ValueError(
                f"`function` must answer with real numbers of shape {declared}, as "
                f"`output_shape` says. Received: {kind} of shape {found}"
            )
        answers = ops.reshape(answers, (-1, *declared[1:]))
        return ops.cast(answers, inputs.dtype)

    def _compiled(self, inputs, kernel):
        """`_pair_by_pair`, compiled, because pairs come one after the other; for each
        shape for itself, of which TensorFlow would warn."""
        shapes = str((inputs.shape, kernel.shape))
        if shapes not in self._traced:
            self._traced[shapes] = tf.function(self._pair_by_pair)
        return self._traced[shapes](inputs, kernel)

    def _pair_by_pair(self, inputs, kernel):
        """The sum over channels, of a function of one channel and one filter."""
        channels, filters = kernel.shape[-2:]
        kernels = ops.moveaxis(kernel, (-2, -1), (0, 1))
        kernels = ops.reshape(kernels, (channels * filters, *self.kernel_shape))
        inputs = ops.moveaxis(inputs, -1, 0)

        def answer(pair):
            channel = ops.take(inputs, pair // filters, axis=0)
            return self.function(channel, ops.take(kernels, pair, axis=0))

        answers = ops.map(answer, ops.arange(channels * filters))
        shape = (channels, filters, *answers.shape[1:])
        shape = tuple(-1 if size is None else size for size in shape)
        return ops.moveaxis(ops.sum(ops.reshape(answers, shape), axis=0), 0, -1)

    @property
    def is_linear(self) -> bool:
        """Whether it is linear in inputs and in the kernel, as found by asking."""
        return len(linear_in(self)) == 2

    @property
    def rank(self) -> int:
        found = gain_of_outputs(self).rank if self.is_linear else None
        return super().rank if found is None else found

    @property
    def entry_gain(self):
        if not self.is_linear:
            return 1.0
        power = gain_of_outputs(self).entries
        # What answers nothing needs no step either.
        return np.where(power > 0, power, 1.0).reshape(self.kernel_shape)

    @property
    def largest_gain(self) -> float:
        return gain_of_outputs(self).largest if self.is_linear else 1.0

    @property
    def receptive_fields(self):
        if self._neighbourhood is not None or self.is_linear:
            return self._neighbourhood
        # Impulses would not tell of what is not linear.
        points = np.arange(self.positions_in)
        return np.broadcast_to(points, (self.positions_out, self.positions_in))

    def transformations(self):
        return self._moves

    @property
    def _declared(self) -> tuple:
        shapes = self.input_shape, self.kernel_shape, self.output_shape
        return (
            *shapes,
            self.representation_in,
            self.representation_out,
            self.per_channel,
            self.name,
        )

    def __eq__(self, other) -> bool:
        if type(self) is not type(other) or self.function is not other.function:
            return False
        return self._declared == other._declared

    def __hash__(self) -> int:
        return hash((id(self.function), self._declared))

    def __deepcopy__(self, memo):
        return self  # a value, and what it was found to be is kept by what it is

    def __repr__(self) -> str:
        shapes = self.input_shape, self.kernel_shape, self.output_shape
        return f"{type(self).__name__}({self.name!r}, {', '.join(map(str, shapes))})"

    def get_config(self) -> dict:
        if FUNCTIONS.get(self.name) != self:
            raise ValueError(
                "Files hold no functions, but names of teachers that are registered: "
                "call `.registered()` of this one, now or wherever it is made. "
                f"Received: teacher {self!r}"
            )
        return {"function": self.name}

    @classmethod
    def from_config(cls, config):
        if config["function"] not in FUNCTIONS:
            raise ValueError(
                f"make FunctionTeacher {config['function']!r} first, and call "
                "`.registered()` of it"
            )
        return FUNCTIONS[config["function"]]
