"""Images of the size that a network takes."""

import click


def images_for(sc, network, count, seed, data, image_size, data_dir):
    """Test images of a network's size, or noise.

    Args:
        sc: The package.
        network: `keras.Model`.
        count: Integer, how many; fewer if there are fewer.
        seed: Integer.
        data: String, see `open_images`; `None` for noise.
        image_size: Integer or pair, see `input_specs`.
        data_dir: String, of TFDS.

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
        rng = np.random.default_rng(seed)
        return rng.normal(size=(count, *shape)).astype("float32")
    opened = sc.data.open_images(data, shape[0], data_dir=data_dir)
    if (opened.size, opened.size, opened.channels) != tuple(shape):
        raise click.UsageError(
            f"The network takes images of shape {tuple(shape)}, and those of --data "
            f"have {opened.channels} channels."
        )
    count = min(count, opened.counts["test"])
    batches = opened.batches("test", count, count, seed)
    return np.concatenate([images for images, _ in batches])
