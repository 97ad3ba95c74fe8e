"""Images of one's own, as figures and pages take them."""

import numpy as np

from symclone_tf.types import Array, Path
from symclone_tf.workspace import Workspace


def own_images(
    workspace: Workspace, data: Path, size: int, count: int, split: str = "test"
) -> Array:
    """Some images of a source, resized.

    Args:
        workspace: `Workspace`.
        data: String or path, see `sc.data.open_images`.
        size: Integer, height and width in pixels.
        count: Integer, how many; all if there are fewer.
        split: String, `"train"` or `"test"`.

    Returns:
        Array of shape `(count, size, size, channels)` from 0 to 1.

    Raises:
        DataError: If there is no such data.
    """
    opened = workspace.open_images(data, size)
    count = min(count, opened.counts[split])
    batches = opened.batches(split, count, count)
    return np.concatenate([images for images, _ in batches])
