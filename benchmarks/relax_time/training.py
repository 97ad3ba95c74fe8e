"""How networks are trained: until they no longer improve, or for some epochs."""

import dataclasses
import time

import keras
import numpy as np

BATCH = 64
# Limits the memory of patches to half a gigabyte.
EVALUATED = 250
# Of a network from scratch: first the one, then the other.
RATES = (3e-3, 1e-3)


@dataclasses.dataclass(frozen=True)
class Length:
    """How long networks are trained with so many images.

    Attributes:
        patience: Integer, how many epochs the loss of held-out images may not fall
            before a network from scratch is stopped.
        most: Integer, after how many epochs it is stopped anyway, at each rate.
        further: Integer, for how many epochs the stopped CNN goes on.
    """

    patience: int
    most: int
    further: int


# By the number of images.
LENGTHS = {10_000: Length(5, 30, 5), 1_000: Length(15, 150, 15)}


@dataclasses.dataclass(frozen=True)
class Course:
    """How a network was trained, which now has the best of its weights.

    Attributes:
        seconds: List of floats, of one core, what each epoch took, without the held-out
            images.
        best_epoch: Integer, after how many epochs it had the weights that it has now.
        loss: Float, the least of the held-out images.
        last: List of arrays, the weights after the last epoch.
    """

    seconds: list
    best_epoch: int
    loss: float
    last: list


class Shuffled(keras.utils.PyDataset):
    """Batches of images, in another order in each epoch.

    `fit` shuffles arrays alike in all epochs if Keras' random seed is set.

    Args:
        images: Array.
        labels: Array.
        seed: Integer, of the orders.
    """

    def __init__(self, images, labels, seed):
        super().__init__()
        self.images, self.labels = images, labels
        self.rng = np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self):
        return -(-len(self.labels) // BATCH)

    def __getitem__(self, index):
        chosen = self.order[index * BATCH : (index + 1) * BATCH]
        return self.images[chosen], self.labels[chosen]

    def on_epoch_end(self):
        self.order = self.rng.permutation(len(self.labels))


class _Watch(keras.callbacks.Callback):
    """Times the epochs, and keeps the last weights.

    Seconds are those that cores spent on this process, so that other work on the
    machine counts little.
    """

    def __init__(self):
        super().__init__()
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.process_time()

    def on_test_begin(self, logs=None):
        self.seconds.append(time.process_time() - self.began)

    def on_train_end(self, logs=None):
        self.last = self.model.get_weights()


def train(model, images, seed, rate, epochs, patience=None) -> Course:
    """Trains a network, and gives it the weights of its best epoch.

    Args:
        model: `keras.Model`, is compiled anew.
        images: `Images`.
        seed: Integer, of the order of the images.
        rate: Float, Adam's learning rate.
        epochs: Integer, at most.
        patience: Integer, after how many epochs without a lower loss of the held-out
            images it is stopped; `None` for all `epochs`.
    """
    model.compile(
        keras.optimizers.Adam(rate),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,
    )
    watch = _Watch()
    best = keras.callbacks.EarlyStopping(
        patience=epochs if patience is None else patience, restore_best_weights=True
    )
    history = model.fit(
        Shuffled(*images.train, seed),
        epochs=epochs,
        shuffle=False,
        verbose=0,
        validation_data=images.held_out,
        validation_batch_size=EVALUATED,
        callbacks=[watch, best],
    )
    losses = history.history["val_loss"]
    return Course(watch.seconds, losses.index(min(losses)) + 1, min(losses), watch.last)


def train_until_it_stops(model, images, seed, length) -> Course:
    """Trains a network from scratch until it no longer improves.

    Args:
        model: `keras.Model`.
        images: `Images`.
        seed: Integer, of the order of the images.
        length: `Length`.
    """
    first, second = (
        train(model, images, seed, rate, length.most, length.patience) for rate in RATES
    )
    best = len(first.seconds) + second.best_epoch
    seconds = first.seconds + second.seconds
    return dataclasses.replace(second, seconds=seconds, best_epoch=best)
