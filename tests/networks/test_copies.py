"""Copies of layers hold what the layers hold, and none of their weights."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from own_networks import subclassed

import symclone_tf as sc
from symclone_tf.networks.copies import Copies, all_layers

from networks import noise, plain


def copied(layer):
    return Copies(layer, lambda _: None).of(layer)


def built(layer, *shape):
    layer(np.ones((2, *shape), "float32"))
    return layer


def own_gelu(x):
    return x * keras.ops.sigmoid(1.702 * x)


own_gelu.__name__ = "gelu"


@pytest.mark.parametrize("activation", [own_gelu, lambda x: 3 * x])
def test_functions_are_the_same_objects(activation):
    dense = built(layers.Dense(3, activation=activation), 4)
    assert copied(dense).activation is activation


@pytest.mark.slow
def test_a_copy_computes_the_same_with_weights_of_its_own():
    x = np.random.default_rng(0).normal(size=(2, 6, 6, 3)).astype("float32")
    for layer in (
        layers.Conv2D(4, 3, activation=own_gelu),
        layers.BatchNormalization(),
        layers.MultiHeadAttention(2, 3),
        layers.SpectralNormalization(layers.Conv2D(2, 3)),
        layers.Bidirectional(layers.ConvLSTM1D(2, 3)),
    ):
        inputs = (x, x) if isinstance(layer, layers.MultiHeadAttention) else (x,)
        expected = np.array(layer(*inputs))
        copy = copied(layer)
        assert type(copy) is type(layer)
        assert copy.get_config() == layer.get_config()
        np.testing.assert_array_equal(copy(*inputs), expected)
        assert [w.path for w in copy.weights] == [w.path for w in layer.weights]
        assert not {id(w) for w in copy.weights} & {id(w) for w in layer.weights}
        copy.set_weights([w + 1 for w in copy.get_weights()])
        np.testing.assert_array_equal(layer(*inputs), expected)


class Referring(layers.Layer):
    """A layer that refers to its parts in several ways."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(3, name="dense")
        self.method = self.double
        self.closure = lambda x: self.dense(x)
        self.partial = functools.partial(self.closure)
        self.in_default = [lambda x, dense=self.dense: dense(x)]
        self.table = {"dense": self.dense, self.dense: 1}
        self.pair = (self.dense, 2)

    def double(self, x):
        return 2 * self.dense(x)

    def call(self, x):
        return self.method(x)


def test_what_refers_to_a_part_refers_to_its_copy():
    layer = built(Referring(), 4)
    copy = copied(layer)
    dense = copy.dense
    assert dense is not layer.dense
    assert copy.method.__self__ is copy
    assert copy.table["dense"] is copy.pair[0] is dense
    assert dense in copy.table
    assert layer.dense not in copy.table
    dense.set_weights([0 * w for w in dense.get_weights()])
    x = np.ones((2, 4), "float32")
    for function in (copy, copy.closure, copy.partial, copy.in_default[0]):
        assert np.abs(function(x)).max() == 0
    for function in (layer, layer.closure, layer.partial, layer.in_default[0]):
        assert np.abs(function(x)).max() > 0


def test_random_states_are_of_the_copy():
    dropout = built(layers.Dropout(0.5, seed=1), 50)
    copy = copied(dropout)
    x = np.ones((2, 50), "float32")
    expected = np.array(copy(x, training=True))
    np.testing.assert_array_equal(dropout(x, training=True), expected)
    copy(x, training=True)
    again = np.array(dropout(x, training=True))
    assert np.abs(again - copy(x, training=True)).max() > 0


class WithVariables(layers.Layer):
    """A layer with variables of TensorFlow's and constraints of its own."""

    def __init__(self):
        super().__init__()
        self.plain = tf.Variable([2.0])

    def build(self, shape):
        self.kernel = self.add_weight(
            shape=(1,), constraint="non_neg", regularizer="l2", dtype="bfloat16"
        )

    def call(self, x):
        return x * self.plain + keras.ops.cast(self.kernel, "float32")


def test_variables_are_copied_with_all_that_they_have():
    layer = built(WithVariables(), 1)
    copy = copied(layer)
    copy.plain.assign([5.0])
    assert layer.plain.numpy() == [2.0]
    assert copy.kernel.dtype == "bfloat16"
    assert copy.kernel.path == layer.kernel.path
    assert isinstance(copy.kernel.constraint, keras.constraints.NonNeg)
    assert isinstance(copy.kernel.regularizer, keras.regularizers.L2)
    assert copy.trainable_weights == [copy.kernel]


