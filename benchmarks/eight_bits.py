"""Symmetric networks in 8 bits: `python -m benchmarks.eight_bits`.

Networks with random weights whose outputs stay the same as images turn by 90°, or are
mirrored, are quantized by LiteRT and by ONNX Runtime: how far the outputs are from
Keras', and how much they change under the symmetry. Needs the extras `onnx` and
`litert`, and ONNX Runtime.
"""

import argparse
import pathlib
import tempfile
from functools import partial

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console

import symclone_tf as sc
from benchmarks.result_files import write_results
from benchmarks.symmetric_networks import random_network
from benchmarks.this_machine import machine
from symclone_tf.experiments import image_network

# Images that ranges of activations are taken from, and that outputs are of.
COUNT = 16


def main():
    """Quantizes all networks, and writes the numbers and the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", default="benchmarks/results", type=pathlib.Path)
    chosen = parser.parse_args()
    rows = []
    for name in NETWORKS:
        Console(stderr=True).print(f"{name} …")
        rows.append(measure(name))
    results = {"machine": machine(), "rows": rows}
    write_results(chosen.output, "eight_bits", results, report)


def classifier(group, size):
    """The package's classifier of group convolutions, without the last softmax."""
    model = image_network("gcnn", group, canvas=size, seed=0)
    model.layers[-1].activation = keras.activations.linear
    return model


def clones(student, symmetry, fused=False):
    """A classifier of two clones, of C4."""
    keras.utils.set_random_seed(0)
    x = images = keras.Input((16, 16, 1))
    for lifting in (True, False):
        teacher = sc.ConvTeacher("c4", x.shape[1], lifting=lifting)
        found, _ = sc.clone(teacher, student=student, solver="closed-form", verbose=0)
        x = sc.layers.ClonedConv2D(8, found, symmetry, activation="relu")(x)
    x = keras.layers.GlobalAveragePooling2D()(sc.layers.GroupPooling()(x))
    model = keras.Model(images, keras.layers.Dense(5)(x))
    return sc.fuse_network(model).model if fused else model


def symmetrized(group):
    """A network of keras.applications that is made invariant."""
    return sc.symmetrize(random_network("MobileNetV2", 64), group)[0]


def maps():
    """A convolution and a pooling that are made equivariant."""
    keras.utils.set_random_seed(0)
    convolution = keras.layers.Conv2D(4, 3, padding="same")
    layers = [keras.Input((12, 12, 3)), convolution, keras.layers.AveragePooling2D(2)]
    return sc.symmetrize(keras.Sequential(layers), "c4")[0]


def turned(images):
    """Images, turned by each multiple of 90°."""
    return [np.ascontiguousarray(np.rot90(images, k, (1, 2))) for k in range(4)]


def mirrored(images):
    """Images, and those mirrored."""
    return [images, np.ascontiguousarray(images[:, :, ::-1])]


NETWORKS = {
    "C4 classifier, 28×28": (partial(classifier, "c4", 28), turned),
    "C4 classifier, 27×27": (partial(classifier, "c4", 27), turned),
    "C8 classifier, 28×28": (partial(classifier, "c8", 28), turned),
    "Dense clones of C4, frozen": (partial(clones, "dense", "frozen"), turned),
    "local clones of C4, trainable": (partial(clones, "local", "trainable"), turned),
    "regional clones of C4, trainable, fused": (
        partial(clones, "regional", "trainable", fused=True),
        turned,
    ),
    "MobileNetV2, C4": (partial(symmetrized, "c4"), turned),
    "MobileNetV2, flip": (partial(symmetrized, "flip"), mirrored),
    "maps that are pooled last, C4": (maps, turned),
}


def measure(name) -> dict:
    """A row of the table: what each way of quantizing makes of a network.

    Args:
        name: String, of `NETWORKS`.
    """
    make, transformed = NETWORKS[name]
    model = make()
    _, size, _, channels = model.input_shape
    images = inputs(size, channels)
    expected = np.asarray(model(images, training=False))
    row = {"network": name}
    for title, quantized in QUANTIZED.items():
        with tempfile.TemporaryDirectory() as folder:
            compute = quantized(model, pathlib.Path(folder), images)
            found = np.array([compute(each) for each in transformed(images)])
        if found.ndim == 5:  # maps turn with their images
            found = np.array([np.rot90(m, -k, (1, 2)) for k, m in enumerate(found)])
        apart = {"change": found - found[0], "difference": found[0] - expected}
        largest = np.abs(expected).max()
        row[title] = {k: float(np.abs(a).max() / largest) for k, a in apart.items()}
    return row


