"""Classes by names, in artifacts and in Keras' files."""

import keras


class Registered:
    """Base of classes whose subclasses are known by a name.

    Attributes:
        known: Dictionary from names to subclasses, one for each base.
        kind: String, the name of a subclass; `None` before it is registered.
    """

    known: dict[str, type]
    kind: str | None = None

    @classmethod
    def register(cls, name, package="symclone_tf"):
        """Makes a subclass known by a name.

        Args:
            name: String, by which artifacts, arguments and options name it.
            package: String, whose class it is, see
                `keras.saving.register_keras_serializable`.

        Returns:
            Decorator of the subclass.
        """

        def decorate(subclass):
            subclass.kind = name
            cls.known[name] = subclass
            return keras.saving.register_keras_serializable(package)(subclass)

        return decorate
