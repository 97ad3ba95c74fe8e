"""How well pixels are classified: accuracy, and intersection over union."""

import dataclasses
from collections.abc import Iterable

import keras
import numpy as np

from symclone_tf.types import Array

# How much more than by the largest class alone the mean IoU of what was learned is.
BEYOND = 1.05


@dataclasses.dataclass(frozen=True)
class SegmentationScores:
    """How well a network gives pixels their classes.

    Attributes:
        confusion: Array of shape `(classes, classes)`, how many pixels of the class of
            a row were given that of a column.

    Example:

    >>> scores = SegmentationScores(np.array([[60, 0], [20, 20]]))
    >>> scores.accuracy, scores.iou
    (0.8, [0.75, 0.5])
    """

    confusion: Array

    @property
    def accuracy(self) -> float:
        """The share of pixels that get their class."""
        return float(np.trace(self.confusion) / self.confusion.sum())

    @property
    def iou(self) -> list[float | None]:
        """The intersection over union of each class: pixels that have it and get it, of
        those that have it or get it. `None` for a class of which there are neither."""
        hits = np.diag(self.confusion)
        union = self.confusion.sum(0) + self.confusion.sum(1) - hits
        return [float(h / u) if u else None for h, u in zip(hits, union)]

    @property
    def mean_iou(self) -> float:
        """The mean of `iou` over classes that there are."""
        return float(np.mean([each for each in self.iou if each is not None]))

    @property
    def largest_class(self) -> float:
        """The share of pixels of the largest class."""
        return float(self.confusion.sum(1).max() / self.confusion.sum())

    @property
    def learned(self) -> bool:
        """Whether pixels get classes better than if all got that of the largest.

        That would have an IoU of `largest_class`, and of 0 for each other class.
        """
        classes = sum(each is not None for each in self.iou)
        return self.mean_iou > BEYOND * self.largest_class / classes


def segmentation_scores(
    model: keras.Model, batches: Iterable[tuple[Array, Array, Array]]
) -> SegmentationScores:
    """Measures how well a network segments images.

    Args:
        model: `keras.Model`, from images to probabilities of each pixel.
        batches: Iterable of triples of images, labels and weights; pixels of weight 0
            do not count.

    Returns:
        `SegmentationScores`.

    Example:

    >>> model = unet("cnn", "c4", classes=2, canvas=16, seed=0)
    >>> masks = np.arange(2 * 256).reshape(2, 16, 16) % 2
    >>> images, there = masks[..., None].astype("float32"), np.ones_like(masks)
    >>> scores = segmentation_scores(model, [(images, masks, there)])
    >>> int(scores.confusion.sum()), scores.largest_class
    (512, 0.5)
    """
    classes = model.output_shape[-1]
    found = np.zeros((classes, classes), "int64")
    for images, labels, there in batches:
        given = np.argmax(model.predict_on_batch(images), axis=-1)
        whole = np.asarray(there) > 0
        pairs = classes * np.asarray(labels)[whole] + given[whole]
        found += np.bincount(pairs, minlength=classes**2).reshape(found.shape)
    return SegmentationScores(found)
