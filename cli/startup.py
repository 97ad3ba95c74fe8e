"""TensorFlow, imported without the messages that it prints."""

import contextlib
import faulthandler
import logging
import os
import sys
import tempfile
import warnings

import click

from symclone_tf.errors import (
    ArtifactWarning,
    DataWarning,
    RelaxingWarning,
    StrategyWarning,
)

WARNINGS = (ArtifactWarning, DataWarning, RelaxingWarning, StrategyWarning)

# To wait for the other hosts of a cluster.
JOIN_SECONDS = 300


def start(strategy="none"):
    """Imports TensorFlow and Keras quietly, and returns the package.

    TensorFlow writes to the process' standard error before any log level
    applies. Those lines are captured, and shown only if the import fails.

    A cluster has to be joined before TensorFlow lists any device, and it logs to
    the native standard error; a strategy is therefore made here.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    with _captured_stderr() as terminal:
        try:
            import tensorflow as tf
        except ModuleNotFoundError:
            raise click.ClickException(
                "The command line computes on TensorFlow, which is not installed: "
                "pip install tensorflow"
            ) from None
        import keras

        import symclone_tf

        # That of TensorFlow, and that of tensorflow-datasets.
        for name in ("tensorflow", "absl"):
            logging.getLogger(name).setLevel(logging.ERROR)
        if strategy == "multi-worker":
            with _deadline(terminal):
                symclone_tf.cloning.make_strategy(strategy)
        # Devices log a line when they are first listed.
        tf.config.list_logical_devices()

    # Keras' own messages go to the log: results alone go to stdout.
    keras.config.disable_interactive_logging()
    warnings.showwarning = _show_warning
    return symclone_tf


def _show_warning(message, category, *_):
    """Shows warnings of this package in a line; others are for developers."""
    if issubclass(category, WARNINGS):
        click.echo(f"Note: {message}", err=True)


@contextlib.contextmanager
def _deadline(terminal):
    """Ends the process, with code 1, if the other hosts of a cluster do not come.

    TensorFlow waits for them forever, and keeps Python's lock meanwhile: only a
    watchdog that needs no Python can end it, so the message has to come first.
    """
    message = f"Joining the hosts in TF_CONFIG; giving up after {JOIN_SECONDS} s."
    os.write(terminal, f"{message}\n".encode())
    with open(os.devnull, "w") as nowhere:
        faulthandler.dump_traceback_later(JOIN_SECONDS, exit=True, file=nowhere)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


@contextlib.contextmanager
def _captured_stderr():
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield terminal
        except BaseException:
            kept.seek(0)
            os.write(terminal, kept.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
