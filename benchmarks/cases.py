"""Single measurements, each in a process of its own.

A fresh process gives each its own peak of memory: `measure` starts one.
"""

import contextlib
import ctypes
import json
import pathlib
import resource
import subprocess
import sys
import time


def measure(kind: str, **options) -> dict:
    """Runs one measurement of this module in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.cases", kind, json.dumps(options)]
    process = subprocess.run(command, capture_output=True, text=True)
    if process.returncode:
        raise RuntimeError(process.stderr)
    return json.loads(process.stdout.splitlines()[-1])


def matrix_products(size=2048) -> dict:
    """This machine's rate of float32 matrix products, the best of many."""
    import tensorflow as tf

    matrix = tf.random.normal((size, size))
    product = tf.function(lambda a: a @ a)
    return {"rate": 2 * size**3 / _best(lambda: product(matrix), 20)}


def training(target: float, **layer) -> dict:
    """Trains until a step's own NMSE, on fresh pairs, falls below `target`."""
    import keras

    import symclone_tf as sc
    from benchmarks import operations
    from symclone_tf.cloning import training_memory

    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = logs["nmse"] <= target

    student = sc.DenseStudent(sc.ConvTeacher(**layer), seed=0)
    before = peak_memory()
    start = time.perf_counter()
    cloner = sc.Cloner(student)
    cloner.compile()
    limit = cloner.recipe.steps
    cloner.fit(steps_per_epoch=limit, callbacks=[Stop()], verbose=0)
    seconds = time.perf_counter() - start
    steps = int(cloner.optimizer.iterations)
    memory = peak_memory() - before
    # The rate of the loop, apart from building it: more steps of the same.
    again = 3 if seconds > 20 else 10
    step = _best(lambda: cloner.fit(steps_per_epoch=again, verbose=0), 3) / again
    useful = operations.training_step(student, cloner.recipe)
    return {
        "seconds": seconds,
        "steps": steps,
        "operations": steps * useful,
        "rate": useful / step,
        "nmse": sc.nmse(student),
        "memory": memory,
        "estimate": training_memory(student, cloner.recipe),
        "weights": 4 * student.parameters,
        "images": cloner.recipe.images_per_step,
        "kernels": cloner.recipe.kernels_per_step,
    }


def solving(**layer) -> dict:
    """Solves in closed form."""
    import symclone_tf as sc
    from benchmarks import operations
    from symclone_tf.cloning import solving_memory

    student = sc.DenseStudent(sc.ConvTeacher(**layer), seed=0)
    before = peak_memory()
    start = time.perf_counter()
    sc.cloning.solve(student)
    seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "operations": operations.closed_form(student),
        "nmse": sc.nmse(student),
        "memory": peak_memory() - before,
        "estimate": solving_memory(student),
        "weights": 4 * student.parameters,
    }


def cloning(**options) -> dict:
    """Clones with the default settings."""
    import symclone_tf as sc

    student, report = sc.clone(**options, seed=0, verbose=0)
    return {
        "seconds": report.seconds,
        "nmse": report.nmse,
        "equivariance_error": report.equivariance_error,
        "memory": peak_memory(),
        "weights": 4 * student.parameters,
    }


def relaxing(name: str, size: int) -> dict:
    """Relaxes a network of `keras.applications`."""
    import keras

    import symclone_tf as sc

    make = getattr(keras.applications, name)
    model = make(weights=None, include_top=False, input_shape=(size, size, 3))
    # Untrained normalisation would let no signal reach the end.
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    images = 64 * keras.random.normal((4, size, size, 3), seed=0)
    model(images, training=True)
    relaxed, report = sc.relax(model, student="local", verbose=0)
    memory = peak_memory()
    expected = model(images)
    distance = keras.ops.max(keras.ops.abs(relaxed(images) - expected))
    rows = report.layers
    return {
        "clones": len(rows),
        "seconds": report.seconds,
        "weights_before": sum(row.weights_before for row in rows),
        "weights": sum(row.weights for row in rows),
        "operations_before": sum(row.operations_before for row in rows),
        "operations": sum(row.operations for row in rows),
        "memory": memory,
        "difference": float(distance / keras.ops.max(keras.ops.abs(expected))),
    }


def layers(channels: int, filters: int, batch: int, **layer) -> dict:
    """Student against teacher as layers: forward, and with kernel gradients."""
    import tensorflow as tf

    import symclone_tf as sc
    from benchmarks import operations

    student = sc.DenseStudent(sc.ConvTeacher(**layer), seed=0)
    student.build()
    image, kernel = student.input_shapes((channels,), (filters,))
    inputs, weights = tf.random.normal((batch, *image)), tf.random.normal(kernel)
    result = {
        "student_operations": operations.student_forward(student, channels, filters),
        "teacher_operations": operations.teacher_forward(student, channels, filters),
    }
    for name, call in (("student", student), ("teacher", student.teacher)):
        forward = tf.function(lambda call=call: call(inputs, weights))

        @tf.function
        def step(call=call):
            with tf.GradientTape() as tape:
                tape.watch([inputs, weights])
                outputs = call(inputs, weights)
            return tape.gradient(outputs, [inputs, weights], output_gradients=outputs)

        result[f"{name}_forward"] = _best(forward, 5)
        result[f"{name}_step"] = _best(step, 5)
    return result


def layer_step(name: str, case: list) -> dict:
    """The peak memory of a layer's step, above that of the process before it."""
    from benchmarks.layer_regions import layer_of
    from benchmarks.layer_times import step

    # A small one first: what TensorFlow allocates once is not the layer's.
    group, lifting, size, *rest = case
    step(*layer_of(name, group, lifting, size // 4, *rest))()
    call = step(*layer_of(name, *case))
    with peak_above() as found:
        for _ in range(3):
            call()
    return found


@contextlib.contextmanager
def peak_above():
    """The peak of memory within a context, above that at its beginning, on Linux."""
    # What was freed before is given back first, and the peak so far is forgotten.
    ctypes.CDLL(None).malloc_trim(0)
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    before, found = _status("VmRSS"), {}
    yield found
    found["memory"] = _status("VmHWM") - before


def _status(name) -> int:
    """An entry of this process' status, in bytes."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return 1024 * int(line.split()[1])
    raise KeyError(name)


def one_kernel_at_a_time(target: float, seconds: float) -> dict:
    """The straightforward loop; see the module of this name."""
    from benchmarks.one_kernel_at_a_time import run

    return run(target, seconds)


def _best(function, times) -> float:
    function()
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        function()
        best = min(best, time.perf_counter() - start)
    return best


def peak_memory() -> int:
    """The peak memory of this process so far, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    measurement = globals()[sys.argv[1]]
    print(json.dumps(measurement(**json.loads(sys.argv[2]))))
