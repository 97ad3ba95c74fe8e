"""Replaces the attention of transformers by attention that can be local."""

import functools
import math
import time
from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np
from keras import ops

from symclone_tf.checks import positive_pair
from symclone_tf.layers import ClonedAttention
from symclone_tf.layers.attention_checks import check_content_share
from symclone_tf.layers.attention_kernels import why_other
from symclone_tf.networks.attention_selection import calls_of, select_attention
from symclone_tf.networks.comparison import unchanged
from symclone_tf.networks.network_inputs import input_specs
from symclone_tf.networks.relaxation import check_clone_options
from symclone_tf.networks.relaxation_report import Relaxation, RelaxedLayer
from symclone_tf.networks.replacement import replaced_network
from symclone_tf.networks.selection import check_network, input_shapes
from symclone_tf.students import RelativeAttentionStudent
from symclone_tf.students.relative_attention import SHARPNESS
from symclone_tf.teachers import ConvTeacher

# Options of `ClonedAttention` that the layers have.
OWN = {
    *("student", "key_dim", "value_dim", "output_dim", "prefix_tokens"),
    *("use_bias", "name", "dtype"),
}


def replace_attention(
    model: keras.Model,
    content_share: float = 0.0,
    symmetry: str = "trainable",
    layers: str | Iterable[str] | Callable[[keras.layers.Layer], bool] | None = None,
    grid: int | tuple[int, int] | None = None,
    kernel_size: int | tuple[int, int] | None = None,
    sharpness: float = SHARPNESS,
    image_size: int | tuple[int, ...] | list[int] | None = None,
    verbose: int = 1,
    **options: Any,
) -> tuple[keras.Model, Relaxation]:
    """Replaces a vision transformer's attention by attention that can be local.

    In the returned network `ClonedAttention` has the place of each chosen
    `keras.layers.MultiHeadAttention`, with its weights, and a position for each of its
    heads. With `content_share=0` the heads begin as those of a convolution of k×k
    patches, whose kernel is the product of the layer's projections of values and
    outputs. With `content_share=1` the network computes what it did, and training may
    make heads local. All else is copied, see `rebuilt`: the network has the same
    inputs, class, names of layers and shapes of outputs. The given network does not
    change.

    Args:
        model: `keras.Model`, built, such as `keras_hub.models.ViTBackbone` and
            `DeiTBackbone`, with random or trained weights.
        content_share: Float from 0 to 1, where the shares of content begin.
        symmetry: String, `symmetry` of `ClonedAttention`.
        layers: Names of attention layers, or of layers that they are in, or a callable
            that is passed an attention layer and returns whether to replace it; `None`
            for all that can be: self-attention of tokens, on a grid.
        grid: Integer or pair of integers, rows and columns of patches; `None` for those
            of a convolution before: of one with as many outputs as there are tokens,
            or of the one with fewest fewer, the last of several. Tokens beyond these,
            at most 16, come before the patches: of a class, for distillation,
            registers. The report's notes say how many.
        kernel_size: Integer or pair of integers, whose product is the number of heads;
            `None` for the most square one, as 3×4 for 12 heads.
        sharpness: Float, of `RelativeAttentionStudent`. Less than 15 lets gradients
            move the positions.
        image_size: See `relax`.
        verbose: Integer, 0 for silence, 1 for a progress bar on stderr.
        **options: Further options of `ClonedAttention`, such as `anchor`, but for those
            of its sizes and biases.

    Returns:
        Pair of a `keras.Model`, of the same class and compiled as the given model is,
        and a `Relaxation`, whose differences are rounding with `content_share=1` only.

    Raises:
        ValueError: If no attention can be replaced, or one that is named cannot, or an
            argument is not accepted.
        TypeError: If `model` is not a Keras model.
        MemoryError: See `relax`.

    Example:

    >>> images = keras.Input((8, 8, 3))
    >>> patches = keras.layers.Conv2D(12, 2, strides=2)(images)
    >>> tokens = keras.layers.Reshape((16, 12))(patches)
    >>> attention = keras.layers.MultiHeadAttention(4, 3, name="attention")
    >>> model = keras.Model(images, attention(tokens, tokens))
    >>> local, report = replace_attention(model, content_share=1, verbose=0)
    >>> local.get_layer("attention").student.teacher.title, report.difference < 1e-5
    ('T(2) 4×4', True)

    Reference:

    - [d'Ascoli et al., 2021](https://arxiv.org/abs/2103.10697)
    """
    start = time.perf_counter()
    check_network(model)
    check_clone_options(symmetry, options.get("anchor", "decoupled-l2-sp"))
    share = check_content_share(content_share)
    if refused := sorted(OWN & set(options)):
        raise ValueError(
            "The layers that are replaced say it themselves. "
            f"Received: {', '.join(refused)}"
        )
    grid = None if grid is None else positive_pair("grid", grid)
    if kernel_size is not None:
        kernel_size = positive_pair("kernel_size", kernel_size)
    specs = input_specs(model, image_size)
    shapes, calls = input_shapes(model, specs), calls_of(model, specs)
    student_of = functools.partial(_student_of, grid, kernel_size, sharpness)
    selection = select_attention(model, calls, layers, student_of)

    def prefix_of(layer, student):
        ((_, tokens, _),) = calls[id(layer)]
        return tokens - student.teacher.positions_in

    def cloned_of(layer, student):
        return ClonedAttention.from_attention(
            layer,
            student,
            prefix_tokens=prefix_of(layer, student),
            **{"content_share": share, "symmetry": symmetry, **options},
        )

    return replaced_network(
        *(model, selection, specs, shapes, specs, cloned_of, _row),
        symmetry=symmetry,
        verbose=verbose,
        start=start,
        same=share == 1,
        more_notes=_notes(selection, prefix_of),
    )


