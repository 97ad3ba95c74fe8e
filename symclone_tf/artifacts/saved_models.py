"""SavedModels that hold each weight once, with stable names."""

import tensorflow as tf


def write_saved_model(model, path, output, image_dtype="float32", names=None) -> None:
    """Saves a model of images over exactly the variables that it uses.

    Keras' own export writes every variable under two names, and those that
    only training needs.

    Args:
        model: `keras.Model` with one input and one output.
        path: String or path of a folder.
        output: String, the name of the signature's output; `image` is that of
            its input.
        image_dtype: String, `"float32"`; or `"uint8"` for images from 0 to 255
            that the model is to see from 0 to 1.
        names: List of strings, of the classes of whose probabilities the output is:
            a second output, `label`, is then the name of the most probable one;
            `None` for none.
    """
    shape = model.inputs[0].shape[1:]

    @tf.function(input_signature=[tf.TensorSpec((None, *shape), image_dtype, "image")])
    def serve(image):
        if image_dtype == "uint8":
            image = tf.cast(image, tf.float32) / 255.0
        answers = {output: model(image, training=False)}
        if names:
            best = tf.argmax(answers[output], axis=-1)
            answers["label"] = tf.gather(tf.constant(names), best)
        return answers

    module = tf.Module(name=output)
    module.weights = list(serve.get_concrete_function().graph.variables)
    module.serve = serve
    save_module(module, path, serve)


def save_module(module, path, signature) -> None:
    """Saves a module, with TensorFlow's errors as those of the system.

    Args:
        module: `tf.Module`, of all that is to be saved.
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
