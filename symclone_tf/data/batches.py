"""Images fitted into squares, and batches of them from 0 to 1."""

import tensorflow as tf

from symclone_tf.types import Tensor

# Bytes of the window in which images are shuffled, so that memory stays flat.
SHUFFLED = 2**25


def shuffled_among(each: int, batch_size: int) -> int:
    """The size of the window in which images are shuffled, so that memory stays flat.

    Args:
        each: Integer, bytes of an image.
        batch_size: Integer, the smallest window.

    Returns:
        Integer, a number of images.
    """
    return max(batch_size, SHUFFLED // each)


def in_batches(images: tf.data.Dataset, batch_size: int) -> tf.data.Dataset:
    """Batches of images, scaled to [0, 1].

    Args:
        images: `tf.data.Dataset` of pairs of an image, of bytes or from 0 to 1, and a
            label.
        batch_size: Integer.
    """

    def scaled(images, labels):
        white = 255.0 if images.dtype == tf.uint8 else 1.0
        return tf.cast(images, tf.float32) / white, labels

    return (
        images.batch(batch_size)
        .map(scaled, num_parallel_calls=tf.data.AUTOTUNE)
        .prefetch(tf.data.AUTOTUNE)
    )


def fit(image: Tensor, size: int) -> Tensor:
    """Fits an image into a square: padded if its longer side fits, else resized.

    Args:
        image: Tensor of shape `(height, width, channels)`, of bytes or floats.
        size: Integer, pixels.

    Returns:
        Tensor of shape `(size, size, channels)` and the same type, bytes rounded, with
        zeros around an image that is not square.
    """
    height, width = tf.unstack(tf.shape(image)[:2])
    largest = tf.maximum(height, width)
    image = tf.convert_to_tensor(image)

    def resized():
        small = tf.image.resize_with_pad(image, size, size, antialias=True)
        if image.dtype.is_integer:
            small = tf.round(small)
        return tf.saturate_cast(small, image.dtype)

    def padded():
        return tf.image.resize_with_crop_or_pad(image, size, size)

    return tf.cond(tf.equal(largest, size), padded, resized)
