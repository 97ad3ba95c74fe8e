"""The attention of KerasHub's vision transformers, replaced: `python -m
benchmarks.hub_attention`.

Transformers from configurations, with random weights (`pip install keras-hub==0.32.0`):
whether their outputs stay with all of the attention by content, what a file of them
computes, and whether they train from attention by position.
"""

import argparse
import pathlib
import tempfile
import time

import keras
import numpy as np
from rich.console import Console

import symclone_tf as sc
from benchmarks.cloning import machine
from benchmarks.result_files import write_results

SIZE, PATCH = 64, 8
SMALL = {"num_layers": 2, "num_heads": 6, "hidden_dim": 48}
CLASSES = 5
# The sizes of ViT-B/16 and of DeiT-Ti, at 224 pixels.
BASE = {"num_layers": 12, "num_heads": 12, "hidden_dim": 768}
TINY = {"num_layers": 12, "num_heads": 3, "hidden_dim": 192}


def networks() -> dict:
    """What makes each network."""
    import keras_hub

    models = keras_hub.models

    def vit(size=SIZE, patch=PATCH, widths=SMALL, mlp_dim=96):
        image = {"image_shape": (size, size, 3), "patch_size": patch}
        return models.ViTBackbone(**image, **widths, mlp_dim=mlp_dim)

    def deit(size=SIZE, patch=PATCH, widths=SMALL, dim=96):
        image = {"image_shape": (size, size, 3), "patch_size": patch}
        return models.DeiTBackbone(**image, **widths, intermediate_dim=dim)

    def encoder(kind):
        image = {"image_shape": (SIZE, SIZE, 3), "patch_size": PATCH}
        return kind(**image, **SMALL, intermediate_dim=96)

    return {
        "ViTBackbone": vit,
        "ViTImageClassifier": lambda: models.ViTImageClassifier(
            backbone=vit(), num_classes=CLASSES
        ),
        "DeiTBackbone": deit,
        "DeiTImageClassifier": lambda: models.DeiTImageClassifier(
            backbone=deit(), num_classes=CLASSES
        ),
        "SigLIPVisionEncoder": lambda: encoder(models.SigLIPVisionEncoder),
        "CLIPVisionEncoder": lambda: encoder(models.CLIPVisionEncoder),
        "ViTBackbone, as ViT-B/16": lambda: vit(224, 16, BASE, 3072),
        "DeiTBackbone, as DeiT-Ti": lambda: deit(224, 16, TINY, 768),
    }


def main():
    """Measures all, and writes a table and the numbers."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--output", default="benchmarks/results", type=pathlib.Path)
    chosen = parser.parse_args()
    rows = []
    for name, make in networks().items():
        Console(stderr=True).print(f"{name} …")
        keras.utils.set_random_seed(0)
        rows.append({"network": name, **measure(make())})
    results = {"machine": machine(), "rows": rows}
    write_results(chosen.output, "hub_attention", results, report)


def measure(model) -> dict:
    """Replaces the attention of a network, and tries what comes of it."""
    rng = np.random.default_rng(0)
    for weight in model.weights:
        if weight.path.endswith("bias"):  # which begin at zero
            weight.assign(0.1 * rng.normal(size=weight.shape))
    start = time.perf_counter()
    try:
        same, report = sc.networks.replace_attention(model, 1, verbose=0)
    except ValueError as error:
        return {"replaced": 0, "why": str(error)}
    seconds = time.perf_counter() - start
    local, _ = sc.networks.replace_attention(model, verbose=0)
    (shape,) = [tuple(one.shape[1:]) for one in keras.tree.flatten(local.inputs)]
    images = rng.normal(size=(2, *shape)).astype("float32")
    losses = fitted(local, images)
    return {
        "replaced": len(report.layers),
        **heads(same),
        "weights_before": model.count_params(),
        "weights": same.count_params(),
        "difference": report.difference,
        "file_difference": file_difference(same, images),
        "losses": losses,
        "seconds": round(seconds, 1),
    }


def heads(model) -> dict:
    """The kernel and the grid of a network's heads, in all layers alike."""
    layers = model._flatten_layers()
    first = next(one for one in layers if isinstance(one, sc.layers.ClonedAttention))
    sizes = first.student.teacher.kernel_shape, first.student.sizes[0]
    kernel, grid = ("×".join(map(str, size)) for size in sizes)
    return {"heads": f"{kernel} of {grid}", "prefix_tokens": first.prefix_tokens}


def file_difference(model, images) -> float:
    """The largest difference of outputs once a network is read from its file."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "network.keras"
        model.save(file)
        again = keras.saving.load_model(file, compile=False)
    pairs = zip(*(keras.tree.flatten(one(images)) for one in (model, again)))
    return max(float(np.abs(np.subtract(*map(np.asarray, p))).max()) for p in pairs)


def fitted(model, images, steps=3) -> list[float]:
    """The losses of a few steps, in which outputs are drawn to one."""
    # Their own classes are compiled with losses and metrics of their own.
    plain = keras.Model(model.input, model.output)
    plain.compile(keras.optimizers.Adam(1e-3), "mse")
    ones = keras.tree.map_structure(
        lambda one: np.ones(one.shape, "float32"), plain(images)
    )
    return [float(plain.train_on_batch(images, ones)) for _ in range(steps)]


def report(results) -> str:
    """The Markdown page."""
    about = ", ".join(f"{k} {v}" for k, v in results["machine"].items())
    lines = [
        "# The attention of KerasHub's transformers, replaced",
        "",
        f"Machine: {about}.",
        "",
        "Transformers of KerasHub 0.32.0 from configurations, with random weights and "
        "biases: layers whose attention `sc.networks.replace_attention` replaces; the "
        "positions of their heads, of a grid of patches, and the tokens before these; "
        "weights; the largest difference of outputs for noise, relative to the "
        "largest, with `content_share=1`; that of a network read from its `.keras` "
        "file; and the mean squared error of three steps of training that begins with "
        "`content_share=0`, towards outputs of one.",
        "",
        "| network | replaced | heads | tokens before | weights | difference | "
        "from a file | three steps |",
        "|---|---:|---|---:|---:|---:|---:|---:|",
    ]
    for row in results["rows"]:
        if not row["replaced"]:
            lines.append(f"| {row['network']} | none: {row['why']} | | | | | | |")
            continue
        cells = (
            row["network"],
            str(row["replaced"]),
            row["heads"],
            str(row["prefix_tokens"]),
            f"{row['weights_before']:,} → {row['weights']:,}",
            f"{row['difference']:.0e}",
            f"{row['file_difference']:.0e}",
            ", ".join(f"{loss:.3g}" for loss in row["losses"]),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
