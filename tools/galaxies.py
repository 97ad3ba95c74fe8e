"""Draws the galaxies of the documentation's first page: `python -m tools.galaxies`."""

import argparse
import pathlib

import numpy as np
import PIL.Image

from tools.documentation.site_paths import DOCS, ROOT

SIZE, EACH = 32, 60
# The sense in which the arms wind outwards; an elliptical galaxy has none.
CLASSES = {"anticlockwise": 1, "clockwise": -1, "elliptical": 0}
# Files are small with few levels of gray.
LEVELS = 16
# Of the picture of some of them.
SHOWN, ZOOM, MARGIN = 9, 2, 4


def main():
    """Draws all, a folder for each class, and a picture of some of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    folder = ROOT / "examples" / "galaxies"
    parser.add_argument("--output", default=folder, type=pathlib.Path)
    parser.add_argument("--picture", default=DOCS / "galaxies.png", type=pathlib.Path)
    given = parser.parse_args()
    drawn = galaxies()
    for name, images in drawn.items():
        (given.output / name).mkdir(parents=True, exist_ok=True)
        for number, image in enumerate(images):
            file = given.output / name / f"{number:02}.png"
            PIL.Image.fromarray(image).save(file, optimize=True)
    PIL.Image.fromarray(picture(drawn)).save(given.picture, optimize=True)


def galaxies() -> dict[str, list[np.ndarray]]:
    """The images of each class, the same each time."""
    rng = np.random.default_rng(0)
    return {
        name: [galaxy(sense, rng) for _ in range(EACH)]
        for name, sense in CLASSES.items()
    }


def galaxy(sense, rng) -> np.ndarray:
    """One galaxy, at any angle, with noise and a few stars.

    Args:
        sense: Integer, 1 or -1, in which the arms wind; 0 for none.
        rng: NumPy's random generator.

    Returns:
        Array of bytes, of shape `(32, 32)`.
    """
    places = np.arange(SIZE) - (SIZE - 1) / 2
    down, along = rng.uniform(-1.5, 1.5, size=2)
    rows, columns = np.meshgrid(places - down, places - along, indexing="ij")
    turned = rng.uniform(0, 2 * np.pi)
    x = np.cos(turned) * columns + np.sin(turned) * rows
    y = np.cos(turned) * rows - np.sin(turned) * columns
    flat = rng.uniform(0.8, 1.0) if sense else rng.uniform(0.5, 0.9)
    radius, angle = np.hypot(x, y / flat), np.arctan2(-y / flat, x)
    length = rng.uniform(5.0, 7.0)
    light = np.exp(-radius / length)
    if sense:
        winding = rng.uniform(1.6, 2.4) * np.log1p(radius)
        light *= 1 + np.cos(2 * (angle - sense * winding)) * np.tanh(radius / 3)
    light += rng.normal(0, 0.06, (SIZE, SIZE))
    light[tuple(rng.integers(0, SIZE, (2, 3)))] += 0.5
    levels = np.rint(np.clip(light, 0, 1) * (LEVELS - 1))
    return (levels * (255 // (LEVELS - 1))).astype("uint8")


def picture(drawn) -> np.ndarray:
    """Some galaxies of each class in a row, enlarged, on white."""
    rows = []
    for images in drawn.values():
        large = [image.repeat(ZOOM, 0).repeat(ZOOM, 1) for image in images[:SHOWN]]
        framed = [np.pad(image, MARGIN, constant_values=255) for image in large]
        rows.append(np.concatenate(framed, axis=1))
    return np.concatenate(rows, axis=0)


if __name__ == "__main__":
    main()
