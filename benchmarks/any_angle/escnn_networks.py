"""The same networks of rotated digits, made of escnn's layers.

escnn 1.0.11 needs NumPy 1.26, and so an environment of its own:

    python -m benchmarks.any_angle --export digits.npz
    python -m venv escnn
    escnn/bin/pip install numpy==1.26.4 torch==2.13.0 escnn==1.0.11
    escnn/bin/python -m benchmarks.any_angle.escnn_networks digits.npz

py3nj, which it depends on, is compiled by gfortran.
"""

import argparse
import math
import pathlib
import time

import numpy as np
import torch
from escnn import gspaces, nn

from benchmarks.any_angle.layout import (
    BATCH,
    DIGITS_EPOCHS,
    DIGITS_WEIGHTS,
    KERNEL,
    POOLED,
    RATE,
    widths,
)
from benchmarks.any_angle.rows import KEY, append, read_rows

DATA = "rotated MNIST"
CLASSES = 10


class Network(torch.nn.Module):
    """Convolutions, batch normalisation, ReLU, pooling, averages and a linear layer.

    Args:
        rotations: Integer, of the cyclic group.
        filters: List of integers, the regular fields of each convolution.
    """

    def __init__(self, rotations, filters):
        super().__init__()
        space = gspaces.rot2dOnR2(rotations)
        fields = nn.FieldType(space, [space.trivial_repr])
        layers = []
        for index, count in enumerate(filters):
            regular = nn.FieldType(space, count * [space.regular_repr])
            layers += [
                nn.R2Conv(fields, regular, KERNEL, bias=False),
                nn.InnerBatchNorm(regular),
                nn.ReLU(regular),
            ]
            if index in POOLED:
                layers.append(nn.PointwiseMaxPool2D(regular, 2))
            fields = regular
        self.body = nn.SequentialModule(*layers)
        self.images = self.body.in_type
        self.shape = filters[-1], rotations
        self.last = torch.nn.Linear(filters[-1], CLASSES)

    def forward(self, images):
        maps = self.body(nn.GeometricTensor(images, self.images)).tensor
        maps = maps.reshape(len(images), *self.shape, *maps.shape[-2:])
        return self.last(maps.mean((2, 3, 4)))


def weights(model) -> int:
    """The number of weights that are trained."""
    return sum(each.numel() for each in model.parameters())


def with_as_many(group) -> list[int]:
    """Fields of a network of escnn with about as many weights as ours.

    escnn's filters have fewer for each pair of fields.
    """
    rotations = int(group[1:])
    found = []
    for share in range(100, 240, 4):
        filters = [round(share / 100 * count) for count in widths(group)]
        if filters not in found:
            found.append(filters)
    wanted = DIGITS_WEIGHTS[group]
    return min(found, key=lambda f: abs(weights(Network(rotations, f)) - wanted))


def train(model, x, y, seed) -> list[float]:
    """Trains like `runs.train`, and returns the seconds of one core in each epoch."""
    rng = np.random.default_rng(seed)
    steps = DIGITS_EPOCHS * math.ceil(len(x) / BATCH)
    adam = torch.optim.Adam(model.parameters(), RATE, eps=1e-7)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
    loss = torch.nn.CrossEntropyLoss()
    seconds = []
    for _ in range(DIGITS_EPOCHS):
        began = time.process_time()
        order = rng.permutation(len(x))
        for start in range(0, len(x), BATCH):
            chosen = order[start : start + BATCH]
            adam.zero_grad()
            loss(model(x[chosen]), y[chosen]).backward()
            adam.step()
            falling.step()
        seconds.append(time.process_time() - began)
    return seconds


def accuracy(model, x, y) -> float:
    """The share of images that are told right."""
    model.eval()
    with torch.no_grad():
        right = [
            (model(x[start : start + 250]).argmax(1) == y[start : start + 250]).sum()
            for start in range(0, len(x), 250)
        ]
    return float(sum(right)) / len(x)


def run(title, group, filters, seed, file, arrays) -> None:
    """Trains a network, unless the table has it."""
    images = len(arrays["x_train"])
    key = DATA, images, title, seed
    if key in {tuple(row[name] for name in KEY) for row in read_rows(file)}:
        return
    (x, y), test = (
        (
            torch.from_numpy(arrays[f"x_{part}"].transpose(0, 3, 1, 2)),
            torch.from_numpy(arrays[f"y_{part}"].astype("int64")),
        )
        for part in ("train", "test")
    )
    torch.manual_seed(seed)
    model = Network(int(group[1:]), filters)
    seconds = train(model, x, y, seed)
    found = accuracy(model, *test)
    row = {
        **dict(zip(KEY, key)),
        "epochs": DIGITS_EPOCHS,
        "weights": weights(model),
        "accuracy": round(found, 5),
        "seconds_per_epoch": round(min(seconds), 3),
    }
    append(file, row)
    print(f"{key}: {found:.2%}", flush=True)


def main():
    """Trains what the table lacks."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("digits", help="of python -m benchmarks.any_angle --export")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument(
        "--output",
        type=pathlib.Path,
        default=pathlib.Path("benchmarks/results/any_angle.csv"),
    )
    chosen = parser.parse_args()
    with np.load(chosen.digits, allow_pickle=False) as file:
        arrays = dict(file)
    for seed in chosen.seeds:
        for group in DIGITS_WEIGHTS:
            name = f"escnn {group.upper()}"
            run(name, group, widths(group), seed, chosen.output, arrays)
            wider = with_as_many(group)
            title = f"{name}, more filters"
            run(title, group, wider, seed, chosen.output, arrays)


if __name__ == "__main__":
    main()
