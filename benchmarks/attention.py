"""Vision transformers whose attention begins as a convolution: `python -m
benchmarks.attention`.

The same network with `MultiHeadAttention`, with clones of T(2) and of C4, with ConViT's
gates, and a CNN of as many weights, on CIFAR-10, Fashion-MNIST and blood cells; on
cells also with clones of C8. All see flipped images. Each run is a line of a CSV at
once, and what was interrupted continues when it is started again. `SYMCLONE_TF_DATA` is
a folder with `malaria.npz` and `cifar10.npz`; TensorFlow Datasets downloads what is not
there.
"""

import argparse
import functools
import itertools
import pathlib
import statistics
import time

import keras
import numpy as np
from rich.console import Console

import symclone_tf as sc
from benchmarks import csv_rows, measured_pages
from benchmarks.any_angle.data import cells, photographs
from benchmarks.own_images import clothes
from benchmarks.peers.gated_attention import GatedAttention
from benchmarks.symmetrizing.report import percent
from benchmarks.this_machine import machine

HEADS, KEY_DIM, BLOCKS, PATCH = 9, 12, 4, 4
WIDTH = HEADS * KEY_DIM
BATCH_SIZE, RATE = 64, 1e-3
# More where there are few images, or no network learns anything.
EPOCHS = {1_000: 60, 10_000: 15}
NETWORKS = (
    "ViT, MultiHeadAttention",
    "ViT, cloned attention, T(2)",
    "ViT, cloned attention, T(2), sharpness 1.5",
    "ViT, cloned attention, T(2), content 0.25",
    "ViT, cloned attention, C4",
    "ViT, ConViT's gates",
    "CNN",
)
# Of cells alone, which lie at any angle.
OF_CELLS = ("ViT, cloned attention, C8",)
# What is read, and along which axes images are flipped.
DATA = {
    "CIFAR-10": (photographs, ("horizontal",)),
    "Fashion-MNIST": (clothes, ("horizontal",)),
    "cells": (cells, ("horizontal", "vertical")),
}
KEY = ("data", "count", "network", "seed")
FIELDS = (*KEY, "weights", "epochs", "seconds_per_epoch", "share", "accuracy")


def main():
    """Trains what the table lacks, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--data", nargs="+", default=list(DATA), choices=DATA)
    parser.add_argument(
        "--counts", nargs="+", type=int, default=list(EPOCHS), choices=EPOCHS
    )
    every = (*NETWORKS, *OF_CELLS)
    parser.add_argument("--networks", nargs="+", default=every, choices=every)
    parser.add_argument(
        "--output",
        type=pathlib.Path,
        default=pathlib.Path("benchmarks/results/attention.csv"),
    )
    chosen = parser.parse_args()
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    done = {tuple(row[name] for name in KEY) for row in read_rows(chosen.output)}
    cases = (chosen.seeds, chosen.data, chosen.counts, chosen.networks)
    for seed, data, count, network in itertools.product(*cases):
        meant = network not in OF_CELLS or data == "cells"
        if meant and (data, count, network, seed) not in done:
            row = run(data, count, network, seed)
            csv_rows.append(chosen.output, row, FIELDS)
            Console(stderr=True).print(row)
    measured_pages.write(chosen.output, report(read_rows(chosen.output), machine()))


@functools.cache
def student(group, size, sharpness):
    """A clone of a group's convolution of 3×3 patches."""
    teacher = sc.ConvTeacher(group, size, lifting=group == "t2", padding="same")
    made = sc.students.RelativeAttentionStudent(teacher, sharpness=sharpness, seed=0)
    found, _ = sc.clone(teacher, student=made, solver="closed-form", verbose=0)
    return found


def attention_of(network, size):
    """A layer of attention between size×size patches."""
    if "MultiHead" in network:
        return keras.layers.MultiHeadAttention(HEADS, KEY_DIM)
    if "ConViT" in network:
        return GatedAttention((size, size), HEADS, KEY_DIM)
    group = group_of(network)
    sharpness = 1.5 if "sharpness" in network else 20.0
    key_dim = -(-KEY_DIM // sc.get_group(group).order)
    share = 0.25 if "content" in network else 0.0
    found = student(group, size, sharpness)
    return sc.layers.ClonedAttention(found, key_dim, content_share=share)


def group_of(network) -> str:
    """The group of a network's clones; T(2) if it has none."""
    last = network.rpartition(" ")[2].lower()
    return last if last in ("c4", "c8") else "t2"


def transformer(network, shape, classes, flips) -> keras.Model:
    """A transformer of patches, whose mean is classified."""
    layers, size = keras.layers, shape[0] // PATCH
    # With as many channels for each rotation.
    width = WIDTH + -WIDTH % sc.get_group(group_of(network)).order
    images = keras.Input(shape)
    x = flipped(images, flips)
    x = layers.Conv2D(width, PATCH, strides=PATCH)(x)
    x = layers.Reshape((size * size, width))(x)
    for _ in range(BLOCKS):
        normal = layers.LayerNormalization()(x)
        x = x + attention_of(network, size)(normal, normal)
        hidden = layers.LayerNormalization()(x)
        hidden = layers.Dense(2 * width, activation="gelu")(hidden)
        x = x + layers.Dense(width)(hidden)
    x = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x))
    return keras.Model(images, layers.Dense(classes)(x))


