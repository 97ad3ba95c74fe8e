"""Classes that artifacts and Keras' files refer to by name."""

from collections.abc import Callable
from typing import Any, TypeVar

import keras

Subclass = TypeVar("Subclass", bound=type["Registered"])


class Registered:
    """Base of classes whose subclasses are registered by name.

    Attributes:
        known: Dictionary from names to subclasses, one for each base.
        kind: String, the name of a subclass; `None` if it is not registered.
    """

    # Each base declares its own, more precisely.
    known: dict[str, Any]
    kind: str | None = None

    @classmethod
    def register(
        cls, name: str, package: str = "symclone_tf"
    ) -> Callable[[Subclass], Subclass]:
        """Registers a subclass by name.

        Args:
            name: String, used in artifacts, arguments and options.
            package: String, the package of the subclass, see
                `keras.saving.register_keras_serializable`.

        Returns:
            Class decorator.
        """

        def decorate(subclass: Subclass) -> Subclass:
            subclass.kind = name
            cls.known[name] = subclass
            return keras.saving.register_keras_serializable(package)(subclass)

        return decorate
