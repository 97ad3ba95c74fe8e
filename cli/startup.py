"""TensorFlow, imported without the lines it prints on the way."""

import contextlib
import os
import sys
import tempfile


def start():
    """Imports TensorFlow and Keras quietly, and returns the package.

    TensorFlow writes to the process' standard error before any log level
    applies. Those lines are kept aside, and shown only if the import fails.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    with _aside():
        import tensorflow as tf

        # Devices announce themselves when they are first looked at.
        tf.config.list_logical_devices()
        tf.get_logger().setLevel("ERROR")
    import keras

    import symclone_tf

    # Keras' own messages go to the log: results alone go to stdout.
    keras.config.disable_interactive_logging()
    return symclone_tf


@contextlib.contextmanager
def _aside():
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except BaseException:
            kept.seek(0)
            os.write(terminal, kept.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
