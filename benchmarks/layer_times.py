"""Times of layers that alternate in one process, so that their ratios can be told."""

import time

import tensorflow as tf

KINDS = ("forward", "step")


def fastest(calls, repetitions) -> dict[str, float]:
    """The seconds of the fastest of several repetitions. All calls alternate."""
    found = {}
    for kind in KINDS:
        seconds = dict.fromkeys(calls, float("inf"))
        for _ in range(repetitions + 1):  # the first traces
            for name in calls:
                start = time.perf_counter()
                calls[name][kind]()
                seconds[name] = min(seconds[name], time.perf_counter() - start)
        found |= {f"{name}_{kind}": value for name, value in seconds.items()}
    return found


def forward(layer, inputs):
    """A call of the layer."""
    call = tf.function(lambda: layer(inputs))
    return lambda: call().numpy().shape


def step(layer, inputs):
    """The gradients of inputs and of all that the layer trains."""
    weights = [weight.value for weight in layer.trainable_weights]

    @tf.function
    def gradients():
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs)
        wanted = [inputs, *weights]
        return tape.gradient(outputs, wanted, output_gradients=outputs)

    return lambda: [gradient.shape for gradient in gradients()]
