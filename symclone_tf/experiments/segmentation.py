"""Segmentation: which U-Net is trained on images and masks, and how."""

import dataclasses
from typing import ClassVar, cast

from symclone_tf.data.segmented import SegmentedImages
from symclone_tf.errors import DataError
from symclone_tf.experiments.experiment import Experiment
from symclone_tf.experiments.unets import UNETS, unet_canvas, unet_filters
from symclone_tf.workspace import Workspace


@dataclasses.dataclass(frozen=True)
class Segmentation(Experiment):
    """A U-Net, trained to give each pixel of an image its class.

    Attributes are those of `Experiment`, with these differences.

    Attributes:
        architecture: String, `"cnn"`, `"gcnn"` or `"cloned"`, see `unet`.
        task: String, `"segmentation"`.
        data: String or path of images and masks, see `open_segmented`.
        image_size: Integer, pixels, see `open_segmented`.
        canvas: Integer, height and width of the U-Net's inputs in pixels, with zeros
            around images, which are not trained on; `None` for the next size that a
            U-Net accepts.
        recipe: String, `"validated"` unless another is given: it stops by the mean IoU.
        augment: String, `"flip"`, `"rotation"`, or both: images and masks are
            reflected from left to right, or rotated by any angle, at random.
        batch_size: Integer, 16 unless another is given.

    Example:

    >>> Segmentation("gcnn", "d4", data="cells", image_size=50).complete().canvas
    52
    >>> Segmentation(task="breaking", data="cells").complete()
    Traceback (most recent call last):
    ...
    ValueError: `task` must be one of segmentation. Received: task=breaking
    """

    architectures: ClassVar[tuple[str, ...]] = UNETS
    tasks: ClassVar[tuple[str, ...]] = ("segmentation",)

    task: str = "segmentation"
    data: str = ""
    recipe: str = "validated"
    batch_size: int = 16

    def open(self, workspace: Workspace) -> "tuple[Segmentation, SegmentedImages]":
        """Opens the images, and completes the options by them.

        Args:
            workspace: `Workspace`, of whose `strict` this is.

        Returns:
            Pair of the completed options and `SegmentedImages`.

        Raises:
            DataError: If there is no such data, or it is not images and masks.
            ValueError: If an option is not accepted, or there are fewer images.
        """
        if not str(self.data):
            raise DataError("Segmentation needs `data`: a folder of images and masks")
        experiment = self.complete()
        images = workspace.open_segmented(
            experiment.data, experiment.image_size, experiment.keep_together
        )
        return cast(Segmentation, experiment.complete(images)), images

    def _canvas(self, size: int | None) -> tuple[int | None, int | None]:
        if self.max_translation is not None:
            raise ValueError(
                "`max_translation` is for tasks that transform images. "
                f"Received: max_translation={self.max_translation}"
            )
        canvas = self.canvas
        if canvas is None and size is not None:
            step = unet_canvas(size)
            canvas = -(-size // step) * step
        if canvas is not None:
            unet_filters(canvas)
            if size is not None and canvas < size:
                raise ValueError(
                    f"`canvas` must be at least {size}, the size of the images. "
                    f"Received: canvas={canvas}"
                )
        return canvas, None

    @staticmethod
    def _convolutions(canvas: int) -> int:
        return len(unet_filters(canvas))
