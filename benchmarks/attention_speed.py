"""Time of cloned attention, one layer alone: `python -m benchmarks.attention_speed`.

One layer of `ClonedAttention` and one of `MultiHeadAttention` of as many heads, each
alone, by turns in one run, on one thread. Seconds are those of the processor, so that
other work on the machine counts little.
"""

import argparse
import json
import pathlib
import statistics
import time

import keras
import numpy as np
import tensorflow as tf

from benchmarks.attention import HEADS, KEY_DIM, WIDTH, student
from benchmarks.cloning import machine
from symclone_tf.layers import ClonedAttention

# Patches along each axis, and the images of a batch.
CASES = {8: 64, 14: 16}
TURNS, SKIPPED = 60, 3
PARTS = ("forward", "step")


def main():
    """Measures, and writes the numbers and the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--output",
        type=pathlib.Path,
        default=pathlib.Path("benchmarks/results/attention_speed.json"),
    )
    file = parser.parse_args().output
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    rows = [measure(*case) for case in CASES.items()]
    kept = {"machine": machine(), "rows": rows}
    file.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    file.with_suffix(".md").write_text(report(kept), encoding="utf-8")


def measure(size, batch, turns=TURNS) -> dict:
    """Seconds of both layers, by turns: the medians."""
    made = {
        "multihead": keras.layers.MultiHeadAttention(HEADS, KEY_DIM),
        "cloned": ClonedAttention(student("t2", size, 20.0), KEY_DIM),
    }
    functions = {name: timed(layer, size, batch) for name, layer in made.items()}
    seconds: dict = {(name, part): [] for name in made for part in PARTS}
    for _ in range(turns):
        for (name, part), found in seconds.items():
            began = time.process_time()
            functions[name][part]().numpy()
            found.append(time.process_time() - began)
    return {
        "patches": size,
        "batch": batch,
        **{
            f"{name}_{part}": statistics.median(found[SKIPPED:])
            for (name, part), found in seconds.items()
        },
    }


def timed(layer, size, batch) -> dict:
    """Compiled functions of a layer: its outputs, and a step of training."""
    inputs = keras.Input((size * size, WIDTH))
    model = keras.Model(inputs, layer(inputs, inputs))
    tokens = tf.constant(
        np.random.default_rng(0).normal(size=(batch, size * size, WIDTH)), "float32"
    )
    optimizer = keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)

    @tf.function
    def forward():
        return tf.reduce_sum(model(tokens, training=False))

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(tokens, training=True)))
        variables = model.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    return {"forward": forward, "step": step}


def report(kept) -> str:
    """The Markdown page."""
    lines = [
        "# Time of attention that begins as a convolution",
        "",
        f"Machine: {', '.join(f'{k} {v}' for k, v in kept['machine'].items())}, busy "
        "with other work.",
        "",
        f"A layer of {HEADS} heads of {KEY_DIM} on {WIDTH} channels, alone, on one "
        "thread: milliseconds of the processor, medians of turns with "
        "`MultiHeadAttention`, and ratios to it.",
        "",
        "| patches | batch | part | MultiHeadAttention | ClonedAttention | ratio |",
        "|---|" + "---:|---|" + "---:|" * 3,
    ]
    for row in kept["rows"]:
        for part in PARTS:
            plain, cloned = (row[f"{name}_{part}"] for name in ("multihead", "cloned"))
            size = f"{row['patches']}×{row['patches']}"
            times = f"{1e3 * plain:.1f} | {1e3 * cloned:.1f} | {cloned / plain:.2f}"
            lines.append(f"| {size} | {row['batch']} | {part} | {times} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
