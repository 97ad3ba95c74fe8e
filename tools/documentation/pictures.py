"""Draws the pages' pictures: `python -m tools.documentation.pictures`."""

import argparse
import pathlib

import numpy as np

import symclone_tf as sc
from tools.documentation.site_paths import DOCS

# A digit of six pixels, as docs/learn/by-eye.md has it.
SEVEN = np.array(
    [
        [0, 0, 0, 0, 0, 0],
        [0, 1, 1, 1, 1, 0],
        [0, 0, 0, 0, 1, 0],
        [0, 0, 0, 1, 0, 0],
        [0, 0, 1, 0, 0, 0],
        [0, 0, 1, 0, 0, 0],
    ],
    "float32",
)
BRIGHT_ABOVE_DARK = np.array([[1, 1, 1], [0, 0, 0], [-1, -1, -1]], "float32")
# Of the 4×4 outputs.
POSITIONS = {"corner": 0, "border": 2, "centre": 5}


def main():
    """Draws all, and saves them as SVG."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", default=DOCS / "learn", type=pathlib.Path)
    output = parser.parse_args().output
    for name, figure in drawn().items():
        sc.figures.save_figure(figure, output / f"{name}.svg")


def drawn() -> dict:
    """The figures, by their names."""
    teacher = sc.ConvTeacher("c4", image_size=6)
    clone, _ = sc.clone(teacher, solver="closed-form", verbose=0)
    seven_blocks = sc.DenseStudent(teacher, blocks=7, seed=0)
    sc.cloning.solve(seven_blocks)
    layers = {
        "teacher": (teacher, teacher),
        "clone": (clone, teacher),
        "seven blocks": (seven_blocks, teacher),
    }
    rotation = sc.symmetry.GroupTransformation("c4", 1)
    translations, _ = sc.clone("t2", image_size=6, solver="closed-form", verbose=0)
    student = sc.LocallyConnectedStudent(sc.ConvTeacher("t2", image_size=6), seed=0)
    learned = sc.studies.deformations_while_learning(
        student, list(POSITIONS.values()), steps=(0, 2, 5)
    )
    return {
        "seven-turned": sc.figures.draw_feature_maps(
            SEVEN, layers, BRIGHT_ABOVE_DARK, rotation, "seven"
        ),
        "seven-operators": sc.figures.draw_operators(translations, BRIGHT_ABOVE_DARK),
        "seven-learning": sc.figures.draw_deformations(learned, list(POSITIONS)),
    }


if __name__ == "__main__":
    main()
