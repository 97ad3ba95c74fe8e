"""Layers of escnn, for a comparison with ours.

In escnn's environment, see `escnn_networks`, it writes filters, maps and outputs:

    escnn/bin/python -m benchmarks.any_angle.escnn_layers layers.npz

and `python -m benchmarks.escnn_agreement layers.npz` puts the filters into
`GroupConv2D`.
"""

import argparse
import json

import numpy as np
import torch
from escnn import gspaces, nn

# Rotations and kernel sizes; fields in and out.
LAYERS = ((4, 3), (4, 5), (8, 3), (8, 5), (16, 5))
FIELDS = 3, 2
SIZE, BATCH = 13, 2


def layer(rotations, kernel_size, fields):
    """A convolution between regular fields."""
    space = gspaces.rot2dOnR2(rotations)
    types = [nn.FieldType(space, n * [space.regular_repr]) for n in fields]
    return nn.R2Conv(*types, kernel_size, bias=False)


def measure(rotations, kernel_size) -> tuple[dict, dict]:
    """What a layer computes, and what is said of it.

    Returns:
        Pair of dictionaries: arrays, and numbers. Filters have the shape `(fields out,
        elements out, fields in, elements in, rows, columns)`.
    """
    torch.manual_seed(0)
    conv = layer(rotations, kernel_size, FIELDS)
    maps = torch.rand(BATCH, FIELDS[0] * rotations, SIZE, SIZE)
    with torch.no_grad():
        filters, _ = conv.expand_parameters()
        outputs = conv(nn.GeometricTensor(maps, conv.in_type)).tensor
    out, into = FIELDS[1], FIELDS[0]
    shape = out, rotations, into, rotations, kernel_size, kernel_size
    arrays = {
        "filters": filters.reshape(shape).numpy(),
        "maps": maps.reshape(BATCH, into, rotations, SIZE, SIZE).numpy(),
        "outputs": outputs.reshape(BATCH, out, rotations, *outputs.shape[2:]).numpy(),
    }
    pairs = out * into
    numbers = {
        "rotations": rotations,
        "kernel_size": kernel_size,
        "weights_of_a_pair": sum(w.numel() for w in conv.parameters()) / pairs,
    }
    return arrays, numbers


def main():
    """Writes the arrays and numbers of all layers."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("output", help="an .npz file")
    chosen = parser.parse_args()
    arrays, about = {}, []
    for index, (rotations, kernel_size) in enumerate(LAYERS):
        found, numbers = measure(rotations, kernel_size)
        arrays |= {f"{name}_{index}": values for name, values in found.items()}
        about.append(numbers)
        print(numbers)
    np.savez(chosen.output, about=json.dumps(about), **arrays)


if __name__ == "__main__":
    main()
