"""The straightforward loop, for comparison: one kernel at a time.

Each optimizer step visits many kernels in turn, draws fresh images for each,
and adds up the gradients. The mixing starts uniform. This is the method as the
paper describes it, without any of this project's shortcuts.
"""

import time

import keras
import numpy as np
import tensorflow as tf

import symclone_tf as sc

KERNELS, IMAGES = 128, 100


def run(target: float, seconds: float, image_size=10) -> dict:
    """Trains a C4 lifting layer until it reaches `target` or time is up.

    Args:
        target: Float, an NMSE.
        seconds: Float, the most to spend.
        image_size: Integer.

    Returns:
        Dictionary of `seconds`, `steps`, the `nmse` that was reached, and
        whether it `reached` the target.
    """
    keras.utils.set_random_seed(0)
    student = sc.DenseStudent(sc.ConvTeacher("c4", image_size), seed=0)
    student.build()
    student.encoder.kernel.assign(
        np.random.default_rng(0).uniform(size=student.encoder.kernel.shape)
    )
    student.block_layers[0].kernel.assign(
        keras.initializers.GlorotUniform(0)(student.block_layers[0].kernel.shape)
    )
    teacher = student.teacher
    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build(student.trainable_weights)

    @tf.function
    def gradients_of_one_kernel():
        kernel = tf.random.normal((3, 3, 1, 1))
        images = tf.random.normal((IMAGES, image_size, image_size, 1))
        with tf.GradientTape() as tape:
            error = student(images, kernel) - teacher(images, kernel)
            loss = tf.reduce_mean(tf.square(error))
        return tape.gradient(loss, student.trainable_weights)

    @tf.function
    def step():
        total = [tf.zeros_like(weight) for weight in student.trainable_weights]
        for _ in tf.range(KERNELS):
            total = [a + b for a, b in zip(total, gradients_of_one_kernel())]
        optimizer.apply([g / KERNELS for g in total], student.trainable_weights)

    step()
    start = time.perf_counter()
    steps, reached = 1, 1.0
    while reached > target and time.perf_counter() - start < seconds:
        for _ in range(10):
            step()
        steps += 10
        reached = sc.nmse(student, images=64)
    return {
        "seconds": time.perf_counter() - start,
        "steps": steps,
        "nmse": reached,
        "reached": reached <= target,
    }
