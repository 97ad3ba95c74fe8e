"""λ-equitune: the mean over the group, with weights that are learned.

[Basu et al., 2023](https://arxiv.org/abs/2305.09900), equation 3:
`f(x) = Σ_g λ(g⁻¹x) · m(g⁻¹x) / Σ_g λ(g⁻¹x)`, with a pretrained network m, and λ ≥ 0 of
its features. Here λ is the exponential of an affine function of the features before the
last layer, 1 at first, and m are the logits.
"""

import keras
from keras import layers, ops

import symclone_tf as sc


@keras.saving.register_keras_serializable(package="benchmarks")
class WeightedMean(layers.Layer):
    """The mean of logits over copies, by weights that are positive.

    Args:
        order: Integer, the number of copies.
    """

    def __init__(self, order, **kwargs):
        super().__init__(**kwargs)
        self.order = order

    def call(self, logits, exponents):
        shares = ops.softmax(ops.reshape(exponents, (-1, self.order, 1)), axis=1)
        copies = ops.reshape(logits, (-1, self.order, logits.shape[-1]))
        return ops.sum(shares * copies, axis=1)

    def compute_output_shape(self, logits_shape, exponents_shape):
        return (None, logits_shape[-1])

    def get_config(self):
        return {**super().get_config(), "order": self.order}


def lambda_equitune(model, group) -> keras.Model:
    """Makes a network invariant, with weights of the elements to be learned.

    Args:
        model: `keras.Sequential`, whose last layer is Dense with softmax; it does not
            change.
        group: String.

    Returns:
        `keras.Model`, whose outputs are at first those of the mean of logits.
    """
    inner = sc.networks.rebuilt(model, lambda layer: None)
    last = inner.layers[-1]
    last.activation = keras.activations.linear
    features = keras.Model(inner.inputs, [last.input, last.output])
    images = keras.Input(model.inputs[0].shape[1:])
    found, logits = features(sc.layers.GroupCopies(group)(images))
    exponents = layers.Dense(1, kernel_initializer="zeros")(found)
    mean = WeightedMean(sc.get_group(group).order)(logits, exponents)
    return keras.Model(images, layers.Softmax()(mean))
