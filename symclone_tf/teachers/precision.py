"""Full float32 precision, on accelerators that would round matrix products."""

import contextlib
from collections.abc import Iterator

from symclone_tf.backends import backend


@contextlib.contextmanager
def full_float32() -> Iterator[None]:
    """Computes matrix products in float32 where a backend would use TensorFloat-32.

    Only accelerators do so: on hosts without any, nothing is switched. TensorFlow's and
    PyTorch's switches are for the whole process; they are off in this context, for all
    threads, and are restored afterwards. Contexts may be nested.
    """
    if not has_accelerator():
        yield
        return
    with backend().full_float32():
        yield


def has_accelerator() -> bool:
    """Whether the backend sees a device other than CPUs."""
    return backend().has_accelerator()
