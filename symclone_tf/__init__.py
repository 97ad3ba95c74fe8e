"""Symmetry-cloning: plain Dense layers that learn a convolution's symmetry.

What the package offers is written in `__init__.pyi`. Names load on first use, so
that importing the package, and asking the command line for help, does not import
TensorFlow.
"""

import importlib
import importlib.util
import sys

import lazy_loader

__version__ = "0.3.0"

_load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

# What Keras can load from a file only if it is registered.
_REGISTERED = (
    *(
        "layers.group_averages",
        "layers.group_conv2d",
        "layers.group_conv3d",
        "layers.untied_group_conv2d",
        "layers.orbit_dense",
        "layers.pooling",
        "layers.centred_pooling",
        "layers.antialiased_pooling",
        "teachers.registry",
    ),
    *("students.registry", "layers.cloned", "layers.cloned_conv2d"),
    *("layers.cloned_attention", "layers.cloned_copies_conv2d"),
    "layers.cloned_separable_conv2d",
    *("cloning.fidelity", "cloning.cloner", "networks.restructured"),
)


# Names are looked up again each time they are used.
_is_registered = False


def __getattr__(name: str):
    value = _load(name)
    _register()
    return value


def _register() -> None:
    """Imports all that Keras can only load from a file if it is registered.

    Without Keras, nobody has a file to load, and `symclone-tf --help` need not
    wait for it.
    """
    global _is_registered
    if not _is_registered and "keras" in sys.modules and not _is_initializing():
        backends = importlib.import_module(f"{__name__}.backends")
        backends.check_backend(sys.modules["keras"].config.backend())
        for module in _REGISTERED:
            importlib.import_module(f"{__name__}.{module}")
        _is_registered = True


def _is_initializing() -> bool:
    """Whether Keras or a module of the package is being imported.

    Then others could not import from it yet; whoever imports it registers all later.
    """
    return any(
        getattr(module.__spec__, "_initializing", False)  # as importlib marks it
        for name, module in list(sys.modules.items())
        if name == "keras" or name.startswith(f"{__name__}.")
    )


class _KerasIsImported:
    """Registers what Keras can load as soon as Keras is imported.

    For programs that import this package, use none of its names, and read a file with
    Keras alone. Of the modules that a file names, Keras imports those of its own
    packages only (`_retrieve_class_or_fn` of Keras 3.15), and has no hook for others;
    importing Keras here instead would make `symclone-tf --help` wait for TensorFlow,
    and every import with it. So this finder waits on `sys.meta_path` until `keras` is
    imported, and removes itself then. `wrapt.when_imported` does the same in a line,
    and lengthens `symclone-tf --help` by a quarter.
    """

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        """Keras', which registers what it can load; `None` of all other modules."""
        if name != "keras":
            return None
        # Programs may look for Keras without importing it.
        others = (finder for finder in sys.meta_path if finder is not cls)
        specs = (finder.find_spec(name, path, target) for finder in others)
        spec = next(filter(None, specs), None)
        if spec is not None:
            run = spec.loader.exec_module

            def run_and_register(module):
                run(module)
                if cls in sys.meta_path:
                    sys.meta_path.remove(cls)
                spec._initializing = False  # Keras is whole now
                _register()

            spec.loader.exec_module = run_and_register
        return spec


if "keras" in sys.modules:
    _register()
else:
    sys.meta_path.insert(0, _KerasIsImported)
