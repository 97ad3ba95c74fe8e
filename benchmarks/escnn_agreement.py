"""Group convolutions with escnn's filters: `python -m benchmarks.escnn_agreement FILE`.

The file is written in an environment of its own, see `any_angle.escnn_layers`: filters
of escnn's `R2Conv` between regular fields, feature maps, and what it computes of them.
`GroupConv2D` with the filter of the first element is to compute the same.
"""

import argparse
import json
import math
import pathlib

import numpy as np

import symclone_tf as sc
from benchmarks.cloning import machine
from benchmarks.result_files import write_results
from symclone_tf.symmetry import get_group


def main():
    """Compares all layers of the file, and writes the numbers and the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", help="an .npz file")
    parser.add_argument("--output", default="benchmarks/results", type=pathlib.Path)
    chosen = parser.parse_args()
    with np.load(chosen.file, allow_pickle=False) as arrays:
        found = dict(arrays)
    rows = [
        about
        | compare(*(found[f"{name}_{i}"] for name in ("filters", "maps", "outputs")))
        for i, about in enumerate(json.loads(str(found["about"])))
    ]
    results = {"machine": machine(), "rows": rows}
    write_results(chosen.output, "escnn_agreement", results, report)


def compare(filters, maps, outputs) -> dict:
    """How far our layer's outputs are from escnn's, with the same filters.

    Args:
        filters: Array of shape `(fields out, elements out, fields in, elements in,
            rows, columns)`.
        maps: Array of shape `(batch, fields in, elements, height, width)`.
        outputs: Array, likewise.

    Returns:
        Dictionary: the root of the mean square of differences, by that of the outputs;
        and how many weights a pair of fields has here.
    """
    rotations, size = filters.shape[3:5]
    group = get_group(f"c{rotations}")
    kernel = filters[:, 0].transpose(3, 4, 2, 1, 0)  # of the first element
    layer = sc.GroupConv2D(filters.shape[0], size, group, use_bias=False)
    inputs = _channels_last(maps)
    layer.build(inputs.shape)
    layer.kernel.assign(kernel)
    wanted = _channels_last(outputs)
    wrong = np.square(layer(inputs).numpy() - wanted).mean()
    return {
        "difference": math.sqrt(wrong / np.square(wanted).mean()),
        "our_weights_of_a_pair": rotations * group.kernel_rank(size),
    }


def _channels_last(maps):
    """From `(batch, fields, elements, height, width)` to our order."""
    return maps.transpose(0, 3, 4, 2, 1)


def report(results) -> str:
    """The Markdown page."""
    about = ", ".join(f"{k} {v}" for k, v in results["machine"].items())
    lines = [
        "# Agreement with escnn",
        "",
        f"Machine: {about}.",
        "",
        "Convolutions between regular fields of escnn 1.0.11, and `GroupConv2D` with "
        "the same filters: the root of the mean square of differences, relative to the "
        "outputs. Where a group permutes pixels they are the same but for rounding; "
        "else each interpolates in a basis of its own. Independent weights of a pair "
        "of fields, of which escnn has no more.",
        "",
        "| group | kernel | difference | weights here | in escnn | of |",
        "|---|---|" + "---:|" * 4,
    ]
    for row in results["rows"]:
        lines.append(f"| {' | '.join(cells(row))} |")
    return "\n".join([*lines, ""])


def cells(row) -> list[str]:
    """A line of the table."""
    size, rotations = row["kernel_size"], row["rotations"]
    return [
        f"C{rotations}",
        f"{size}×{size}",
        f"{row['difference']:.1g}",
        str(row["our_weights_of_a_pair"]),
        f"{row['weights_of_a_pair']:.0f}",
        str(rotations * size**2),
    ]


if __name__ == "__main__":
    main()
