"""Small images and masks for tests: discs and ellipses, and folders of them."""

import numpy as np
import PIL.Image


def shapes(count, size=16, seed=0):
    """Bytes of shape `(count, size, size)`, and masks of 0, 1 (discs), 2 (ellipses)."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:size, :size]
    masks = np.zeros((count, size, size), "uint8")
    for mask in masks:
        for kind in (1, 2):
            row, column = rng.uniform(3, size - 4, 2)
            angle = rng.uniform(0, np.pi)
            y, x = rows - row, columns - column
            along = y * np.cos(angle) + x * np.sin(angle)
            across = x * np.cos(angle) - y * np.sin(angle)
            mask[np.hypot(along / 4, across / (4 / kind)) < 1] = kind
    images = 120 * (masks > 0) + rng.integers(60, size=masks.shape)
    return images.astype("uint8"), masks


def write_pairs(folder, images, masks, ending=""):
    """Writes PNG files into the sub-folders images and masks."""
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number, (image, mask) in enumerate(zip(images, masks)):
        PIL.Image.fromarray(image).save(folder / "images" / f"{number}.png")
        PIL.Image.fromarray(mask).save(folder / "masks" / f"{number}{ending}.png")
    return folder
