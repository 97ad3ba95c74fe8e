"""The heads of attention that begins as a convolution."""

import itertools
import math

import keras
from keras import ops

from symclone_tf.layers.attention_masks import masked_positions, masked_softmax
from symclone_tf.students import RelativeAttentionStudent
from symclone_tf.students.attention_along_axes import product_of
from symclone_tf.types import Tensor


class AttentionHeads:
    """Mixin of `ClonedAttention`: projections, and what heads attend to.

    Attributes:
        student: `RelativeAttentionStudent`.
        group_size: Integer, the feature maps of its teacher.
        key_dim: Integer, of queries and keys.
        prefix_tokens: Integer, the first tokens that are none of patches.
        use_bias: Boolean.
        dropout: Keras layer, of the attention by content.
    """

    student: RelativeAttentionStudent
    group_size: int
    key_dim: int
    prefix_tokens: int
    use_bias: bool
    dropout: keras.layers.Layer
    content_shares: Tensor
    output_kernel: Tensor
    query_bias: Tensor
    bias: Tensor

    @property
    def tokens(self) -> int:
        """Integer, the patches and the tokens before them."""
        return self.student.teacher.positions_in + self.prefix_tokens

    def heads_and_content(
        self, query: Tensor, training: bool = False, mask: Tensor = None
    ) -> tuple[Tensor, Tensor]:
        """What each head attends to, and its attention by content.

        Args:
            query: Tensor, as in a call of the layer.
            training: Boolean.
            mask: Boolean tensor, see `combined_mask`, or `None`.

        Returns:
            Pair of tensors of shape `(batch, tokens, heads, |G| · value_dim)` and
            `(batch, heads, tokens, tokens)`.
        """
        tokens = ops.reshape(query, (-1, self.tokens, query.shape[-1]))
        queries, keys, values = self._projected(tokens)
        scores = ops.matmul(
            ops.transpose(queries, (0, 2, 1, 3)), ops.transpose(keys, (0, 2, 3, 1))
        )
        content = self.dropout(
            masked_softmax(scores, mask, self.dropout.rate > 0), training=training
        )
        if mask is None:
            return self._attended(content, values), content
        # A position term that differs between images is no product over axes.
        values = ops.transpose(values, (0, 2, 1, 3))
        heads = ops.matmul(self.mixed(content, mask), values)
        return ops.transpose(heads, (0, 2, 1, 3)), content

    def _projected(self, tokens: Tensor) -> list[Tensor]:
        """Queries, keys and values, of shape `(batch, tokens, heads, dim)`."""
        heads, count = self.student.heads, self.group_size
        names = ("query_kernel", "key_kernel", "value_kernel")
        kernels = ops.concatenate([getattr(self, name) for name in names], axis=-1)
        encoded = ops.reshape(
            ops.transpose(self.student.head_kernels(kernels), (1, 0, 2)),
            (-1, heads, count, kernels.shape[-1]),
        )
        dims = [getattr(self, name).shape[-1] for name in names]
        parts = _divided(encoded, dims)
        # Of the few weights, not of the many tokens.
        scale = 1 / math.sqrt(self.key_dim * count)
        widths = [heads * count * dim for dim in dims]
        rows = tokens.shape[-1]
        flat = [ops.reshape(part, (rows, w)) for part, w in zip(parts, widths)]
        flat[0] = flat[0] * scale
        encoded = ops.cast(ops.concatenate(flat, axis=1), tokens.dtype)
        projected = ops.matmul(tokens, encoded)
        parts = _divided(projected, widths)
        if self.use_bias:
            # As a channel that is 1 everywhere, and under each group element.
            bias = self.student.head_kernels(self.query_bias[..., None, :])
            bias = ops.reshape(ops.sum(bias, axis=1), (widths[0],)) * scale
            parts[0] = parts[0] + ops.cast(bias, tokens.dtype)
        shape = (-1, self.tokens, heads)
        return [ops.reshape(p, (*shape, w // heads)) for p, w in zip(parts, widths)]

    def _attended(self, content: Tensor, values: Tensor) -> Tensor:
        """What heads attend to. Not by the sum of both kinds of attention, which has
        as many numbers as tokens squared."""
        shares = ops.cast(self.content_shares, values.dtype)[:, None]
        by_content = ops.matmul(content, ops.transpose(values, (0, 2, 1, 3)))
        by_content = ops.transpose(by_content, (0, 2, 1, 3))
        prefix = self.prefix_tokens
        patches = values[:, prefix:] if prefix else values
        by_position = self.student.attend(patches)
        if prefix:
            mean = ops.mean(patches, axis=1, keepdims=True)
            means = ops.repeat(mean, prefix, axis=1)
            by_position = ops.concatenate([means, by_position], axis=1)
        return by_content * shares + by_position * (1 - shares)

    def merged(self, heads: Tensor) -> Tensor:
        """The sum of all heads' outputs.

        Args:
            heads: Tensor of shape `(batch, tokens, heads, |G| · value_dim)`.

        Returns:
            Tensor of shape `(batch, tokens, |G| · output_dim)`.
        """
        encoded = self.student.head_kernels(self.output_kernel)
        encoded = ops.reshape(encoded, (-1, encoded.shape[-1]))
        heads = ops.reshape(heads, (-1, self.tokens, encoded.shape[0]))
        outputs = ops.matmul(heads, ops.cast(encoded, heads.dtype))
        if self.use_bias:
            outputs = outputs + ops.tile(self.bias, self.group_size)
        return outputs

    def position_attention(self) -> Tensor:
        """The attention by position, without shares.

        Returns:
            Tensor of shape `(heads, tokens, tokens)`.
        """
        found, prefix = product_of(self.student.attention()), self.prefix_tokens
        if not prefix:
            return found
        patches = found.shape[-1]
        alike = ops.full((self.student.heads, prefix, patches), 1 / patches)
        found = ops.concatenate([alike, found], axis=1)
        return ops.pad(found, ((0, 0), (0, 0), (prefix, 0)))

    def mixed(self, content: Tensor, mask: Tensor = None) -> Tensor:
        """The attention of both kinds.

        Args:
            content: Tensor of shape `(batch, heads, tokens, tokens)`.
            mask: Boolean tensor, see `combined_mask`, or `None`.

        Returns:
            Tensor of the same shape.
        """
        shares = ops.cast(self.content_shares, content.dtype)[:, None, None]
        position = ops.cast(self.position_attention(), content.dtype)
        if mask is not None:
            position = masked_positions(position, mask, self.prefix_tokens)
        return content * shares + position * (1 - shares)


def _divided(tensor: Tensor, widths: list[int]) -> list[Tensor]:
    """Parts of a tensor along its last axis, of these widths.

    Not by `ops.split` at indices: on PyTorch, Keras 3.15 computes with these as with a
    tensor, and `torch.export` does not divide again what has sizes from one.
    """
    if len(set(widths)) == 1:
        return ops.split(tensor, len(widths), axis=-1)
    ends = list(itertools.accumulate(widths))
    return [tensor[..., end - width : end] for end, width in zip(ends, widths)]
