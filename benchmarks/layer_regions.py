"""Regional clones against convolutions, and against local and frozen clones.

The part `regions` of `python -m benchmarks.layers`: times of layers, the memory of a
step, the traffic of a local clone, and a whole network.
"""

import time

import keras
import tensorflow as tf

import symclone_tf as sc
from benchmarks.cases import measure as measure_apart
from benchmarks.layer_times import KINDS, fastest, forward, step

# Group, lifting, image size, channels, filters, batch, and numbers of regions along
# both axes.
REGIONS = (
    ("t2", True, 112, 32, 32, 8, (4, 8, 14)),
    ("t2", True, 56, 64, 64, 8, (2, 4, 7)),
    ("t2", True, 56, 32, 32, 8, (2, 4)),
    ("t2", True, 28, 32, 32, 32, (2,)),
    ("c4", False, 28, 8, 8, 32, (2,)),
    ("c4", False, 26, 10, 10, 64, (2,)),
)
# A whole network: images of a step, and their size.
NETWORK = "ResNet50"
BATCH, IMAGE_SIZE = 8, 224
# How often a local clone's step writes or reads arrays of nine times its inputs:
# patches are written once, and read for features and for the blocks' gradients;
# features written once, and read for outputs and for the encoder's gradients; their
# gradients written once, and read for the blocks' and the patches'; these written once,
# and read to be added.
NINEFOLD_PASSES = 11
# Without and with oneDNN, which TensorFlow uses by itself on some processors only.
NAMES = ("regions", "regions with oneDNN")


def name_of_results() -> str:
    """Which of `NAMES` are measured here."""
    from tensorflow.python.util import _pywrap_util_port

    return NAMES[int(_pywrap_util_port.IsMklEnabled())]


def measure(
    group, lifting, image_size, channels, filters, batch, numbers, repetitions=7
) -> dict:
    """Times of a convolution and of its clones: local, frozen, and regional ones."""
    case = group, lifting, image_size, channels, filters, batch
    calls = {}
    for name in ("convolution", "local", "frozen", *map(str, numbers)):
        layer, inputs = layer_of(name, *case)
        calls[name] = {"forward": forward(layer, inputs), "step": step(layer, inputs)}
    teacher = sc.ConvTeacher(group, image_size, lifting=lifting)
    about = {"layer": teacher.title, "channels": channels, "filters": filters}
    about |= {"batch": batch, "outputs": teacher.new_grid[0], "regions": list(numbers)}
    return about | fastest(calls, repetitions)


def layer_of(name, group, lifting, image_size, channels, filters, batch):
    """A convolution or a clone of it, and inputs.

    Args:
        name: String, `"convolution"`, `"local"`, `"frozen"`, or a number of regions.
    """
    teacher = sc.ConvTeacher(group, image_size, lifting=lifting)
    convolution = sc.GroupConv2D(filters, 3, group)
    inputs = tf.random.normal((batch, *teacher.input_shape, channels))
    convolution.build(inputs.shape)
    if name == "convolution":
        return convolution, inputs
    options = {"regions": int(name)} if name.isdigit() else {}
    kind = "regional" if options else "local"
    student = sc.students.make_student(kind, teacher, seed=0, **options)
    sc.cloning.solve(student)
    symmetry = "frozen" if name == "frozen" else "trainable"
    return sc.ClonedConv2D.from_conv(convolution, student, symmetry=symmetry), inputs


def others() -> dict:
    """The memory of steps, each in a process of its own; traffic; and the network."""
    *case, numbers = REGIONS[0]
    memory = {
        name: measure_apart("layer_step", name=name, case=case)["memory"]
        for name in ("convolution", "local", str(numbers[0]))
    }
    return {"memory": memory, "copied": copy_rate(), "network": network()}


def copy_rate(megabytes=128) -> float:
    """Bytes that this machine writes and reads in a second, copying an array."""
    values = tf.zeros(megabytes * 2**18)
    copy = tf.function(lambda x: x + 1.0)
    seconds = fastest({"copy": {kind: lambda: copy(values) for kind in KINDS}}, 10)
    return 2 * 2**20 * megabytes / seconds["copy_forward"]


