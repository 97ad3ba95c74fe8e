"""Classes by names: in arguments, in artifacts and in Keras' files."""

from collections.abc import Callable
from typing import Any, TypeVar

import keras

Subclass = TypeVar("Subclass", bound=type)


class Named:
    """Base of classes whose subclasses have a registered name.

    Attributes:
        known: Dictionary from names to subclasses, one for each base.
        kind: String, the name of a subclass; `None` before it is registered.
    """

    known: dict[str, type]
    kind: str | None = None

    @classmethod
    def register(cls, name: str) -> Callable[[Subclass], Subclass]:
        """Registers a subclass by a name.

        Args:
            name: String, the name in arguments, options and files.

        Returns:
            Decorator of the subclass.
        """

        def decorate(subclass: Any) -> Any:
            subclass.kind = name
            cls.known[name] = subclass
            return subclass

        return decorate


class Registered(Named):
    """Base of classes whose subclasses Keras loads from files by their names."""

    @classmethod
    def register(
        cls, name: str, package: str = "symclone_tf"
    ) -> Callable[[Subclass], Subclass]:
        """Registers a subclass by a name, also with Keras.

        Args:
            name: String, the name in artifacts, arguments and options.
            package: String, the package of the class, see
                `keras.saving.register_keras_serializable`.

        Returns:
            Decorator of the subclass.
        """
        named = super().register(name)
        keep = keras.saving.register_keras_serializable(package)
        return lambda subclass: keep(named(subclass))
