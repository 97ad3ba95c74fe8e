"""What attention that begins as a convolution may not attend to."""

from collections.abc import Iterable
from typing import Any

import keras
from keras import ops

from symclone_tf.types import Tensor


def combined_mask(
    tokens: int,
    attention_mask: Any = None,
    rows: Any = None,
    columns: Iterable[Any] = (),
    use_causal_mask: bool = False,
) -> Tensor | None:
    """One mask of all that say what tokens may attend to, as `MultiHeadAttention` has.

    Args:
        tokens: Integer.
        attention_mask: Boolean tensor of shape `(tokens, tokens)`, `(batch, tokens,
            tokens)` or `(batch, heads, tokens, tokens)`, where an axis may be 1, or
            `None`: which tokens, along the last axis, each may attend to.
        rows: Boolean tensor of shape `(batch, tokens)`, or `None`: the tokens that may
            attend.
        columns: Iterable of boolean tensors of that shape, or `None`: those that may be
            attended to.
        use_causal_mask: Boolean, whether to attend to no later tokens.

    Returns:
        Boolean tensor that broadcasts to `(batch, heads, tokens, tokens)`, or `None`.

    Raises:
        ValueError: If a mask has another shape.

    Example:

    >>> combined_mask(2, use_causal_mask=True)[0, 0].numpy().tolist()
    [[True, False], [True, True]]
    """
    masks = []
    if attention_mask is not None:
        mask = ops.cast(attention_mask, "bool")
        sizes = tuple(mask.shape)
        if not 2 <= len(sizes) <= 4 or any(n not in (1, tokens) for n in sizes[-2:]):
            raise ValueError(
                f"`attention_mask` must have shape ({tokens}, {tokens}), (batch, "
                f"{tokens}, {tokens}) or (batch, heads, {tokens}, {tokens}). "
                f"Received: attention_mask of shape {sizes}"
            )
        for _ in range(4 - len(sizes)):
            mask = ops.expand_dims(mask, -3)
        masks.append(mask)
    shaped = [(rows, (-1, 1, tokens, 1))]
    shaped += [(mask, (-1, 1, 1, tokens)) for mask in columns]
    masks += [
        ops.reshape(ops.cast(mask, "bool"), shape)
        for mask, shape in shaped
        if mask is not None
    ]
    if use_causal_mask:
        order = ops.arange(tokens)
        masks.append((order[:, None] >= order)[None, None])
    combined = None
    for mask in masks:
        combined = mask if combined is None else ops.logical_and(combined, mask)
    return combined


def masked_softmax(scores: Tensor, mask: Tensor | None, zero: bool) -> Tensor:
    """The softmax over what may be attended to.

    Args:
        scores: Tensor of shape `(batch, heads, tokens, tokens)`.
        mask: See `combined_mask`.
        zero: Boolean, whether a token that may attend to nothing does so, rather than
            to all tokens alike. Keras 3.15.1 does the one in layers with dropout, and
            the other in those without.

    Returns:
        Tensor of the same shape.
    """
    if mask is None:
        return ops.softmax(scores)
    dtype = keras.backend.standardize_dtype(scores.dtype)
    # float16 reaches down to -65504.
    least = -6e4 if dtype == "float16" else -1e30
    weights = ops.softmax(ops.where(mask, scores, ops.cast(least, dtype)))
    return weights * ops.cast(mask, dtype) if zero else weights


def masked_positions(position: Tensor, mask: Tensor, prefix_tokens: int) -> Tensor:
    """The position term, for which what is masked is as the padding of an image.

    Args:
        position: Tensor of shape `(heads, tokens, tokens)`.
        mask: See `combined_mask`.
        prefix_tokens: Integer, the first tokens, which attend to all patches alike:
            to those that they may attend to.

    Returns:
        Tensor of shape `(batch, heads, tokens, tokens)`.
    """
    found = position * ops.cast(mask, position.dtype)
    if not prefix_tokens:
        return found
    first, patches = found[:, :, :prefix_tokens], found[:, :, prefix_tokens:]
    sums = ops.sum(first, axis=-1, keepdims=True)
    alike = ops.where(sums > 0, first / ops.where(sums > 0, sums, 1), 0)
    return ops.concatenate([ops.cast(alike, found.dtype), patches], axis=2)