def network(name=NETWORK, image_size=IMAGE_SIZE, batch=BATCH, repetitions=4) -> dict:
    """Steps of a network, and of it relaxed: all of its 3×3 convolutions."""
    make = getattr(keras.applications, name)
    model = make(weights=None, input_shape=(image_size, image_size, 3))

    def is_3x3(layer):
        return getattr(layer, "kernel_size", None) == (3, 3)

    options = {"layers": is_3x3, "verbose": 0}
    models = {
        "convolutions": model,
        "regional": sc.relax(model, student="regional", regions=4, **options)[0],
        "default": sc.relax(model, **options)[0],
    }
    images = tf.random.normal((batch, image_size, image_size, 3))
    seconds = dict.fromkeys(models, float("inf"))
    steps = {key: _network_step(one, images) for key, one in models.items()}
    for _ in range(repetitions + 1):  # the first traces
        for key, call in steps.items():
            start = time.perf_counter()
            call()
            seconds[key] = min(seconds[key], time.perf_counter() - start)
    weights = {key: one.count_params() for key, one in models.items()}
    about = {"name": name, "image_size": image_size, "batch": batch}
    return about | {"step": seconds, "weights": weights}


def _network_step(model, images):
    """A training step, as `fit` takes it."""
    model.compile(keras.optimizers.SGD(1e-9), "sparse_categorical_crossentropy")
    labels = tf.zeros(len(images), "int32")
    return lambda: model.train_on_batch(images, labels)


def report(name, results, about) -> list[str]:
    """The lines of the page."""
    onednn = "with" if name == NAMES[1] else "without"
    lines = [
        "",
        "Trainable clones whose weights are shared within regions of the outputs, "
        '`student="regional"`, beside local and frozen clones, relative to the '
        "convolution in the same repetitions; regions along both axes, and the pixels "
        f"of one along an axis. TensorFlow {onednn} oneDNN, measured at another time: "
        f"{about}.",
        "",
        "| layer | channels | filters | batch | clone | regions | pixels | forward, ms "
        "| ratio | step, ms | ratio |",
        "|---|---:|---:|---:|---|" + "---:|" * 6,
    ]
    for row in results["rows"]:
        lines += [f"| {' | '.join(cells)} |" for cells in _rows(row)]
    return [*lines, *_others(results)]


def _rows(row):
    """A line for the convolution, and for each of its clones."""
    head = [row["layer"], *(str(row[k]) for k in ("channels", "filters", "batch"))]
    names = {"convolution": ("convolution", "–", "–"), "frozen": ("frozen", "–", "–")}
    names["local"] = ("local", "–", "1")
    for number in row["regions"]:
        pixels = f"{row['outputs'] / number:.3g}"
        names[str(number)] = ("regional", f"{number}×{number}", pixels)
    for name, about in names.items():
        cells = [*head, *about]
        for kind in KINDS:
            seconds = row[f"{name}_{kind}"]
            ratio = seconds / row[f"convolution_{kind}"]
            cells += [f"{1e3 * seconds:.1f}", f"{ratio:.2f}"]
        yield cells


def _others(results) -> list[str]:
    """What is measured once: memory, traffic, and the network."""
    row, memory, found = results["rows"][0], results["memory"], results["network"]
    *_, regions = sorted(memory, key=str.isdigit)
    step, weights = found["step"], found["weights"]
    numbers = row["batch"] * row["outputs"] ** 2 * row["channels"]
    least = NINEFOLD_PASSES * 9 * 4 * numbers / results["copied"]
    return [
        "",
        f"Peak memory of a step of {row['layer']}, {row['channels']} → "
        f"{row['filters']}, above that of its process before it, in processes of their "
        f"own: {memory['convolution'] / 1e6:.0f} MB the convolution, "
        f"{memory[regions] / 1e6:.0f} MB {regions}×{regions} regions, "
        f"{memory['local'] / 1e6:.0f} MB the local clone.",
        "",
        f"A local clone's step writes or reads arrays of nine times its inputs "
        f"{NINEFOLD_PASSES} times. A copy of 128 MB moves "
        f"{results['copied'] / 1e9:.1f} GB/s here, by which this takes "
        f"{1e3 * least:.0f} of its {1e3 * row['local_step']:.0f} ms.",
        "",
        f"A step of {found['name']} at {found['image_size']}×{found['image_size']}, "
        f"batch {found['batch']}: {step['convolutions']:.2f} s; with all 3×3 "
        f"convolutions relaxed to 4×4 regions {step['regional']:.2f} s, "
        f"{step['regional'] / step['convolutions']:.2f} times, with "
        f"{weights['regional'] / weights['convolutions']:.3f} times the weights; by "
        f"`relax`'s default {step['default']:.2f} s, "
        f"{step['default'] / step['convolutions']:.2f} times, with "
        f"{weights['default'] / weights['convolutions']:.3f} times the weights.",
    ]
