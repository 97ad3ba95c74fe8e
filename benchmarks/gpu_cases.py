"""What `python -m benchmarks.gpu` measures, each in a process of its own."""

import contextlib
import json
import sys
import time

import symclone_tf as sc
from benchmarks import backend_steps, cases
from benchmarks.this_machine import machine
from symclone_tf.backends import backend


def about() -> dict:
    """What is computed on, and by what."""
    device = _device_name() if backend().has_gpu() else "CPU, as no GPU was found"
    return {"device": device, **machine()}


def _device_name() -> str:
    name = backend().name
    if name == "jax":
        import jax

        return jax.devices()[0].device_kind
    if name == "torch":
        import torch

        return torch.cuda.get_device_name()
    import tensorflow as tf

    gpu = tf.config.list_physical_devices("GPU")[0]
    return tf.config.experimental.get_device_details(gpu).get("device_name", "GPU")


def cloning(group, lifting, image_size, student) -> dict:
    """Seconds until a clone is made by gradient descent and in closed form: the first
    time, when XLA compiles, and again."""
    teacher = sc.ConvTeacher(group, image_size, lifting=lifting)
    row = {"layer": teacher.title, "student": student}
    for name, solver in (("trained", "sgd"), ("solved", "closed-form")):
        for which in ("first", "again"):
            start = time.perf_counter()
            _, found = sc.clone(teacher, student=student, solver=solver, verbose=0)
            row[f"{name}_{which}"] = time.perf_counter() - start
        row[f"{name}_nmse"] = found.nmse
    return row | {"memory": peak_memory()}


def step(name, precision, group, size, channels, filters, batch, repetitions) -> dict:
    """Seconds of the fastest step of a network of one layer, and its peak memory."""
    with precisely(precision):
        call = backend_steps.step(name, group, size, channels, filters, batch)
        seconds = float("inf")
        for _ in range(repetitions + 2):  # the first compile
            start = time.perf_counter()
            call()
            seconds = min(seconds, time.perf_counter() - start)
    return {"seconds": seconds, "memory": peak_memory()}


@contextlib.contextmanager
def precisely(precision):
    """Computes products of matrices in full float32, or in TensorFloat-32.

    Args:
        precision: String, `"float32"` or `"tf32"`, which CPUs do not have.
    """
    if precision == "float32":
        with backend().full_float32():
            yield
        return
    name = backend().name
    if name == "jax":
        import jax

        with jax.default_matmul_precision("tensorfloat32"):
            yield
        return
    if name == "torch":
        import torch

        torch.backends.cuda.matmul.allow_tf32 = True
        torch.backends.cudnn.allow_tf32 = True
    else:
        import tensorflow as tf

        tf.config.experimental.enable_tensor_float_32_execution(True)
    yield


def peak_memory() -> int:
    """Bytes at most allocated on the GPU by this process; without one, of the host."""
    name = backend().name
    if not backend().has_gpu():
        return cases.peak_memory()
    if name == "jax":
        import jax

        return jax.devices()[0].memory_stats()["peak_bytes_in_use"]
    if name == "torch":
        import torch

        return torch.cuda.max_memory_allocated()
    import tensorflow as tf

    return tf.config.experimental.get_memory_info("GPU:0")["peak"]


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](*json.loads(sys.argv[2]))))
