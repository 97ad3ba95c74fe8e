"""SavedModels that hold each weight once, under stable names."""

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from symclone_tf.students import Student
from symclone_tf.types import Path


def write_saved_model(
    model: keras.Model,
    path: Path,
    output: str,
    image_dtype: str = "float32",
    names: Sequence[str] | None = None,
) -> None:
    """Writes a model of images with exactly the variables that inference uses.

    Keras' `export` writes every variable under two names, and also those that only
    training needs.

    Args:
        model: `keras.Model` with one input and one output.
        path: String or path of a folder.
        output: String, the name of the signature's output; that of its input is
            `image`.
        image_dtype: String, `"float32"`; or `"uint8"` for images from 0 to 255, which
            are scaled to 0 to 1 for the model.
        names: Sequence of strings, the classes whose probabilities the model returns,
            for a second output `label`, the name of the most probable one; where they
            are those of pixels, `mask` instead, the index of the most probable class of
            each. `None` for no such output.
    """
    shape = model.inputs[0].shape[1:]

    @tf.function(input_signature=[tf.TensorSpec((None, *shape), image_dtype, "image")])
    def serve(image):
        if image_dtype == "uint8":
            image = tf.cast(image, tf.float32) / 255.0
        outputs = {output: model(image, training=False)}
        if names:
            best = tf.argmax(outputs[output], axis=-1, output_type=tf.int32)
            if best.shape.rank > 1:  # a name for each pixel would take much room
                outputs["mask"] = best
            else:
                outputs["label"] = tf.gather(tf.constant(names), best)
        return outputs

    module = tf.Module(name=output)
    module.weights = list(serve.get_concrete_function().graph.variables)
    module.serve = serve
    save_module(module, path, serve)


def write_student(student: Student, path: Path) -> None:
    """Writes a function with exactly the student's variables.

    Keras' `export` tracks every variable under two names and writes it twice; a
    `tf.Module` does not.

    Args:
        student: `Student`.
        path: String or path of a folder.
    """
    image_shape, kernel_shape = student.input_shapes()
    image = tf.TensorSpec((None, *image_shape), tf.float32, name="image")
    kernel = tf.TensorSpec((None, *kernel_shape), tf.float32, name="kernel")

    @tf.function(input_signature=[image, kernel])
    def features(image, kernel):
        return {"features": student.call_pairs(image, kernel)}

    @tf.function(input_signature=[{"image": image, "kernel": kernel}])
    def serve(inputs):
        return features(inputs["image"], inputs["kernel"])["features"]

    module = tf.Module(name="student")
    module.weights = [weight.value for weight in student.weights]
    module.serve = serve
    save_module(module, path, features)


def save_module(module: tf.Module, path: Path, signature: Callable) -> None:
    """Writes a module, and raises TensorFlow's errors as `OSError`.

    Args:
        module: `tf.Module` with all that is to be saved.
        path: String or path of a folder.
        signature: `tf.function`, the `serving_default`.

    Raises:
        OSError: If writing fails.
    """
    try:
        tf.saved_model.save(module, str(path), {"serving_default": signature})
    except tf.errors.OpError as error:
        reason = error.message.strip().partition("\n")[0]
        raise OSError(f"{path} cannot be written: {reason}") from error
