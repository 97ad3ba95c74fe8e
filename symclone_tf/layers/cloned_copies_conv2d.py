"""A convolution by which the copies of an image under a group learn of each other."""

from typing import Any

import keras
import numpy as np
from keras import ops

from symclone_tf.layers.cloned import Cloned
from symclone_tf.layers.conversion import inherited
from symclone_tf.layers.image_actions import transform_images
from symclone_tf.layers.kernel_layouts import kernel_of
from symclone_tf.students import Student
from symclone_tf.teachers import CopiesConvTeacher
from symclone_tf.types import Shape, Tensor


@keras.saving.register_keras_serializable(package="symclone_tf")
class ClonedCopiesConv2D(Cloned):
    """Convolves the copies of an image under a group, a group convolution by a clone.

    `GroupCopies` makes copies h⁻¹·x of an image, in one batch. This layer gives each
    copy the maps of all others, moved into its frame, u·x[hu] for each element u, as
    |G| times the channels, and convolves them by a kernel that all copies share. So it
    is a group convolution, exactly equivariant for any strides and padding. The student
    may give each copy, or also each region or position, weights of its own, which
    breaks the symmetry.

    Args:
        filters: Integer, the number of output channels.
        student: `Student` of a `CopiesConvTeacher`.
        symmetry: String, `"frozen"`, `"trainable"` or `"anchored"`, see `Cloned`.
        **kwargs: Of `Cloned`: `anchor`, `anchor_strength`, `trainable_part`, `seed`,
            `activation` and the like.

    Input shape:
        `(|G|·batch, height, width, channels)`, as `GroupCopies` returns it and layers
        after it.

    Output shape:
        `(|G|·batch, new_height, new_width, filters)`.

    Raises:
        ValueError: If an argument is not accepted, or the student has another teacher.

    Example:

    >>> teacher = CopiesConvTeacher("c4", 8, padding="same", strides=2)
    >>> student, _ = clone(teacher, student="local", solver="closed-form", verbose=0)
    >>> model = keras.Sequential(
    ...     [keras.Input((8, 8, 3)), GroupCopies("c4"), ClonedCopiesConv2D(5, student)]
    ...     + [keras.layers.Flatten(), GroupAverage("c4")]
    ... )
    >>> images = keras.random.normal((2, 8, 8, 3))
    >>> turned = np.rot90(images, axes=(1, 2))
    >>> np.allclose(model(images), model(turned), atol=1e-5)
    True

    Reference:

    - [Cohen & Welling, 2016](https://arxiv.org/abs/1602.07576)
    """

    def __init__(
        self, filters: int, student: Student, symmetry: str = "frozen", **kwargs: Any
    ):
        super().__init__(filters, student, symmetry, **kwargs)
        teacher = student.teacher
        if not isinstance(teacher, CopiesConvTeacher):
            raise ValueError(
                "`student` must imitate a CopiesConvTeacher. "
                f"Received: a student of {teacher.title}"
            )
        if self.data_format != "channels_last":
            raise ValueError(
                'Copies have `data_format="channels_last"`. '
                f"Received: data_format={self.data_format}"
            )
        self.group = teacher.group

    @classmethod
    def from_conv(
        cls, layer: keras.layers.Layer, student: Student, **options: Any
    ) -> "ClonedCopiesConv2D":
        """Makes a layer that computes what a convolution does, of each copy alone.

        The kernel is that of the convolution for a copy's own channels, and zero for
        those of the others, which training changes.

        Args:
            layer: Built `keras.layers.Conv2D`, with one group of channels and channels
                last, and the geometry of the student's teacher.
            student: `Student` of a `CopiesConvTeacher`.
            **options: Further arguments of the layer, such as `symmetry`.

        Returns:
            The layer, built.
        """
        kept = inherited(layer)
        if type(layer) is not keras.layers.Conv2D or kept.pop("groups") != 1:
            raise ValueError(
                "Copies are convolved by Conv2D with one group of channels. Received: "
                f"{layer.name!r}, a {type(layer).__name__}"
            )
        options = {**kept, "use_bias": layer.use_bias, **options}
        made = cls(layer.filters, student, **options)
        own = keras.ops.convert_to_numpy(kernel_of(layer))
        _, *size = student.teacher.input_shape
        made.build((None, *size, own.shape[-2]))
        kernel = np.zeros(made.kernel.shape, own.dtype)
        kernel[0, :, :, : own.shape[-2]] = own
        made.kernel.assign(kernel)
        if layer.use_bias:
            made.bias.assign(layer.bias)
        return made

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        return self.folded(self.of_copies(self.unfolded(inputs), training))

    def of_copies(self, copies: Tensor, training: bool = False) -> Tensor:
        """The outputs for copies that have an axis of their own.

        Args:
            copies: Tensor of shape `(batch, |G|, height, width, channels)`.
            training: Boolean.

        Returns:
            Tensor of shape `(batch, |G|, new_height, new_width, filters)`.
        """
        return super().call(self._with_others(copies), training=training)

    def unfolded(self, inputs: Tensor) -> Tensor:
        """`(|G|·batch, …)` as `(batch, |G|, …)`."""
        order = self.group.order
        return ops.reshape(inputs, (-1, order, *ops.shape(inputs)[1:]))

    def folded(self, copies: Tensor) -> Tensor:
        """`(batch, |G|, …)` as `(|G|·batch, …)`."""
        return ops.reshape(copies, (-1, *ops.shape(copies)[2:]))

    def _with_others(self, copies):
        """The maps of copy hu, moved by u, for all u, as channels of copy h."""
        moved = []
        for element in range(self.group.order):
            others = ops.take(copies, self.group.product[:, element], axis=1)
            if element:
                maps = transform_images(self.folded(others), self.group, element)
                others = self.unfolded(maps)
            moved.append(others)
        return ops.concatenate(moved, axis=-1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        _, _, *rest = super().compute_output_shape(input_shape)
        return (input_shape[0], *rest)

    def _shapes(self, shape):
        shape = tuple(shape)
        if len(shape) == 4:
            order = self.group.order
            batch, height, width, channels = shape
            batch = None if batch is None else batch // order
            shape = batch, order, height, width, order * channels
        return super()._shapes(shape)
