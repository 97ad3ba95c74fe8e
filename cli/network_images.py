"""Images of the size that a network takes."""

import click


def images_for(
    sc, network, count, seed, data, image_size, data_dir, keep_together=None
):
    """Test images of a network's size, or noise.

    Args:
        sc: The package.
        network: `keras.Model`.
        count: Integer, how many; fewer if there are fewer.
        seed: Integer.
        data: String, see `open_images` and `open_segmented`; `None` for noise.
        image_size: Integer or pair, see `input_specs`.
        data_dir: String, of TFDS.
        keep_together: String, see `open_images`.

    Returns:
        Array.
    """
    import keras
    import numpy as np

    specs = keras.tree.flatten(sc.networks.input_specs(network, image_size))
    if len(specs) != 1:
        raise click.UsageError(
            f"Networks with one input are measured, and this one has {len(specs)}."
        )
    shape = specs[0].shape[1:]
    if data is None:
        if keep_together is not None:
            raise click.UsageError("--keep-together is for a folder of --data.")
        rng = np.random.default_rng(seed)
        return rng.normal(size=(count, *shape)).astype("float32")
    workspace = sc.workspace.Workspace(data_dir=data_dir)
    masks = sc.data.has_masks(data)
    reader = workspace.open_segmented if masks else workspace.open_images
    opened = reader(data, shape[0], keep_together)
    if (opened.size, opened.size, opened.channels) != tuple(shape):
        raise click.UsageError(
            f"The network takes images of shape {tuple(shape)}, and those of --data "
            f"have {opened.channels} channels."
        )
    count = min(count, opened.counts["test"])
    batches = opened.batches("test", count, count, seed=seed)
    return np.concatenate([images for images, *_ in batches])
