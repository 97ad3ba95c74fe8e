"""A cell under all rotations: `python -m benchmarks.symmetrizing.picture`.

A CNN is trained on 900 blood cells, as in the comparison, and made invariant under D4
and C8, without further training. The cell is the one of the first test images for which
the CNN's probability of a parasite changes most.
"""

import argparse
import pathlib

import keras
import numpy as np

import symclone_tf as sc
from benchmarks.symmetrizing.data import DATA
from benchmarks.symmetrizing.runs import Study

GROUPS = ("d4", "c8")
# Among how many test images the cell is chosen, by how many angles.
CELLS, ANGLES = 200, 12
# The first class, as in TFDS.
PARASITE = 0


def main():
    """Trains the network, and draws the picture."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--output",
        type=pathlib.Path,
        default=pathlib.Path("benchmarks/results/symmetrizing-cell.svg"),
    )
    chosen = parser.parse_args()
    study = Study(chosen.output.with_suffix(".csv"), DATA["cells, 900"], 0, [])
    model, (images, _) = study.trained(), study.test["as_they_are"]
    sc.figures.save_figure(draw(model, images[:CELLS]), chosen.output)


def draw(model, images):
    """What a network says of the cell that it is least sure of, before and after.

    Args:
        model: `keras.Model`.
        images: Array of shape `(count, size, size, channels)`.

    Returns:
        `matplotlib.figure.Figure`.
    """
    networks = {"CNN": model}
    for group in GROUPS:
        title = f"mean over {sc.get_group(group).title}"
        networks[title] = sc.symmetrize(model, group)[0]
    cell = images[np.argmax([change(model, image) for image in images])]
    found = sc.studies.rotated_outputs(networks, cell)
    label = "probability of a parasite"
    return sc.figures.draw_rotated_outputs(found, PARASITE, label)


def change(model: keras.Model, image) -> float:
    """By how much a probability changes when an image is rotated."""
    found = sc.studies.rotated_outputs({"": model}, image, ANGLES)
    return float(np.ptp(found.outputs[""][:, PARASITE]))


if __name__ == "__main__":
    main()
