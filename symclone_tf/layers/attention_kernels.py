"""Attention that begins as a convolution, from the weights of other layers."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from symclone_tf.layers.attention_checks import check_student
from symclone_tf.layers.conversion import bias_of, real_array
from symclone_tf.students import RelativeAttentionStudent
from symclone_tf.types import Array, ArrayLike, Tensor

if TYPE_CHECKING:
    from symclone_tf.layers.cloned_attention import ClonedAttention

PARTS = ("query", "key", "value", "output")
# What `keras.layers.MultiHeadAttention` has at one value and `ClonedAttention` not at
# all.
ABSENT = {
    "use_gate": False,
    "sliding_window": None,
    "kernel_regularizer": None,
    "bias_regularizer": None,
    "activity_regularizer": None,
    "kernel_constraint": None,
    "bias_constraint": None,
}


class AttentionKernels:
    """Mixin of `ClonedAttention`: layers that begin with the weights of others."""

    @classmethod
    def from_kernel(
        cls: Any,
        kernel: ArrayLike,
        student: RelativeAttentionStudent,
        bias: ArrayLike | None = None,
        **options: Any,
    ) -> "ClonedAttention":
        """Makes a layer that begins as the convolution of a kernel.

        Args:
            kernel: Array of shape `(k, k, channels, filters)` or, on a group, `(k, k,
                |G|, channels, filters)`.
            student: `RelativeAttentionStudent`.
            bias: Array of shape `(filters,)`, or `None` for none.
            **options: Further arguments of the layer, such as `symmetry`; without
                `key_dim`, it is `value_dim`, the smaller of channels and filters.

        Returns:
            The layer, built, whose outputs are the convolution's up to the clone's
            error.

        Raises:
            ValueError: If an array is not real and finite, or has the wrong shape.
        """
        size = check_student(student, options.get("anchor"))
        kernel = real_array("kernel", kernel)
        entries = student.teacher.kernel_shape
        if kernel.shape[:-2] != entries:
            takes = ", ".join(map(str, (*entries, "channels", "filters")))
            raise ValueError(
                f"`kernel` must have shape ({takes}). "
                f"Received: kernel of shape {kernel.shape}"
            )
        channels, filters = kernel.shape[-2:]
        least = min(channels, filters)
        bias = None if bias is None else bias_of(bias, kernel)
        options = {"key_dim": least, "use_bias": bias is not None, **options}
        layer = cls(student, value_dim=least, output_dim=filters, **options)
        layer.build((None, *student.sizes[0], channels * size))
        # One of both projections is the kernel, and the other the identity: of each
        # entry of the kernel and, of a group's elements, of the first.
        identity = np.zeros((*entries, least, least), kernel.dtype)
        identity[(slice(None), slice(None), 0)[: len(entries)]] = np.eye(least)
        pair = (identity, kernel) if channels <= filters else (kernel, identity)
        layer.value_kernel.assign(pair[0])
        layer.output_kernel.assign(pair[1])
        if bias is not None:
            layer.bias.assign(bias)
        return layer

    @classmethod
    def from_attention(
        cls: Any,
        attention: keras.layers.MultiHeadAttention,
        student: RelativeAttentionStudent,
        **options: Any,
    ) -> "ClonedAttention":
        """Makes a layer with the weights of a `MultiHeadAttention`.

        Args:
            attention: `keras.layers.MultiHeadAttention`, built, for self-attention.
            student: `RelativeAttentionStudent` of T(2), with as many heads.
            **options: Further arguments of the layer, such as `content_share`: at 1 it
                computes what the attention does, at 0 a convolution of its values.

        Returns:
            The layer, built.

        Raises:
            TypeError: If `attention` is no `MultiHeadAttention`.
            ValueError: If it is not built, the student has other heads, or it has what
                this layer has not.
        """
        check_student(student, options.get("anchor"))
        check_attention(attention)
        if "use_bias" in options:
            raise ValueError("`use_bias` is that of the attention")
        channels, heads, key_dim = attention.query_dense.kernel.shape
        if student.heads != heads or student.teacher.representation_in > 1:
            raise ValueError(
                f"`student` must be of T(2) and have {heads} heads, as the layer has. "
                f"Received: a student of {student.teacher!r} with {student.heads} heads"
            )
        config = attention.get_config()
        names = ("name", "trainable", "dtype", "dropout", "use_bias", "seed")
        same = {
            name: config[name]
            for name in (*names, "kernel_initializer", "bias_initializer")
        }
        dims = {"key_dim": key_dim, "value_dim": attention.value_dense.kernel.shape[-1]}
        output_dim = attention.output_dense.kernel.shape[-1]
        layer = cls(student, **dims, output_dim=output_dim, **{**same, **options})
        layer.build((None, layer.tokens, channels))
        of_entries = _kernels_of_heads(student)
        parts = {name: getattr(attention, f"{name}_dense") for name in PARTS}
        for name, part in parts.items():
            kernel = _array(part.kernel)
            kernel = kernel if name == "output" else np.moveaxis(kernel, 1, 0)
            getattr(layer, f"{name}_kernel").assign(of_entries(kernel))
        if layer.use_bias:
            # Biases of keys change all scores of a query alike. Those of values reach
            # the outputs as they are, since the attention of a token is one in all.
            query, value, own = (
                _array(parts[name].bias) for name in ("query", "value", "output")
            )
            layer.query_bias.assign(of_entries(query))
            outputs = _array(parts["output"].kernel)
            layer.bias.assign(own + np.einsum("hv,hvo->o", value, outputs))
        return layer


def _array(values: Tensor) -> Array:
    """A tensor of any type, as bfloat16, as an array that NumPy computes with."""
    wide = keras.backend.standardize_dtype(values.dtype) == "float64"
    found = values if wide else ops.cast(values, "float32")
    return np.asarray(ops.convert_to_numpy(found), "float64")


def _kernels_of_heads(student: RelativeAttentionStudent) -> Callable[[Array], Array]:
    """What makes kernels of the projections that each head is to have."""
    entries = student.teacher.kernel_shape
    count = math.prod(entries)
    units = np.eye(count, dtype="float32").reshape(*entries, 1, count)
    # Of a student that is exact, the identity.
    mixed = _array(student.head_kernels(units))[:, 0]

    def kernels(projections: Array) -> Array:
        flat = projections.reshape(len(projections), -1)
        found = np.linalg.solve(mixed, flat)
        return found.reshape(*entries, *projections.shape[1:])

    return kernels


def check_attention(attention: Any) -> None:
    """Refuses layers whose weights a `ClonedAttention` cannot have.

    Raises:
        TypeError: If it is no `MultiHeadAttention`.
        ValueError: If it is not built, or has what `ClonedAttention` has not.
    """
    if not isinstance(attention, keras.layers.MultiHeadAttention):
        raise TypeError(
            "`attention` must be a keras.layers.MultiHeadAttention. "
            f"Received: attention of type {type(attention).__name__}"
        )
    if not attention.built:
        raise ValueError(f"Layer {attention.name!r} must be built: call it once")
    if why := why_other(attention):
        raise ValueError(f"Layer {attention.name!r} cannot be replaced: {why}")


def why_other(attention: keras.layers.MultiHeadAttention) -> str | None:
    """Why a `ClonedAttention` cannot have the weights of an attention layer.

    Args:
        attention: `keras.layers.MultiHeadAttention`, built.

    Returns:
        String, the reason; `None` if there is none.
    """
    config = attention.get_config()
    for name, value in ABSENT.items():
        if config.get(name, value) != value:
            return f"it has a {name}, which ClonedAttention has not"
    inputs = attention.query_dense.equation.partition(",")[0]
    if tuple(attention.attention_axes) != tuple(range(1, len(inputs) - 1)):
        return "it attends along some axes alone"
    parts = [getattr(attention, f"{name}_dense") for name in PARTS]
    if any(getattr(part, "quantization_mode", None) for part in parts):
        return "its weights are quantized"
    if any(getattr(part, "lora_enabled", False) for part in parts):
        return "it has LoRA weights beside its own, which ClonedAttention has not"
    if any(part.trainable != attention.trainable for part in parts):
        return "some of its projections are trainable, and some not"
    if len(attention.output_dense.kernel.shape) != 3:
        return "its outputs have several axes of channels"
    return None