def _notes(selection, prefix_of) -> list[str]:
    """Which tokens are taken for those that are none of patches."""
    layers: dict[str, list[str]] = {}
    for name, layer, student in selection.chosen.values():
        if prefix := prefix_of(layer, student):
            rows, columns = student.sizes[0]
            first = "the first token is" if prefix == 1 else f"{prefix} tokens are"
            taken = f"{first} taken as before {rows}×{columns} patches"
            layers.setdefault(taken, []).append(name)
    return [f"Of {', '.join(names)}: {taken}." for taken, names in layers.items()]


def _student_of(grid, kernel_size, sharpness, layer, calls) -> RelativeAttentionStudent:
    """The student of an attention layer, not yet built.

    Raises:
        ValueError: If there is none, with the reason.
    """
    if type(layer) is not keras.layers.MultiHeadAttention:
        raise ValueError(
            f"its class, {type(layer).__name__}, may compute something else than "
            "MultiHeadAttention"
        )
    if not calls:
        raise ValueError("the network does not call it")
    if len(calls) > 1:
        raise ValueError("it is called in several ways, or with several sizes")
    ((shape, tokens, found),) = calls
    if shape is None:
        raise ValueError("its query, value and key are not one tensor")
    if why := why_other(layer):
        raise ValueError(why)
    grid = grid or found
    if grid is None:
        raise ValueError(
            f"no convolution before it has a grid of about {tokens} outputs; pass "
            "`grid`"
        )
    if math.prod(grid) > tokens or (len(shape) == 4 and grid != shape[1:-1]):
        raise ValueError(f"its {tokens} tokens are no grid of {grid[0]}×{grid[1]}")
    kernel_size = kernel_size or _most_square(layer.num_heads)
    if math.prod(kernel_size) != layer.num_heads:
        raise ValueError(
            f"it has {layer.num_heads} heads, and a kernel of "
            f"{kernel_size[0]}×{kernel_size[1]} has {math.prod(kernel_size)} positions"
        )
    teacher = ConvTeacher("t2", grid, kernel_size=kernel_size, padding="same")
    options = {"sharpness": sharpness, "seed": 0, "dtype": "float32"}
    return RelativeAttentionStudent(teacher, **options)


def _most_square(heads: int) -> tuple[int, int]:
    """The rows and columns of a kernel with a position for each head."""
    rows = max(n for n in range(1, math.isqrt(heads) + 1) if heads % n == 0)
    return rows, heads // rows


def _row(name: str, layer: Any, attention: ClonedAttention) -> RelaxedLayer:
    """What the report says of a layer."""
    channels, filters = (
        layer.query_dense.kernel.shape[0],
        layer.output_dense.kernel.shape[-1],
    )
    tokens, student = attention.tokens, attention.student
    dims = attention.key_dim + attention.value_dim
    projections = channels * (attention.key_dim + dims) + attention.value_dim * filters
    before = tokens * student.heads * (projections + tokens * dims)
    # Along both axes of the grid, one after another.
    along = sum(student.sizes[0]) * student.teacher.positions_in
    products = before + student.heads * along * attention.value_dim
    shape = (2, tokens, channels)
    if len(layer.attention_axes) > 1:
        shape = (2, *student.sizes[0], channels)
    inputs = ops.convert_to_tensor(np.random.default_rng(0).normal(size=shape))
    inputs = ops.cast(inputs, attention.compute_dtype)
    with unchanged(layer), unchanged(attention):
        expected, outputs = (
            ops.convert_to_numpy(ops.cast(each(inputs, inputs), "float32"))
            for each in (layer, attention)
        )
    difference = np.abs(outputs - expected).max() / (np.abs(expected).max() or 1)
    return RelaxedLayer(
        name,
        type(layer).__name__,
        student.teacher.title,
        str(student.kind),
        channels,
        filters,
        layer.count_params(),
        attention.count_params(),
        2 * before,
        2 * products,
        float(difference),
    )
