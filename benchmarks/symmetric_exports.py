"""Invariant networks in files: `python -m benchmarks.symmetric_exports`.

Each network of keras.applications with random weights is made invariant, written as a
`.keras` file, SavedModel, ONNX and LiteRT file, read again, and called. Needs the
extras `onnx` and `litert`, and ONNX Runtime.
"""

import argparse
import pathlib
import tempfile

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console

import symclone_tf as sc
from benchmarks.cloning import machine
from benchmarks.result_files import write_results
from benchmarks.symmetric_networks import ARCHITECTURES, random_network


def main():
    """Writes and reads all files, and then the numbers and the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", default="benchmarks/results", type=pathlib.Path)
    parser.add_argument("--size", default=96, type=int)
    parser.add_argument("--groups", default=["flip", "d4"], nargs="+")
    chosen = parser.parse_args()
    rows = []
    for name in ARCHITECTURES:
        for group in chosen.groups:
            Console(stderr=True).print(f"{name}, {group} …")
            rows.append(measure(name, chosen.size, group))
    results = {"machine": machine(), "rows": rows}
    write_results(chosen.output, "symmetric_exports", results, report)


def measure(name, size, group) -> dict:
    """How far the outputs of each file are from the network's."""
    model, _ = sc.symmetrize(random_network(name, size), group)
    rng = np.random.default_rng(0)
    images = rng.uniform(0, 255, (2, size, size, 3)).astype("float32")
    return {"name": name, "size": size, "group": group} | differences(model, images)


def differences(model, images) -> dict[str, float]:
    """The largest difference of outputs, relative to the largest output, by format.

    Args:
        model: `keras.Model`.
        images: Array.
    """
    expected = np.asarray(model(images, training=False))
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for title, outputs in FORMATS.items():
            outputs = outputs(model, pathlib.Path(folder), images)
            difference = np.abs(np.asarray(outputs) - expected).max()
            found[title] = float(difference / np.abs(expected).max())
    return found


def from_keras(model, folder, images):
    """The outputs of a `.keras` file."""
    model.save(folder / "model.keras")
    return keras.saving.load_model(folder / "model.keras")(images, training=False)


def from_saved_model(model, folder, images):
    """The outputs of a SavedModel."""
    model.export(folder / "saved", verbose=False)
    saved = tf.saved_model.load(folder / "saved")
    return saved.serve(images)


def from_onnx(model, folder, images):
    """The outputs of an ONNX file."""
    import onnxruntime

    file = sc.artifacts.export_onnx(model, folder / "model.onnx")
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    (source,) = session.get_inputs()
    return session.run(None, {source.name: images})[0]


def from_litert(model, folder, images):
    """The outputs of a LiteRT file."""
    from ai_edge_litert.interpreter import Interpreter

    file = str(folder / "model.tflite")
    model.export(file, format="litert", verbose=False)
    interpreter = Interpreter(model_path=file)
    (source,) = interpreter.get_input_details()
    (target,) = interpreter.get_output_details()
    interpreter.resize_tensor_input(source["index"], images.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(source["index"], images)
    interpreter.invoke()
    return interpreter.get_tensor(target["index"])


FORMATS = {
    ".keras": from_keras,
    "SavedModel": from_saved_model,
    "ONNX": from_onnx,
    "LiteRT": from_litert,
}


def report(results) -> str:
    """The Markdown page."""
    about = ", ".join(f"{k} {v}" for k, v in results["machine"].items())
    lines = [
        "# Ready-made networks made invariant, in files",
        "",
        f"Machine: {about}.",
        "",
        "Networks of keras.applications with random weights, and what `symmetrize` "
        "makes of them, written and read again: the largest difference of logits from "
        "those in Keras, relative to the largest logit, on two images of noise.",
        "",
        f"| network | pixels | group | {' | '.join(FORMATS)} |",
        "|---|---:|---|" + "---:|" * len(FORMATS),
    ]
    for row in results["rows"]:
        found = [f"{row[title]:.1g}" for title in FORMATS]
        cells = [row["name"], str(row["size"]), row["group"], *found]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
