"""Architectures relaxed as a whole: `python -m benchmarks.architectures`.

All networks of `keras.applications`, backbones and classifiers of KerasHub from
configurations (`pip install keras-hub==0.32.0`), and two U-Nets, with random weights.
Each is a process of its own, and a row that is written when it ends; a run that was
interrupted goes on where it ended.
"""

import argparse
import collections
import csv
import json
import pathlib
import subprocess
import sys

from rich.console import Console

from benchmarks.cloning import machine

SIZE = 96
COLUMNS = (
    *("network", "size", "relaxed", "left", "reasons", "layer_difference"),
    *("difference", "rounding", "weights_before", "weights", "seconds", "memory"),
    "machine",
)


def applications() -> dict[str, int]:
    """The networks of `keras.applications`, and the size of their images."""
    import keras

    names = [name for name in dir(keras.applications) if name[0].isupper()]
    return {f"keras.applications {name}": SIZE for name in names}


def hub() -> dict[str, int]:
    """The networks of KerasHub, and the size of their images."""
    from benchmarks import hub_networks

    return {f"KerasHub {name}": size for name, size in hub_networks.SIZES.items()}


def unets() -> dict[str, int]:
    """Two U-Nets, and the size of their images."""
    return {"U-Net, upsampling": SIZE, "U-Net, transposed": SIZE}


def make(network: str, size: int):
    """A network with random weights."""
    import keras

    source, _, name = network.partition(" ")
    if source == "keras.applications":
        return getattr(keras.applications, name)(
            weights=None, include_top=False, input_shape=(size, size, 3)
        )
    if source == "KerasHub":
        from benchmarks import hub_networks

        return hub_networks.make(name)
    return unet(size, transposed="transposed" in name)


def unet(size: int, transposed: bool, width: int = 16):
    """A U-Net (Ronneberger et al., 2015) of four levels, with padding."""
    import keras
    from keras import layers

    def twice(x, filters):
        for _ in range(2):
            x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
            x = layers.ReLU()(layers.BatchNormalization()(x))
        return x

    x = images = keras.Input((size, size, 3))
    levels = []
    for level in range(3):
        x = twice(x, width * 2**level)
        levels.append(x)
        x = layers.MaxPooling2D(2)(x)
    x = twice(x, width * 8)
    for level in reversed(range(3)):
        if transposed:
            x = layers.Conv2DTranspose(width * 2**level, 2, strides=2)(x)
        else:
            x = layers.UpSampling2D(2)(x)
        x = twice(layers.Concatenate()([levels[level], x]), width * 2**level)
    return keras.Model(images, layers.Conv2D(2, 1)(x))


def row(network: str, size: int) -> dict:
    """Relaxes a network, in this process."""
    import keras

    import symclone_tf as sc
    from benchmarks.cases import peak_memory
    from symclone_tf.networks.network_inputs import input_specs

    keras.utils.set_random_seed(0)
    model = make(network, size)
    specs = input_specs(model, size)
    _normalise(model, specs)
    # Local clones of all: the larger change of a network.
    _, report = sc.relax(model, student="local", image_size=size, verbose=0)
    reasons = collections.Counter(map(_in_short, report.left.values()))
    return {
        "network": network,
        "size": size,
        "relaxed": len(report.layers),
        "left": len(report.left),
        "reasons": "; ".join(f"{count} {why}" for why, count in reasons.items()),
        "layer_difference": f"{max(one.difference for one in report.layers):.0e}",
        "difference": f"{report.difference:.0e}",
        "rounding": f"{_rounding(model, specs):.0e}",
        "weights_before": sum(one.weights_before for one in report.layers),
        "weights": sum(one.weights for one in report.layers),
        "seconds": round(report.seconds, 1),
        "memory": peak_memory(),
    }


def _normalise(model, specs) -> None:
    """Sets the statistics of normalisation to those of the noise that is compared.

    Untrained ones would let no signal reach the end of a deep network, or blow it up.
    """
    import keras

    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    draws = keras.tree.map_structure(
        lambda spec: keras.random.normal((16, *spec.shape[1:]), seed=0), specs
    )
    model(
        keras.tree.map_structure(
            lambda x: keras.ops.concatenate([x[:8], 128 + 64 * x[8:]]), draws
        ),
        training=True,
    )


