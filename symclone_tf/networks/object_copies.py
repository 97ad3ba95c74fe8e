"""Copies of containers, functions and objects that refer to what is copied."""

import abc
import collections
import functools
import sys
import types
import weakref
from typing import Any

import keras

from symclone_tf.networks.references import (
    ATOMS,
    attributes_of,
    is_compiled,
    is_graph,
    is_tf_variable,
    is_tracker,
    is_wrapper,
    refers,
)


class Uncopied(ValueError):
    """Something that cannot be copied, and would go on using the original."""


def optimizer_like(optimizer: keras.optimizers.Optimizer) -> Any:
    """An optimizer with the configuration of another, and the same schedule."""
    config = optimizer.get_config()
    schedule = getattr(optimizer, "_learning_rate", None)
    if isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
        config["learning_rate"] = schedule
    return type(optimizer).from_config(config)


class ObjectCopies(abc.ABC):
    """Copies of what refers to some objects, the targets, which a subclass copies.

    Containers are copied, other objects only if they refer to a target; all else is
    the same in the copies.

    Attributes:
        targets: Set of the identities of targets.
        made: Dictionary from the identity of each object that was copied to it and
            its copy. As long as the object is in there no other has its identity.
    """

    def __init__(self) -> None:
        self.targets: set[int] = set()
        self.made: dict[int, tuple[Any, Any]] = {}
        self._trackers: list[Any] = []

    def of(self, value: Any) -> Any:
        """The copy of anything.

        Raises:
            Uncopied: If part of it would go on using the original.
        """
        found = self._of(value)
        # Keras finds what it tracks by its identity, known when all copies are.
        for tracker in self._trackers:
            tracker.stored_ids = {
                name: {id(part) for part in parts}
                for name, (_, parts) in tracker.config.items()
            }
        return found

    def keep(self, original: Any, copy: Any) -> None:
        """Takes something for the copy of an object from now on."""
        self.made[id(original)] = original, copy

    @abc.abstractmethod
    def target(self, value: Any) -> Any:
        """The copy of a target, or of a variable of TensorFlow's own."""

    def _of(self, value):
        if id(value) in self.made:
            return self.made[id(value)][1]
        if id(value) in self.targets or is_tf_variable(value):
            return self.target(value)
        if isinstance(value, ATOMS) or is_graph(value):
            return value
        if isinstance(value, (list, dict, set, collections.deque)):
            return self._container(value)
        if isinstance(value, tuple):
            return self._tuple(value)
        if isinstance(value, weakref.WeakSet):
            return self._weak_set(value)
        return self._object(value) if refers(value, self.targets) else value

    def _container(self, value):
        kind = type(value)
        if is_wrapper(value):
            plain = dict(value) if isinstance(value, dict) else list(value)
            copy = kind(self._of(plain))
            self.keep(value, copy)
            return copy
        if isinstance(value, collections.defaultdict):
            copy = kind(value.default_factory)
        elif isinstance(value, collections.deque):
            copy = kind(maxlen=value.maxlen)
        else:
            copy = kind.__new__(kind)
        self.keep(value, copy)
        # Containers that Keras tracks are of their own classes, with a tracker.
        for name, held in getattr(value, "__dict__", {}).items():
            vars(copy)[name] = self._of(held)
        if isinstance(value, dict):
            ordered = isinstance(value, collections.OrderedDict)
            base = collections.OrderedDict if ordered else dict
            for key, held in list(value.items()):
                base.__setitem__(copy, self._of(key), self._of(held))
        elif isinstance(value, set):
            set.update(copy, [self._of(held) for held in value])
        else:
            base = list if isinstance(value, list) else collections.deque
            base.extend(copy, [self._of(held) for held in value])
        return copy

    def _tuple(self, value):
        parts = [self._of(held) for held in value]
        if all(part is held for part, held in zip(parts, value)):
            return value
        kind = type(value)
        if is_wrapper(value):
            return kind(self._tuple(value.__wrapped__))
        return kind(*parts) if hasattr(value, "_fields") else kind(parts)

    def _weak_set(self, value):
        copy: weakref.WeakSet = weakref.WeakSet()
        self.keep(value, copy)
        # Only of layers that are copied: a student knows the layers that share it.
        for held in list(value):
            if id(held) in self.targets:
                copy.add(self._of(held))
        return copy

    def _object(self, value):
        """The copy of an object that refers to what is copied."""
        if isinstance(value, types.MethodType):
            return types.MethodType(value.__func__, self._of(value.__self__))
        if isinstance(value, functools.partial):
            return type(value)(
                self._of(value.func),
                *self._of(value.args),
                **self._of(value.keywords),
            )
        if isinstance(value, types.FunctionType):
            return self._function(value)
        if isinstance(value, keras.optimizers.Optimizer):
            return self._optimizer(value)
        if is_compiled(value):
            return self._compiled(value)
        try:
            copy = object.__new__(type(value))
        except TypeError:
            raise Uncopied(
                f"it holds an object of class {type(value).__name__}"
            ) from None
        self.keep(value, copy)
        if is_tracker(value):
            self._trackers.append(copy)
        for name, held in attributes_of(value).items():
            # Past what a class does when an attribute is set.
            object.__setattr__(copy, name, self._of(held))
        return copy

    def _optimizer(self, value):
        """An optimizer made again: its variables follow those that it trains."""
        try:
            copy = optimizer_like(value)
        except Exception as error:
            reason = str(error).strip().partition("\n")[0]
            name = type(value).__name__
            raise Uncopied(
                f"it holds an optimizer, {name}, that cannot be made again ({reason})"
            ) from error
        self.keep(value, copy)
        return copy

    def _compiled(self, value):
        """A function of the copies that is compiled anew; one that is traced cannot."""
        function = getattr(value, "python_function", None)
        if function is None or hasattr(value, "captured_inputs"):
            raise Uncopied("it holds a compiled function")
        tensorflow = sys.modules["tensorflow"]
        copy = tensorflow.function(
            self._of(function),
            input_signature=value.input_signature,
            jit_compile=getattr(value, "_jit_compile", None),
            reduce_retracing=getattr(value, "_reduce_retracing", False),
        )
        self.keep(value, copy)
        return copy

    def _function(self, value):
        """A function that refers to the copies of what it refers to."""
        cells = tuple(types.CellType() for _ in value.__closure__ or ())
        copy = types.FunctionType(
            value.__code__, value.__globals__, value.__name__, None, cells
        )
        functools.update_wrapper(copy, value)
        self.keep(value, copy)
        copy.__defaults__ = self._of(value.__defaults__)
        copy.__kwdefaults__ = self._of(value.__kwdefaults__)
        for cell, before in zip(cells, value.__closure__ or ()):
            cell.cell_contents = self._of(before.cell_contents)
        return copy
