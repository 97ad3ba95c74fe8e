"""What can go wrong with a clone, apart from arguments that are not accepted."""


class CloningError(RuntimeError):
    """Cloning ran and did not end in a usable student."""


class ArtifactError(ValueError):
    """A folder is not an artifact, or not one that can be used."""


class ArtifactWarning(UserWarning):
    """A folder looks like an artifact, and is none that can be used."""


class RelaxingWarning(UserWarning):
    """A relaxed network does not answer as it did before."""


class StrategyWarning(UserWarning):
    """A strategy leaves something out that was asked for."""


class DataWarning(UserWarning):
    """Some of the data is left out."""


class DataError(ValueError):
    """A data set is neither there nor to be had."""