def cnn(shape, classes, flips) -> keras.Model:
    """A CNN of as many weights."""
    layers = keras.layers
    images = keras.Input(shape)
    x = flipped(images, flips)
    for filters, strides in ((48, 1), (96, 2), (144, 2), (160, 1)):
        x = layers.Conv2D(filters, 3, strides, "same", use_bias=False)(x)
        x = layers.Activation("relu")(layers.BatchNormalization()(x))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, layers.Dense(classes)(x))


def flipped(images, flips):
    """Images that are flipped at random in training."""
    for flip in flips:
        images = keras.layers.RandomFlip(flip)(images)
    return images


def run(data, count, network, seed, epochs=None, watch=None) -> dict:
    """Trains one network, and returns its row.

    Args:
        data: String, of `DATA`.
        count: Integer, the images that are trained on.
        network: String, of `NETWORKS`.
        seed: Integer.
        epochs: Integer; `None` for those of `EPOCHS`.
        watch: Callable of the network before and after training, or `None`.
    """
    read, flips = DATA[data]
    (x, y), tested = read()
    chosen = np.random.default_rng(seed).permutation(len(x))[:count]
    x, y, (images, labels) = x[chosen], y[chosen], tested
    keras.utils.set_random_seed(seed)
    arguments = padded(x).shape[1:], int(y.max()) + 1, flips
    model = cnn(*arguments) if network == "CNN" else transformer(network, *arguments)
    epochs = epochs or EPOCHS[count]
    steps = epochs * -(-len(x) // BATCH_SIZE)
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(RATE, steps)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    if watch:
        watch(model)
    ends = []
    clock = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda *_: ends.append(time.perf_counter())
    )
    model.fit(padded(x), y, BATCH_SIZE, epochs=epochs, callbacks=[clock], verbose=0)
    if watch:
        watch(model)
    _, accuracy = model.evaluate(padded(images), labels, 256, verbose=0)
    clones = [a for a in model.layers if isinstance(a, sc.layers.ClonedAttention)]
    shares = [float(np.mean(layer.content_shares)) for layer in clones]
    return {
        **{"data": data, "count": count, "network": network, "seed": seed},
        "weights": model.count_params(),
        "epochs": epochs,
        # Without the first, which is traced.
        "seconds_per_epoch": round(float(np.median(np.diff(ends))), 3),
        "share": round(float(np.mean(shares)), 4) if shares else 0.0,
        "accuracy": round(float(accuracy), 5),
    }


def padded(images):
    """Images whose size is a multiple of the patches'."""
    zeros = [-size % PATCH for size in images.shape[1:3]]
    widths = [(0, 0), *((z // 2, z - z // 2) for z in zeros), (0, 0)]
    return np.pad(images.reshape(*images.shape[:3], -1), widths)


def read_rows(file) -> list[dict]:
    """The rows of a table; none if there is no such file."""
    whole = ("count", "seed", "weights", "epochs")
    return csv_rows.read(file, whole, ("seconds_per_epoch", "share", "accuracy"))


def report(rows, about) -> str:
    """The Markdown page."""
    text = (
        f"Transformers of {BLOCKS} blocks, {HEADS} heads of {KEY_DIM}, patches of "
        f"{PATCH}×{PATCH} pixels, and a CNN, nothing tuned; images "
        "flipped at random for all. Shares are those of content, the mean over heads "
        "and blocks after training. Mean ± standard deviation where there are several "
        "seeds, which choose the images that are trained on, too."
    )
    heads = ["network", "seeds", "weights", "seconds per epoch", "share", "accuracy"]
    names = ("data", "count", "epochs")
    cases = dict.fromkeys(tuple(row[name] for name in names) for row in rows)
    sections = []
    for case in cases:
        data, count, epochs = case
        kept = [row for row in rows if tuple(row[name] for name in names) == case]
        title = f"{data}, {count:,} images, {epochs} epochs"
        sections.append((title, [], heads, table(kept)))
    title = "Attention that begins as a convolution"
    return measured_pages.page(title, about, text, sections)


def table(rows) -> list[list[str]]:
    """A line for each network."""
    lines = []
    for network in (*NETWORKS, *OF_CELLS):
        kept = [row for row in rows if row["network"] == network]
        if kept:
            seconds = statistics.mean(row["seconds_per_epoch"] for row in kept)
            share = statistics.mean(row["share"] for row in kept)
            lines.append(
                [
                    network,
                    str(len(kept)),
                    f"{kept[0]['weights']:,}",
                    f"{seconds:.1f}",
                    f"{share:.2f}" if "cloned" in network else "–",
                    percent([row["accuracy"] for row in kept]),
                ]
            )
    return lines


if __name__ == "__main__":
    main()
