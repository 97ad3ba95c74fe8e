"""Containers, functions and objects are copied where they refer to a target."""

import collections
import functools
import weakref

import keras
import numpy as np
import pytest
from keras.src.utils.tracking import TrackedDict, TrackedList, TrackedSet, Tracker

from symclone_tf.networks.object_copies import ObjectCopies, Uncopied


class Target:
    """Something that is copied."""


class Copies(ObjectCopies):
    """Copies of one target."""

    def __init__(self, target):
        super().__init__()
        self.targets = {id(target)}

    def target(self, value):
        self.keep(value, Target())
        return self.made[id(value)][1]


class Holder:
    """Holds something."""

    def __init__(self, value):
        self.value = value

    def method(self):
        return self.value


Pair = collections.namedtuple("Pair", "first second")


def copied(make):
    """A value that holds a target, its copy, and the copy of the target."""
    target = Target()
    copies = Copies(target)
    value = make(target)
    copy = copies.of(value)
    return value, copy, copies.of(target)


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda target: [1, target], lambda copy: copy[1]),
        (lambda target: (1, target), lambda copy: copy[1]),
        (lambda target: Pair(1, second=target), lambda copy: copy.second),
        (lambda target: {"key": target}, lambda copy: copy["key"]),
        (lambda target: {target: 1}, lambda copy: next(iter(copy))),
        (lambda target: {target}, lambda copy: next(iter(copy))),
        (lambda target: collections.deque([target]), lambda copy: copy[0]),
        (
            lambda target: collections.OrderedDict(key=target),
            lambda copy: copy["key"],
        ),
        (
            lambda target: collections.defaultdict(list, key=[target]),
            lambda copy: copy["key"][0] if copy["other"] == [] else None,
        ),
        (lambda target: Holder([target]), lambda copy: copy.value[0]),
        (lambda target: Holder(target).method, lambda copy: copy()),
        (lambda target: lambda: target, lambda copy: copy()),
        (lambda target: lambda one=target: one, lambda copy: copy()),
        (lambda target: lambda *, one=target: one, lambda copy: copy()),
        (
            lambda target: functools.partial(lambda *parts: parts[1], 1, target),
            lambda copy: copy(),
        ),
        (lambda target: TrackedList([target]), lambda copy: copy[0]),
        (lambda target: TrackedDict({"key": target}), lambda copy: copy["key"]),
        (lambda target: TrackedSet([target]), lambda copy: next(iter(copy))),
    ],
)
def test_a_copy_refers_to_the_copy_of_the_target(make, found):
    value, copy, target = copied(make)
    assert copy is not value
    assert type(copy) is type(value)
    assert found(copy) is target
    assert found(value) is not target


def test_objects_that_refer_to_no_target_are_the_same():
    array, holder = np.ones(2), Holder([1])
    value, copy, _ = copied(lambda target: [target, array, holder, len, keras, (1, 2)])
    assert copy[1] is array
    assert copy[2] is holder
    assert all(one is other for one, other in zip(copy[3:], value[3:]))


def test_containers_are_of_the_copy_alone():
    value, copy, _ = copied(lambda target: {"numbers": [1, 2]})
    copy["numbers"].append(3)
    assert value == {"numbers": [1, 2]}


def test_loops_are_copied_once():
    def loop(target):
        first, second = Holder(None), Holder(target)
        first.value, second.first = second, first
        return first

    _, copy, target = copied(loop)
    assert copy.value.first is copy
    assert copy.value.value is target


def test_weak_sets_hold_copies_of_targets_only():
    other = Target()
    _, copy, target = copied(lambda target: weakref.WeakSet([target, other]))
    assert set(copy) == {target}


def test_trackers_know_copies_by_their_identity():
    def tracker(target):
        made = Tracker({"all": (lambda value: isinstance(value, Target), [])})
        made.track(target)
        made.lock("no more")
        return made

    value, copy, target = copied(tracker)
    assert copy.is_in_store("all", target)
    assert copy.locked
    copy.untrack(target)
    assert copy.config["all"][1] == []
    assert len(value.config["all"][1]) == 1


def test_optimizers_are_made_again_without_moments():
    target = Target()
    optimizer = keras.optimizers.SGD(0.25, momentum=0.5)
    optimizer.target = target
    copy = Copies(target).of(optimizer)
    assert type(copy) is type(optimizer)
    assert float(copy.learning_rate) == 0.25
    assert not copy.built


def test_what_cannot_be_copied_is_named():
    target = Target()
    holder = Exception("odd")
    holder.target = target
    with pytest.raises(Uncopied, match="it holds an object of class Exception"):
        Copies(target).of(holder)


def test_containers_keep_their_kind():
    value, copy, target = copied(lambda target: collections.deque([target], maxlen=2))
    assert copy.maxlen == value.maxlen == 2
    wrap = keras.layers.Layer()
    model = keras.Model()
    model.pair = Pair(1, 2)  # which TensorFlow wraps
    _, copy, target = copied(lambda target: [model.pair, target, wrap])
    assert copy[0].second == 2
    assert copy[1] is target


def test_optimizers_that_cannot_be_made_again_are_named():
    class Secret(keras.optimizers.SGD):
        """An optimizer without a configuration."""

        def get_config(self):
            raise NotImplementedError("no configuration")

    target = Target()
    optimizer = Secret(0.5)
    optimizer.target = target
    with pytest.raises(Uncopied, match=r"Secret, that cannot be made again \(no conf"):
        Copies(target).of(optimizer)
