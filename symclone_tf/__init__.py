"""Symmetry-cloning: plain Dense layers that learn a convolution's symmetry.

Public names load on first use, so that importing the package, and asking the
command line for help, does not import TensorFlow.
"""

import importlib
import sys

__version__ = "0.1.0"

_HOMES = {
    "GROUPS": "groups",
    "PointGroup": "groups",
    "get_group": "groups",
    "GroupConv2D": "teachers",
    "group_conv2d": "teachers",
    "teacher_of": "teachers",
    "DenseStudent": "students",
    "solve": "closed_form",
    "NMSE": "metrics",
    "equivariance_error": "metrics",
    "nmse": "metrics",
    "student_equivariance_error": "metrics",
    "Cloner": "cloner",
    "CloningError": "errors",
    "Report": "cloning",
    "Training": "cloning",
    "clone": "cloning",
    "train": "cloning",
    "ArtifactError": "errors",
    "ArtifactWarning": "errors",
    "clone_and_export": "exporting",
    "export": "exporting",
    "find": "loading",
    "check_directory": "publishing",
    "list_artifacts": "loading",
    "load": "loading",
    "load_or_clone": "exporting",
    "ClonedConv2D": "layers",
    "check_strategy": "strategies",
    "make_strategy": "strategies",
    "convolution_layers": "networks",
    "mnist_network": "networks",
    "network_students": "networks",
    "EquivarianceErrors": "callbacks",
    "layer_errors": "callbacks",
    "DataError": "errors",
    "mnist_task": "datasets",
    "classes": "datasets",
    "Experiment": "experiments",
    "run_experiment": "running",
    "FusedLayer": "fusing",
    "costs": "fusing",
    "export_layer": "fixed_layers",
    "fuse": "fusing",
    "read_array": "fixed_layers",
    "ServedModel": "serving",
    "config_file": "serving",
    "curl_command": "serving",
    "docker_command": "serving",
    "models_config": "serving",
    "served_models": "serving",
    "server_command": "serving",
    "write_serving_config": "serving",
    "export_classifier": "classifiers",
    "train_and_export": "classifiers",
    "Row": "benchmarking",
    "benchmark": "benchmarking",
    "benchmark_plan": "benchmarking",
    "markdown": "benchmarking",
    "read_benchmark": "benchmarking",
    "summarize": "benchmarking",
    "learning_curve": "studies",
    "move": "studies",
    "moved_answers": "studies",
    "operators": "studies",
    "untrained": "studies",
    "weights_while_learning": "studies",
    "save_figure": "figure_style",
    "draw_digits": "figures",
    "draw_operators": "figures",
    "draw_feature_maps": "figures",
    "draw_weights": "curves",
    "draw_learning_curves": "curves",
    "draw_accuracies": "curves",
    "draw_equivariance": "curves",
    "draw_costs": "curves",
    "Illustration": "illustrating",
    "illustrate": "illustrating",
    "make_figures": "illustrating",
    "draw_strokes": "strokes",
    "make_report": "reporting",
    "figure_bytes": "figure_style",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    _register()
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


def _register() -> None:
    """Imports all that Keras can only load from a file if it is registered.

    Without Keras, nobody has a file to load, and `symclone-tf --help` need not
    wait for it.
    """
    if "keras" in sys.modules:
        backend = sys.modules["keras"].config.backend()
        if backend != "tensorflow":
            raise ImportError(
                "symclone-tf needs Keras on TensorFlow: set KERAS_BACKEND=tensorflow "
                f"in the environment. Received: KERAS_BACKEND={backend}"
            )
        for module in ("teachers", "students", "layers", "metrics", "cloner"):
            importlib.import_module(f"{__name__}.{module}")


_register()
