"""Labelled images to train on: discs, rings and crosses, which turning keeps."""

import contextlib

import numpy as np
import PIL.Image
import pytest

import symclone_tf as sc

SHAPES = ("cross", "disc", "ring")


def picture(rng, shape, size=16, channels=1):
    """One shape, somewhere near the middle, of some gray or colour."""
    row, column = rng.uniform(-2, 2, size=2) + (size - 1) / 2
    rows, columns = np.abs(np.mgrid[:size, :size] - [[[row]], [[column]]])
    far = np.hypot(rows, columns) / size
    inside = {
        "cross": np.minimum(rows, columns) < size / 10,
        "disc": far < 0.3,
        "ring": (far > 0.2) & (far < 0.35),
    }[shape]
    colour = rng.integers(120, 256, size=channels)
    return (inside[..., None] * colour).astype("uint8")


def write_folder(folder, rng, each=10, names=SHAPES, **options):
    """A folder of PNG files, one sub-folder for each class."""
    for name in names:
        (folder / name).mkdir(parents=True)
        for number in range(each):
            image = picture(rng, name, **options)
            image = image[..., 0] if image.shape[-1] == 1 else image
            PIL.Image.fromarray(image).save(folder / name / f"{number}.png")
    return folder


def write_npz(file, rng, each=10, names=SHAPES, **options):
    """An .npz file, sorted by labels, as some are."""
    labels = np.repeat(np.arange(len(names)), each)
    images = np.array([picture(rng, names[label], **options) for label in labels])
    np.savez(file, x_train=images, y_train=labels, class_names=np.array(names))
    return file


@contextlib.contextmanager
def no_mnist():
    """MNIST is neither there nor to be had, for figures."""

    def refuse(*arguments, **options):
        raise sc.DataError("there is none")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("symclone_tf.studies.group_studies.mnist_task", refuse)
        yield
