"""What objects refer to, and what kinds of objects they are to Keras."""

import collections
import contextlib
import functools
import sys
import types
import weakref
from collections.abc import Collection, Iterator
from typing import Any

import keras
import numpy as np

ATOMS = (
    *(bool, int, float, complex, str, bytes, type(None), type, types.ModuleType),
    *(np.ndarray, np.generic, np.dtype, keras.KerasTensor),
)


SEVERAL = (list, tuple, set, frozenset, collections.deque, weakref.WeakSet)


def refers(value: Any, targets: Collection[int], variables: bool = True) -> bool:
    """Whether a value, or what it holds, refers to some objects.

    Args:
        value: Anything. Layers in it that are not searched for are not looked into,
            since they are of other networks.
        targets: Identities of objects.
        variables: Boolean, whether all variables of TensorFlow's own are searched for
            too.

    Returns:
        Boolean.
    """
    seen: dict[int, Any] = {}
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if id(one) in targets or (variables and is_tf_variable(one)):
            return True
        if isinstance(one, ATOMS) or id(one) in seen or is_graph(one):
            continue
        seen[id(one)] = one
        if not isinstance(one, keras.layers.Layer):
            waiting.extend(held(one))
    return False


def attributes_of(value: Any) -> dict[str, Any]:
    """What an object has in its dictionary, and in the slots of its classes."""
    found = dict(getattr(value, "__dict__", {}))
    for cls in type(value).__mro__:
        slots = vars(cls).get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            private = slot.startswith("__") and not slot.endswith("__")
            name = f"_{cls.__name__.lstrip('_')}{slot}" if private else slot
            if name not in ("__dict__", "__weakref__") and hasattr(value, name):
                found[name] = getattr(value, name)
    return found


def held(value: Any) -> Iterator[Any]:
    """What an object holds."""
    if isinstance(value, dict):
        yield from list(value)
        yield from list(value.values())
    elif isinstance(value, SEVERAL):
        yield from list(value)
    elif isinstance(value, types.MethodType):
        yield value.__self__
    elif isinstance(value, functools.partial):
        yield from (value.func, value.args, value.keywords)
    elif isinstance(value, types.FunctionType):
        yield from (value.__defaults__, value.__kwdefaults__)
        for cell in value.__closure__ or ():
            with contextlib.suppress(ValueError):  # of what is not set yet
                yield cell.cell_contents
    else:
        yield from attributes_of(value).values()
    if isinstance(value, (dict, *SEVERAL)):
        # Containers that Keras tracks know their tracker.
        yield from getattr(value, "__dict__", {}).values()
    if is_compiled(value):
        # What a traced function has captured, by TensorFlow's handles of variables.
        yield from getattr(value, "captured_inputs", ())


def is_graph(value: Any) -> bool:
    """Whether a value is of a graph of layers, or a tensor."""
    return type(value).__name__ == "Node" or (
        keras.ops.is_tensor(value)
        and not isinstance(value, keras.Variable)
        and not is_tf_variable(value)
    )


def is_tf_variable(value: Any) -> bool:
    """Whether a value is a variable of TensorFlow\'s own."""
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow is not None and isinstance(value, tensorflow.Variable)


def is_wrapper(value: Any) -> bool:
    """Whether a container is what TensorFlow wraps those of models in."""
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow is not None and isinstance(
        value, tensorflow.__internal__.tracking.Trackable
    )


def is_tracker(value: Any) -> bool:
    """Whether a value is what Keras tracks a layer's parts with."""
    return hasattr(value, "stored_ids") and hasattr(value, "config")


def is_compiled(value: Any) -> bool:
    """Whether a value is a function that TensorFlow compiles or has compiled."""
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is None:
        return False
    types_of_functions = tensorflow.types.experimental
    return isinstance(
        value, (types_of_functions.Callable, types_of_functions.PolymorphicFunction)
    )