def test_layers_of_others_are_shared():
    other = built(layers.Dense(3), 4)
    layer = layers.Lambda(lambda x: other(x))
    copy = copied(layer)
    x = np.ones((2, 4), "float32")
    np.testing.assert_array_equal(copy(x), layer(x))
    assert copy.function is layer.function


@pytest.mark.slow
def test_a_student_that_layers_share_is_one_student_in_the_copies():
    student, _ = sc.clone("t2", image_size=6, solver="closed-form", verbose=0)
    convs = [sc.ClonedConv2D(1, student, name=name) for name in "ab"]
    images = keras.Input((6, 6, 1))
    model = keras.Model(images, [conv(images) for conv in convs])
    copy = sc.networks.rebuilt(model, lambda _: None)
    first, second = (copy.get_layer(name) for name in "ab")
    assert first.student is second.student is not student
    assert set(first.student.sharing) == {first, second}
    assert set(student.sharing) == set(convs)


def test_tables_of_words_are_copied_with_their_layer():
    lookup = layers.StringLookup(vocabulary=["a", "b"])
    model = keras.Sequential([keras.Input((1,), dtype="string"), lookup])
    copy = sc.networks.rebuilt(model, lambda _: None)
    words = tf.constant([["b"], ["c"]])
    np.testing.assert_array_equal(copy(words), model(words))


def test_quantized_layers_and_lora_are_copied():
    x = np.random.default_rng(0).normal(size=(2, 8)).astype("float32")
    dense = built(layers.Dense(4), 8)
    dense.quantize("int8")
    np.testing.assert_array_equal(copied(dense)(x), dense(x))
    lora = built(layers.Dense(4), 8)
    lora.enable_lora(2)
    copy = copied(lora)
    assert len(copy.trainable_weights) == len(lora.trainable_weights)
    np.testing.assert_array_equal(copy(x), lora(x))


class Compiling(layers.Layer):
    """A layer that compiles a method of its own."""

    def __init__(self, **options):
        super().__init__(**options)
        self.dense = layers.Dense(3)
        self.compiled_call = tf.function(self.dense.__call__)

    def build(self, shape):
        self.dense.build(shape)

    def call(self, x):
        return self.compiled_call(x)


class Tracing(Compiling):
    """Another, which traces it when it is built."""

    def build(self, shape):
        super().build(shape)
        spec = tf.TensorSpec((2, 4))
        self.compiled_call = self.compiled_call.get_concrete_function(spec)


class TracingSecrets(Tracing):
    """Another, which cannot be made again."""

    def __init__(self, secret, **options):
        super().__init__(**options)


@pytest.mark.parametrize("kind", [Compiling, Tracing])
def test_functions_compiled_with_weights_are_compiled_or_made_again(kind):
    layer = built(kind(), 4)
    copy = copied(layer)
    x = np.ones((2, 4), "float32")
    np.testing.assert_array_equal(copy(x), layer(x))
    copy.dense.set_weights([0 * w for w in copy.dense.get_weights()])
    assert np.abs(copy(x)).max() == 0
    assert np.abs(layer(x)).max() > 0


def test_traced_functions_that_cannot_be_made_again_are_refused():
    layer = built(TracingSecrets(object(), name="secret"), 4)
    with pytest.raises(ValueError, match=r"'secret', a TracingSecr.*compiled f"):
        copied(layer)
    layer = built(Tracing(name="traced"), 4)
    with pytest.raises(ValueError, match=r"No layer in 'traced', a Tracing, can be"):
        Copies(layer, lambda one: one if one is layer.dense else None).of(layer)


@pytest.mark.slow
@pytest.mark.parametrize("predicted", [False, True])
def test_a_subclassed_model_is_copied_after_it_predicted_too(predicted):
    model = subclassed()
    model.compile("sgd", "mse")
    model.marked = "by hand"
    images = np.ones((2, 12, 12, 3), "float32")
    if predicted:
        model.predict(images, verbose=0)
    relaxed, report = sc.relax(model, verbose=0)
    assert relaxed.marked == "by hand"
    assert [row.name for row in report.layers] == ["conv"]
    assert isinstance(relaxed.block.conv, sc.ClonedConv2D)
    np.testing.assert_allclose(
        relaxed.predict(images, verbose=0), model.predict(images, verbose=0), atol=1e-5
    )