def _rounding(model, specs) -> float:
    """How much the given network's outputs differ for inputs that are rounded."""
    import keras
    import numpy as np

    from symclone_tf.networks.network_inputs import noise
    from symclone_tf.networks.replacement import PIXELS

    found = 0.0
    for pixels in PIXELS:
        images = noise(specs, *pixels)
        rounded = keras.tree.map_structure(
            lambda x: np.nextafter(x, np.float32(np.inf)), images
        )
        pairs = zip(
            keras.tree.flatten(model(images, training=False)),
            keras.tree.flatten(model(rounded, training=False)),
        )
        for before, after in pairs:
            size = np.abs(before).max() or 1
            found = max(found, float(np.abs(after - before).max() / size))
    return found


def _in_short(reason: str) -> str:
    if reason.startswith("`kernel_size` must not exceed"):
        return "with kernels larger than their images"
    if reason.startswith("its output is one position"):
        return "with one output position"
    if reason.startswith("it is called with inputs of several sizes"):
        return "at several sizes"
    return reason


def main():
    """Relaxes every network that has no row yet, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", default="benchmarks/results", type=pathlib.Path)
    parser.add_argument("--only", help="networks whose name has this in it")
    parser.add_argument("--row", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.row:
        network, size = arguments.row
        print(json.dumps(row(network, int(size))))
        return
    file = arguments.output / "architectures.csv"
    done = {found["network"] for found in read(file)}
    wanted = {**unets(), **hub(), **applications()}
    for network, size in wanted.items():
        if network not in done and (arguments.only or "") in network:
            Console(stderr=True).print(f"{network}, {size}×{size} …")
            write(file, measured(network, size))
    (arguments.output / "architectures.md").write_text(page(read(file)), "utf-8")


def measured(network: str, size: int) -> dict:
    """A row, from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.architectures", "--row"]
    process = subprocess.run(
        [*command, network, str(size)], capture_output=True, text=True
    )
    if process.returncode:
        raise RuntimeError(process.stderr)
    about = ", ".join(f"{key} {value}" for key, value in machine().items())
    return {**json.loads(process.stdout.splitlines()[-1]), "machine": about}


def read(file: pathlib.Path) -> list[dict]:
    """The rows that there are."""
    if not file.exists():
        return []
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def write(file: pathlib.Path, found: dict) -> None:
    """Adds a row."""
    file.parent.mkdir(parents=True, exist_ok=True)
    is_new = not file.exists()
    with file.open("a", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, COLUMNS, lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerow(found)


HEAD = (
    "| architecture | size | relaxed | left | of a layer | of the network | "
    "by rounding | weights, millions | seconds |",
    "|---|---:|---:|---|---:|---:|---:|---:|---:|",
)


def cells(found: dict) -> list[str]:
    """A row of the table."""
    weights = " → ".join(
        f"{int(found[key]) / 1e6:.3g}" for key in ("weights_before", "weights")
    )
    return [
        found["network"],
        f"{found['size']}×{found['size']}",
        found["relaxed"],
        found["reasons"] or "0",
        found["layer_difference"],
        found["difference"],
        found["rounding"],
        weights,
        f"{float(found['seconds']):.0f}",
    ]


def page(rows: list[dict]) -> str:
    """The Markdown page."""
    lines = [
        "# Relaxed architectures",
        "",
        f"Machine: {rows[0]['machine'] if rows else ''}; seconds are of a busy one.",
        "",
        "Networks with random weights, each in a process of its own: the convolutions "
        "larger than a pixel that became locally connected clones, and those that "
        "remained; the largest difference between outputs for noise, of one layer and "
        "of the whole network, relative to the largest output; that of the given "
        "network's own outputs if each pixel is the next number in float32, by which "
        "layers in series amplify rounding; weights of the relaxed layers before and "
        "after; and seconds.",
        "",
        *HEAD,
        *(f"| {' | '.join(cells(found))} |" for found in rows),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