def inputs(size, channels):
    """Smooth images, from 0 to 1, or to 255 where there are colours."""
    white = 1.0 if channels == 1 else 255.0
    noise = np.random.default_rng(0).uniform(0, white, (COUNT, size, size, channels))
    return np.asarray(tf.nn.avg_pool2d(noise.astype("float32"), 3, 1, "SAME"))


def in_litert(calibrated, model, folder, images, **options):
    """A LiteRT file that is quantized, with ranges of activations or without."""
    from ai_edge_litert.interpreter import Interpreter

    options["optimizations"] = [tf.lite.Optimize.DEFAULT]
    if calibrated:
        options["representative_dataset"] = lambda: ([each[None]] for each in images)
    file = str(folder / "model.tflite")
    model.export(file, format="litert", verbose=False, **options)
    interpreter = Interpreter(model_path=file)
    (source,) = interpreter.get_input_details()
    (target,) = interpreter.get_output_details()
    interpreter.resize_tensor_input(source["index"], (1, *images.shape[1:]))
    interpreter.allocate_tensors()

    def compute(image):
        interpreter.set_tensor(source["index"], image[None])
        interpreter.invoke()
        return interpreter.get_tensor(target["index"])[0]

    return lambda given: np.array([compute(image) for image in given])


def in_onnx_runtime(reduce_range, model, folder, images):
    """An ONNX file that ONNX Runtime quantizes, with ranges of activations."""
    import onnxruntime
    from onnxruntime.quantization import CalibrationDataReader, quantize_static

    file = sc.artifacts.export_onnx(model, folder / "model.onnx")
    cpu = {"providers": ["CPUExecutionProvider"]}
    (source,) = onnxruntime.InferenceSession(file, **cpu).get_inputs()

    class Images(CalibrationDataReader):
        left = iter([{source.name: image[None]} for image in images])

        def get_next(self):
            return next(self.left, None)

    small = str(folder / "quantized.onnx")
    quantize_static(file, small, Images(), reduce_range=reduce_range)
    session = onnxruntime.InferenceSession(small, **cpu)
    return lambda given: session.run(None, {source.name: given})[0]


QUANTIZED = {
    "LiteRT, weights": partial(in_litert, False),
    "LiteRT": partial(in_litert, True),
    "LiteRT, older": partial(in_litert, True, experimental_new_quantizer=False),
    "ONNX Runtime": partial(in_onnx_runtime, False),
    "ONNX Runtime, `reduce_range`": partial(in_onnx_runtime, True),
}


def report(results) -> str:
    """The Markdown page."""
    about = ", ".join(f"{k} {v}" for k, v in results["machine"].items())
    lines = [
        "# Symmetric networks in 8 bits",
        "",
        f"Machine: {about}.",
        "",
        f"Networks with random weights and {COUNT} smooth images. In each "
        "cell the largest change of outputs as the images turn by 90°, or are mirrored "
        "(flip), and their largest difference from Keras' float32, relative to the "
        "largest output. "
        "*LiteRT, weights*: `Optimize.DEFAULT`, which quantizes weights; the others "
        "also take ranges of activations from the images, *older* by "
        "`experimental_new_quantizer=False`. ONNX Runtime's sums of "
        "16 bits saturate on processors of x86 that have no VNNI, but for weights of "
        "7 bits (`reduce_range`).",
        "",
        f"| network | {' | '.join(QUANTIZED)} |",
        "|---|" + "---:|" * len(QUANTIZED),
    ]
    lines += [f"| {' | '.join(cells(row))} |" for row in results["rows"]]
    return "\n".join([*lines, ""])


def cells(row) -> list[str]:
    """A row of the page's table: change under the symmetry, and difference."""
    found = [row[title] for title in QUANTIZED]
    return [
        row["network"],
        *(f"{one['change']:.1g}, {one['difference']:.1g}" for one in found),
    ]


if __name__ == "__main__":
    main()
