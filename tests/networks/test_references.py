"""It is known what objects refer to."""

import collections
import functools
import threading
import types
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from symclone_tf.networks.references import (
    held,
    is_compiled,
    is_graph,
    is_tf_variable,
    is_tracker,
    is_wrapper,
    refers,
)

TARGET = layers.Dense(2, name="target")


class Holder:
    """Holds something."""

    def __init__(self, value):
        self.value = value

    def method(self):
        return self.value


def loop():
    """Two objects that hold each other, and the target."""
    first, second = Holder(None), Holder(TARGET)
    first.value, second.first = second, first
    return first


@pytest.mark.parametrize(
    "value",
    [
        TARGET,
        [1, (TARGET,)],
        {"a": {TARGET: 1}},
        {TARGET},
        collections.deque([TARGET]),
        weakref.WeakSet([TARGET]),
        Holder([TARGET]),
        Holder(TARGET).method,
        functools.partial(print, TARGET),
        functools.partial(print, key=TARGET),
        lambda x: TARGET if x is None else None,
        (lambda target: lambda: target)(TARGET),
        lambda x=TARGET: x,
        types.SimpleNamespace(a=Holder(lambda *, x=TARGET: x)),
        loop(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_refers_to_a_layer_is_found_wherever_it_is(value):
    of_a_module = isinstance(value, types.FunctionType) and not value.__closure__
    expected = not of_a_module or bool(value.__defaults__)
    assert refers(value, {id(TARGET)}) == expected
    assert not refers(value, {id(object())})


@pytest.mark.parametrize(
    "value", [1, "word", None, np.ones(3), keras, Holder, threading.Lock(), len]
)
def test_what_refers_to_nothing_does_not(value):
    assert not refers(value, {id(TARGET)})


def test_other_layers_are_not_looked_into():
    other = layers.TimeDistributed(TARGET)
    assert not refers([other], {id(TARGET)})
    assert refers([other], {id(other)})


def test_traced_functions_refer_to_the_variables_that_they_captured():
    variable, other = tf.Variable(1.0), tf.Variable(1.0)
    function = tf.function(lambda: variable + 1).get_concrete_function()
    assert any(one is variable.handle for one in held(function))
    assert refers(function, {id(variable.handle)})
    assert not any(one is other.handle for one in held(function))


def test_kinds_of_objects_are_told_apart():
    x = keras.Input((2,))
    dense = layers.Dense(2)
    model = keras.Model(x, dense(x))
    assert is_graph(dense._inbound_nodes[0])
    assert is_graph(tf.constant(1.0))
    assert not is_graph(dense.kernel)
    assert not is_graph(tf.Variable(1.0))
    assert is_tf_variable(tf.Variable(1.0))
    assert not is_tf_variable(dense.kernel)
    assert is_tracker(dense._tracker)
    assert not is_tracker(dense)
    assert is_compiled(tf.function(len))
    assert is_compiled(tf.function(lambda: 1).get_concrete_function())
    assert not is_compiled(len)
    assert is_wrapper(model._call_has_context_arg)
    assert not is_wrapper({})
