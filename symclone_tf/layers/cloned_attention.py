"""Self-attention that begins as a convolution."""

from typing import Any

import keras
from keras import ops

from symclone_tf.checks import one_of, positive_integer
from symclone_tf.layers.anchors import strength_of
from symclone_tf.layers.attention_checks import (
    check_content_share,
    check_prefix_tokens,
    check_same,
    check_student,
    token_shape,
)
from symclone_tf.layers.attention_heads import AttentionHeads
from symclone_tf.layers.attention_kernels import AttentionKernels
from symclone_tf.layers.attention_masks import combined_mask
from symclone_tf.layers.base_conv import Activation, Initializer, Regularizer
from symclone_tf.layers.content_shares import ContentShare
from symclone_tf.layers.decoupled_anchors import training_optimizer
from symclone_tf.layers.shared_students import (
    SYMMETRIES,
    TRAINABLE_PARTS,
    set_anchors,
    set_trainable_part,
    share_student,
)
from symclone_tf.layers.student_layer import StudentLayer
from symclone_tf.students import RelativeAttentionStudent
from symclone_tf.types import Shape, Tensor


@keras.saving.register_keras_serializable(package="symclone_tf")
class ClonedAttention(
    StudentLayer, AttentionKernels, AttentionHeads, keras.layers.Layer
):
    """Multi-head self-attention on a grid of patches that begins as a convolution.

    Takes the place of `keras.layers.MultiHeadAttention` in a vision transformer. Each
    head h attends by position and by content,

    `A[h] = (1 − s[h]) · P[h] + s[h] · softmax(Q[h] · K[h]ᵀ / √key_dim)`,

    with a share s of the content that begins at 0, as the gates of ConViT would if
    closed. P is the attention of a cloned student's heads, each to one position
    relative to that of the output. The projections of all heads are encoded from
    kernels by that student too, as `ClonedConv2D` encodes its own: so the layer begins
    as a convolution or, by a student of C4, as a group convolution. The student is

    - `"frozen"`: never changed, and all heads have one share. The layer remains
      equivariant under the student's group as content comes in, but for what
      translations move out of the image;
    - `"trainable"`: fine-tuned, and each head has a share of its own;
    - `"anchored"`: likewise, and regularised towards its cloned weights.

    Layers may share one student, as all blocks of a transformer do.

    Args:
        student: `RelativeAttentionStudent` of a convolution with padding `"same"` and
            without strides, of T(2), or between feature maps on a group
            (`lifting=False`). Its grid is that of the patches, and its heads are the
            layer's.
        key_dim: Integer, of queries and keys, of each head and group element.
        value_dim: Integer, of values; `None` for `key_dim`.
        output_dim: Integer, of the outputs, for each group element; `None` for that of
            the inputs.
        symmetry: String, `"frozen"`, `"trainable"` or `"anchored"`.
        anchor: String, the regularisation of an anchored student, see `ClonedConv2D`;
            without `"transformed-inputs"`.
        anchor_strength: Float, see `ClonedConv2D`.
        trainable_part: String, what training changes of a student that is not frozen:
            `"blocks"`, the positions that heads attend to, and how they are mixed;
            `"encoder"`; or `"all"`.
        prefix_tokens: Integer, how many of the first tokens are none of a patch: 1 for
            a class token, 2 with one for distillation, more with registers. They attend
            to all patches alike, and to all tokens by content; patches attend to them
            by content.
        content_share: Float from 0 to 1, where shares begin.
        dropout: Float, of the attention by content.
        activation: Activation function of the outputs, or its name.
        use_bias: Boolean, whether queries and outputs have a bias.
        seed: Integer, of dropout.
        kernel_initializer: Initializer for the four kernels.
        bias_initializer: Initializer for the biases.
        kernel_regularizer: Regularizer for the four kernels.
        **kwargs: `name`, `trainable`, `dtype`.

    Call arguments:
        query: Tensor of shape `(batch, patches, channels)`, row by row, after the
            prefix tokens if there are some; or `(batch, rows, columns, channels)`.
            Channels are those of all group elements, one after another.
        value: The same tensor, or none, as for `key`: the layer is self-attention.
        attention_mask: Boolean tensor of shape `(batch, tokens, tokens)`, or one that
            broadcasts to it, of the tokens that each may attend to. By position, others
            are as padding is.
        query_mask: Boolean tensor of shape `(batch, tokens)`, of those that may attend.
        value_mask: Boolean tensor of that shape, of those that may be attended to, as
            `key_mask`.
        mask: Boolean tensor of that shape, both; Keras passes it for a tensor that has
            one.
        use_causal_mask: Boolean, whether to attend to no later tokens.
        return_attention_scores: Boolean, whether to return the attention as well.
        training: Boolean, whether dropout acts.

    Output shape:
        That of the inputs, with `|G| · output_dim` channels; with scores of shape
        `(batch, heads, tokens, tokens)` if these are returned.

    Raises:
        ValueError: If an argument is not accepted, if another layer shares the student
            and treats it differently, or if inputs have another shape than the grid.
        TypeError: If `student` is not a `RelativeAttentionStudent`.

    Example:

    >>> options = {"student": "relative-attention", "solver": "closed-form"}
    >>> student, _ = clone("t2", image_size=8, padding="same", verbose=0, **options)
    >>> layer = ClonedAttention(student, key_dim=12)
    >>> tokens = keras.random.normal((2, 64, 108))
    >>> layer(tokens, tokens).shape
    TensorShape([2, 64, 108])
    >>> float(keras.ops.max(layer.content_shares))  # a convolution, still
    0.0

    Reference:

    - [d'Ascoli et al., 2021](https://arxiv.org/abs/2103.10697), section 2
    - [Cordonnier et al., 2020](https://arxiv.org/abs/1911.03584), theorem 1
    """

    # What a student's layer may do otherwise, see `StudentLayer`.
    compute = "blocks"

    def __init__(
        self,
        student: RelativeAttentionStudent,
        key_dim: int,
        value_dim: int | None = None,
        output_dim: int | None = None,
        symmetry: str = "trainable",
        anchor: str = "decoupled-l2-sp",
        anchor_strength: float | None = None,
        trainable_part: str = "all",
        prefix_tokens: int = 0,
        content_share: float = 0.0,
        dropout: float = 0.0,
        activation: Activation = None,
        use_bias: bool = True,
        seed: int | None = None,
        kernel_initializer: Initializer = "glorot_uniform",
        bias_initializer: Initializer = "zeros",
        kernel_regularizer: Regularizer = None,
        **kwargs: Any,
    ) -> None:
        one_of("symmetry", symmetry, SYMMETRIES)
        one_of("trainable_part", trainable_part, TRAINABLE_PARTS)
        self.group_size = check_student(student, anchor)
        self.symmetry = symmetry
        super().__init__(**kwargs)
        self.key_dim = positive_integer("key_dim", key_dim)
        self.value_dim = positive_integer(
            "value_dim", self.key_dim if value_dim is None else value_dim
        )
        self.output_dim = output_dim
        if output_dim is not None:
            positive_integer("output_dim", output_dim)
        self.anchor = anchor
        self.anchor_strength = strength_of(anchor, anchor_strength)
        self.trainable_part = trainable_part
        self.prefix_tokens = check_prefix_tokens(prefix_tokens)
        self.supports_masking = True
        self.content_share = check_content_share(content_share)
        self.dropout = keras.layers.Dropout(dropout, seed=seed, dtype=self.dtype_policy)
        self.activation = keras.activations.get(activation)
        self.use_bias, self.seed = use_bias, seed
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.student: RelativeAttentionStudent = student
        self.anchors: list[Tensor] = []
        share_student(self)

    def __call__(
        self, query: Any, value: Any = None, key: Any = None, **options: Any
    ) -> Any:
        # Here, since Keras may cast each argument to a tensor of its own.
        check_same(query, value=value, key=key)
        return super().__call__(query, **options)

    def build(self, input_shape: Shape) -> None:
        channels = token_shape(self, input_shape)[-1] // self.group_size
        filters = self.output_dim or channels
        if not self.student.built:
            self.student.build()
        set_trainable_part(self)
        dims = {
            "query": (channels, self.key_dim),
            "key": (channels, self.key_dim),
            "value": (channels, self.value_dim),
            "output": (self.value_dim, filters),
        }
        for name, pair in dims.items():
            weight = self.add_weight(
                name=f"{name}_kernel",
                shape=(*self.student.teacher.kernel_shape, *pair),
                initializer=self.kernel_initializer.__class__.from_config(
                    self.kernel_initializer.get_config()
                ),
                regularizer=self.kernel_regularizer,
            )
            setattr(self, f"{name}_kernel", weight)
        if self.use_bias:
            entries = self.student.teacher.kernel_shape
            of_query = ("query_bias", (*entries, self.key_dim))
            self.query_bias, self.bias = (
                self.add_weight(
                    name=name, shape=shape, initializer=self.bias_initializer
                )
                for name, shape in (of_query, ("bias", (filters,)))
            )
        self.content_shares = self.add_weight(
            name="content_shares",
            # One of all heads, where these have to remain alike.
            shape=(1 if self.symmetry == "frozen" else self.student.heads,),
            initializer=keras.initializers.Constant(self.content_share),
            constraint=ContentShare(),
        )
        set_anchors(self)

    def call(
        self,
        query: Tensor,
        attention_mask: Tensor = None,
        query_mask: Tensor = None,
        value_mask: Tensor = None,
        key_mask: Tensor = None,
        mask: Tensor = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
        training: bool = False,
    ) -> Any:
        token_shape(self, query.shape)
        if self.anchors:
            self.hold(training_optimizer())
        # With another mask beside, Keras passes that of a tensor as `query_mask`.
        own = getattr(query, "_keras_mask", None) if mask is None else mask
        rows = own if query_mask is None else query_mask
        columns = [own if value_mask is None else value_mask, key_mask]
        masks = attention_mask, rows, columns, use_causal_mask
        allowed = combined_mask(self.tokens, *masks)
        heads, content = self.heads_and_content(query, training, allowed)
        outputs = self.activation(self.merged(heads))
        outputs = ops.reshape(outputs, (-1, *query.shape[1:-1], outputs.shape[-1]))
        scores = [self.mixed(content, allowed)] if return_attention_scores else []
        return (outputs, *scores) if scores else outputs

    def compute_output_spec(
        self,
        query: Any,
        *arguments: Any,
        return_attention_scores: bool = False,
        **options: Any,
    ) -> Any:
        shape = self.compute_output_shape(query.shape)
        outputs = keras.KerasTensor(shape, self.compute_dtype)
        if not return_attention_scores:
            return outputs
        scores = (query.shape[0], self.student.heads, self.tokens, self.tokens)
        return outputs, keras.KerasTensor(scores, self.compute_dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        channels = token_shape(self, input_shape)[-1]
        size = self.group_size
        return (*input_shape[:-1], size * (self.output_dim or channels // size))

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), **self.student_config()}
        del config["compute"]
        names = ("key_dim", "value_dim", "output_dim", "prefix_tokens", "content_share")
        config.update({name: getattr(self, name) for name in names})
        return {
            **config,
            "dropout": self.dropout.rate,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "seed": self.seed,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "ClonedAttention":
        student = keras.saving.deserialize_keras_object(config["student"])
        return cls(**{**config, "student": student})
