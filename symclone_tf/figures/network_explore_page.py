"""A page to look through one's own images, as a trained network's layers see them."""

import pathlib

import keras
import numpy as np

from symclone_tf.artifacts import write_file
from symclone_tf.errors import ArtifactError
from symclone_tf.figures.html_pages import check_page, png_uri, render_page
from symclone_tf.figures.network_drawings import draw_layer_maps
from symclone_tf.studies import layer_maps
from symclone_tf.studies.network_maps import check_maps_group
from symclone_tf.symmetry import PointGroup
from symclone_tf.types import ArrayLike, Path

# Images on the page, pictures of an image under an element, and bytes.
MOST_IMAGES, MOST_PICTURES, MOST_BYTES = 6, 64, 8_000_000
# Of the page without its pictures, at most.
OF_PAGE = 100_000


def write_network_explore_page(
    model: keras.Model,
    images: ArrayLike,
    group: str | PointGroup = "c4",
    output: Path = "explore.html",
    name: str = "network",
) -> pathlib.Path:
    """Writes a page on which one chooses among images and elements of a group.

    For each choice the page shows what `draw_layer_maps` draws: what each layer makes
    of the image, and of the transformed image. All of it is computed before, for a
    network does not run in the page; images are therefore few, and none can be drawn.

    Args:
        model: `keras.Model`, of any kind, with one input.
        images: Array of shape `(count, height, width, channels)`, from 0 to 1, as the
            model takes them. The first six are shown, or fewer of groups of more than
            eleven elements, and of networks with many maps: at most 64 pictures, and
            8 MB.
        group: String or `PointGroup` of rotations or reflections.
        output: String or path; the page of an earlier run is replaced.
        name: String, the network's.

    Returns:
        `pathlib.Path` of the page.

    Raises:
        ValueError: If an argument is not accepted, or the group has more than 65
            elements.
        ArtifactError: If `output` is a file of someone else's, or the page would have
            more than 8 MB.
        OSError: If writing fails.

    Example:

    >>> model = keras.Sequential([keras.Input((9, 9, 1)), GroupConv2D(2, 3, "c2")])
    >>> images = np.random.default_rng(0).random((2, 9, 9, 1))
    >>> page = write_network_explore_page(model, images, "c2", directory / "e.html")
    >>> page.name
    'e.html'
    """
    output, group = pathlib.Path(output), check_maps_group(group)
    images = np.asarray(images, "float32")
    check_page(output)
    if images.ndim != 4 or not len(images):
        raise ValueError(
            "`images` must have the shape (count, height, width, channels). "
            f"Received: images of shape {images.shape}"
        )
    elements = range(1, group.order)
    if len(elements) > MOST_PICTURES:
        raise ValueError(
            f"`group` must have at most {MOST_PICTURES} elements but the identity, so "
            f"that the page stays small. Received: group={group.name}"
        )
    images = images[: min(MOST_IMAGES, MOST_PICTURES // len(elements))]
    pictures: list[list[str]] = []
    room = MOST_BYTES - OF_PAGE
    for image in images:
        drawn = [
            png_uri(draw_layer_maps(layer_maps(model, image, group, e)))
            for e in elements
        ]
        room -= sum(len(picture) for picture in drawn)
        if pictures and room < 0:
            break
        pictures.append(drawn)
    page = render_page(
        "explore_network.html",
        f"What the layers of {name} see",
        group=group.title,
        titles=[group.element_titles[element] for element in elements],
        interpolates=not group.permutes_pixels,
        pictures=pictures,
    )
    if len(page) > MOST_BYTES:
        raise ArtifactError(
            f"The page would have {len(page) / 1e6:.0f} MB, more than "
            f"{MOST_BYTES / 1e6:.0f} MB, with one image: choose smaller ones, or a "
            "group of fewer elements"
        )
    write_file(output, page)
    return output