@pytest.mark.slow
def test_tensorflow_finds_the_parts_of_the_copy(tmp_path):
    model = plain()
    copy = sc.networks.rebuilt(model, lambda _: None)
    tf.train.Checkpoint(model=model).write(str(tmp_path / "weights"))
    before = model.get_weights()
    copy.set_weights([0 * w for w in before])
    tf.train.Checkpoint(model=copy).read(str(tmp_path / "weights")).expect_partial()
    for found, expected in zip(copy.get_weights(), before):
        np.testing.assert_array_equal(found, expected)
    copy.set_weights([0 * w for w in before])
    for found, expected in zip(model.get_weights(), before):
        np.testing.assert_array_equal(found, expected)
    for one in (copy, sc.relax(model, verbose=0)[0]):
        one(noise(model))
        tf.saved_model.save(one, str(tmp_path / "saved"))


@pytest.mark.slow
def test_activations_with_weights_are_of_the_copy_too():
    conv = layers.Conv2D(4, 3, activation=layers.PReLU(alpha_initializer="ones"))
    model = keras.Sequential([keras.Input((6, 6, 1)), conv])
    relaxed, report = sc.relax(model, verbose=0)
    assert report.difference < 1e-5
    anchored, _ = sc.relax(model, "anchored", anchor="l2-sp", verbose=0)
    assert anchored.layers[0].anchors.tracker is anchored.layers[0]._tracker
    for one in (relaxed, sc.fuse_network(relaxed).model):
        shared = {id(weight) for weight in model.weights}
        assert not shared & {id(weight) for weight in one.weights}
        assert len(one.trainable_weights) >= len(model.trainable_weights) == 3
        np.testing.assert_allclose(one(noise(model)), model(noise(model)), atol=1e-5)


@pytest.mark.slow
def test_paths_of_what_replaces_layers_are_those_of_the_layers():
    images = keras.Input((6, 6, 1))
    encoders = []
    for name in ("left", "right"):
        inside = keras.Input((6, 6, 1))
        conv = layers.Conv2D(2, 3, name="conv")
        encoders.append(keras.Model(inside, conv(inside), name=name))
        conv._path = f"{name}/conv"
        for weight in conv.weights:
            weight._path = f"{name}/{weight._path}"
    model = keras.Model(images, [encoder(images) for encoder in encoders])
    relaxed, _ = sc.relax(model, "anchored", anchor="l2-sp", verbose=0)
    assert list(sc.networks.deviations(relaxed)) == ["left/conv", "right/conv"]
    paths = [weight.path for weight in relaxed.weights]
    assert len(set(paths)) == len(paths)
    assert all(path.split("/")[:2][1] == "conv" for path in paths)
    assert set(sc.fuse_network(relaxed).layers) == {"left/conv", "right/conv"}
    relaxed.compile("sgd", "mse")
    relaxed.get_state_tree()


class Slotted:
    """Holds a layer in a slot."""

    __slots__ = ("__private", "layer")

    def __init__(self, layer):
        self.layer = layer
        self.__private = layer

    def private(self):
        return self.__private


class InSlots(layers.Layer):
    """A layer whose parts are found in slots, of itself and of an object."""

    __slots__ = ("slot",)

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(3)
        self.slot = self.dense
        self.holder = Slotted(self.dense)

    def call(self, x):
        return self.slot(x) + self.holder.layer(x) + self.holder.private()(x)


def test_layers_in_slots_are_those_of_the_copy():
    layer = built(InSlots(), 4)
    copy = copied(layer)
    assert copy.slot is copy.holder.layer is copy.holder.private() is copy.dense
    assert copy.dense is not layer.dense


def test_saved_models_are_read_again(tmp_path):
    inside = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    inside.export(tmp_path / "saved", verbose=False)
    layer = layers.TFSMLayer(tmp_path / "saved", call_endpoint="serve")
    copy = copied(layer)
    x = np.ones((2, 4), "float32")
    expected = np.array(layer(x))
    np.testing.assert_array_equal(copy(x), expected)
    for weight in copy.weights:
        weight.assign(0 * weight)
    assert np.abs(copy(x)).max() == 0
    np.testing.assert_array_equal(layer(x), expected)


def test_what_replaces_a_layer_has_its_weights_everywhere():
    wrapper = built(layers.SpectralNormalization(layers.Conv2D(2, 3)), 6, 6, 3)
    other = layers.Conv2D(2, 3)
    other.build((None, 6, 6, 3))

    def replace(layer):
        return other if isinstance(layer, layers.Conv2D) else None

    copies = Copies(wrapper, replace)
    copy = copies.of(wrapper)
    assert copy.layer is other
    assert copy.kernel is other.kernel
    assert copies.replaced == [(wrapper.layer, other)]


def test_layers_and_operations_of_a_network_are_listed_once():
    model = plain()
    found = all_layers(model)
    assert found[0] is model
    assert len({id(one) for one in found}) == len(found)
    assert any(type(one).__name__ == "Add" for one in found)
