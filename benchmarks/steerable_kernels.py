"""What a steerable basis keeps of kernels, and how far they err when rotated:
`python -m benchmarks.steerable_kernels`.

Random kernels are projected on the basis and rotated within it. Images are random and
smooth; they, and the outputs for them, are rotated by splines of order 5, far from
edges. The error is that of rotating images and kernels instead of outputs, relative to
the outputs.
"""

import argparse
import pathlib

import numpy as np
from scipy import ndimage

from benchmarks.cloning import machine
from benchmarks.result_files import write_results
from symclone_tf.symmetry.steerable_basis import (
    OSCILLATIONS,
    RING_WIDTH,
    rotation_within,
    steerable_basis,
)

SIZES = (3, 5, 7)
# σ of rings in pixels, and oscillations for each pixel of radius: this package's first.
BASES = tuple(
    dict.fromkeys(
        [(RING_WIDTH, OSCILLATIONS)]
        + [(width, most) for width in (0.45, 0.6) for most in (1.5, 2.5, 3)]
    )
)
TURNS = {"45°": 1 / 8, "22.5°": 1 / 16}
KERNELS, IMAGES, PIXELS = 40, 3, 64
# Of images' Gaussian spectrum, in cycles a pixel: details of about 8 pixels.
BAND = 0.12


def main():
    """Measures all bases, and writes a table and the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", default="benchmarks/results", type=pathlib.Path)
    arguments = parser.parse_args()
    rows = [measured(size, *basis) for size in SIZES for basis in BASES]
    found = {"machine": machine(), "rows": rows}
    write_results(arguments.output, "steerable_kernels", found, report)


def measured(size, width, most) -> dict:
    """A basis: what it keeps, and its errors."""
    basis = steerable_basis(size, width, most)
    row = {"size": size, "width": width, "oscillations": most}
    row["kept"] = basis[0].shape[1] / size**2
    row["norm"] = float(np.linalg.norm(rotation_within(*basis, 1 / 8), 2))
    return row | {name: error(size, basis, turn) for name, turn in TURNS.items()}


def error(size, basis, turn) -> float:
    """The relative error, root mean square over kernels and images."""
    kernels = np.random.default_rng(1).normal(size=(KERNELS, size**2))
    images = smooth_images()
    upright, turned = (
        (kernels @ rotation_within(*basis, t).T).reshape(-1, size, size)
        for t in (0, turn)
    )
    rotated = [_rotated(image, turn) for image in images]
    rows, columns = np.mgrid[:PIXELS, :PIXELS] - (PIXELS - 1) / 2
    inside = np.hypot(rows, columns) < PIXELS / 2 - 10
    differences = squares = 0.0
    for first, second in zip(upright, turned):
        for image, other in zip(images, rotated):
            expected = _rotated(ndimage.correlate(image, first), turn)[inside]
            found = ndimage.correlate(other, second)[inside]
            differences += np.sum((found - expected) ** 2)
            squares += np.sum(expected**2)
    return float(np.sqrt(differences / squares))


def smooth_images():
    """Random images with a Gaussian spectrum."""
    noise = np.random.default_rng(0).normal(size=(IMAGES, PIXELS, PIXELS))
    frequencies = np.fft.fftfreq(PIXELS)
    spectrum = np.exp(-(np.hypot(frequencies[:, None], frequencies) ** 2) / 2 / BAND**2)
    return np.fft.ifft2(np.fft.fft2(noise) * spectrum).real


def _rotated(image, turn):
    return ndimage.rotate(image, 360 * turn, reshape=False, order=5, mode="reflect")


def report(results) -> str:
    """The Markdown page."""
    about = ", ".join(f"{k} {v}" for k, v in results["machine"].items())
    lines = [
        "# Rotated kernels",
        "",
        f"Machine: {about}.",
        "",
        f"{KERNELS} random kernels on {IMAGES} smooth images of {PIXELS}×{PIXELS} "
        f"pixels (Gaussian spectrum, {BAND} cycles a pixel): how much of a kernel the "
        "basis keeps, by how much rotating it may enlarge it, and the equivariance "
        "error of a convolution, which is that of the teacher.",
        "",
        "| kernel | width of rings | oscillations by radius | kept | largest factor | "
        + " | ".join(f"error, {name}" for name in TURNS)
        + " |",
        "|---|" + "---:|" * (4 + len(TURNS)),
    ]
    lines += [f"| {' | '.join(cells(row))} |" for row in results["rows"]]
    return "\n".join([*lines, ""])


def cells(row) -> list[str]:
    """A line of the table."""
    size = f"{row['size']}×{row['size']}"
    errors = (f"{row[name]:.3f}" for name in TURNS)
    known = [f"{row['width']:g}", f"{row['oscillations']:g}", f"{row['kept']:.0%}"]
    return [size, *known, f"{row['norm']:.1f}", *errors]


if __name__ == "__main__":
    main()
