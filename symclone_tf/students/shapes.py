"""The shapes of a student's inputs, kernels and outputs."""

import functools
from typing import Any

import keras

from symclone_tf.teachers import Teacher
from symclone_tf.types import Shape


class Shaped(keras.layers.Layer):
    """Shapes of the teacher, with a batch, channels and filters.

    The part of `Student` that checks shapes.
    """

    teacher: Teacher

    @property
    def free_axes(self) -> int:
        """Integer, the number of leading axes along which inputs may have other sizes
        than the teacher's."""
        return 0

    def teacher_at(self, sizes: Shape) -> Teacher | None:
        """The student's teacher, for inputs of some size.

        Args:
            sizes: Tuple, the sizes of the free axes.

        Returns:
            `Teacher`; `None` if a size is not known.

        Raises:
            ValueError: If the teacher cannot have this size.
        """
        own = self.teacher.input_shape[: self.free_axes]
        if tuple(sizes) == own:
            return self.teacher
        if None in sizes:
            return None
        return _resized(self.teacher, tuple(sizes))

    def input_shapes(
        self, channels: tuple = (), filters: tuple = ()
    ) -> tuple[tuple, tuple]:
        """Shapes of one input and one kernel, without the batch.

        Args:
            channels: Tuple, the sizes of the channel axis; empty for no such axis.
            filters: Tuple, the sizes of the filter axis; empty for no such axis.

        Returns:
            Pair of tuples, the shape of an input and of a kernel.
        """
        return (
            (*self.teacher.input_shape, *channels),
            (*self.teacher.kernel_shape, *channels, *filters),
        )

    def compute_output_shape(self, inputs_shape: Shape, kernel_shape: Shape) -> Shape:
        self.check_shapes(inputs_shape, kernel_shape)
        sizes = tuple(inputs_shape[1 : 1 + self.free_axes])
        if teacher := self.teacher_at(sizes):
            shape: Shape = teacher.output_shape
        else:
            pairs = zip(self.teacher.windows or (), sizes)
            shape = tuple(None if n is None else w.outputs(n) for w, n in pairs)
            shape = (*shape, *self.teacher.output_shape[self.free_axes :])
        return (inputs_shape[0], *shape, kernel_shape[-1])

    def check_shapes(self, inputs_shape: Shape, kernel_shape: Shape) -> None:
        """Refuses inputs and kernels of other shapes than the teacher's.

        Raises:
            ValueError: If a shape is another.
        """
        free = self.free_axes
        inputs, kernel = self.input_shapes(("channels",), ("filters",))
        inputs = (*["any size"] * free, *inputs[free:])
        for name, shape, expected in (
            ("inputs", tuple(inputs_shape), ("batch", *inputs)),
            ("kernel", tuple(kernel_shape), kernel),
        ):
            fits = len(shape) == len(expected) and all(
                isinstance(e, str) or s == e for s, e in zip(shape, expected)
            )
            if not fits:
                raise ValueError(
                    f"This student takes {name} of shape {_shape(expected)}. "
                    f"Received: {name} of shape {shape}"
                )
        self.teacher_at(tuple(inputs_shape[1 : 1 + free]))
        sizes: Any = inputs_shape[-1], *kernel_shape[-2:]  # never None
        given, channels, filters = sizes
        groups = given // max(channels, 1)
        if groups == 0 or groups * channels != given or filters % groups:
            raise ValueError(
                "Inputs and kernel must have the same number of channels, or groups "
                "of them that share the filters evenly. Received: "
                f"inputs of shape {tuple(inputs_shape)}, "
                f"kernel of shape {tuple(kernel_shape)}"
            )


def _shape(sizes) -> str:
    return f"({', '.join(str(size) for size in sizes)})"


# Layers ask for the same sizes in every call.
@functools.lru_cache(maxsize=64)
def _resized(teacher: Teacher, sizes: tuple[int, ...]) -> Teacher:
    return teacher.resized(sizes)
