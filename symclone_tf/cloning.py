"""Cloning: a student learns a teacher's answers, as a supervised task."""

import contextlib
import dataclasses
import math
import platform
import time

import keras
import tensorflow as tf

from symclone_tf import __version__, sampling
from symclone_tf.checks import one_of, positive_number
from symclone_tf.errors import CloningError
from symclone_tf.memory import check_memory
from symclone_tf.metrics import NMSE, nmse, student_equivariance_error
from symclone_tf.progress import CloningProgress
from symclone_tf.recipes import Recipe
from symclone_tf.students import DenseStudent
from symclone_tf.teachers import group_conv2d

SOLVERS = ("sgd",)


@dataclasses.dataclass(frozen=True)
class Report:
    """How a clone was made and how good it is.

    Attributes:
        solver: String.
        seed: Integer.
        steps: Integer, optimizer steps.
        images_per_step: Integer.
        kernels_per_step: Integer.
        learning_rate: Float, the first step's.
        jit: Boolean, whether XLA compiled the training step.
        seconds: Float, training time, compilation included.
        nmse: Float, on pairs that training never saw.
        equivariance_error: Float, on images that training never saw.
        versions: Dictionary of the packages that made the clone.
    """

    solver: str
    seed: int
    steps: int
    images_per_step: int
    kernels_per_step: int
    learning_rate: float
    jit: bool
    seconds: float
    nmse: float
    equivariance_error: float
    versions: dict[str, str]


@dataclasses.dataclass(frozen=True)
class Training:
    """What a user may choose about cloning; see `clone` for the fields."""

    solver: str = "sgd"
    steps: int | None = None
    images_per_step: int | None = None
    kernels_per_step: int | None = None
    learning_rate: float | None = None
    seed: int = 0
    jit: bool | None = None
    max_nmse: float | None = None

    def recipe(self, student) -> Recipe:
        """The student's recipe with these choices, once all of them are checked.

        Raises:
            ValueError: If a choice is not accepted.
            MemoryError: If training would need more memory than there is.
        """
        one_of("solver", self.solver, SOLVERS)
        if self.max_nmse is not None:
            positive_number("max_nmse", self.max_nmse)
        recipe = student.recipe(self.images_per_step, self.kernels_per_step)
        recipe = recipe.with_options(self.steps, self.learning_rate)
        check_memory(student, recipe)
        return recipe


@keras.saving.register_keras_serializable(package="symclone_tf")
class Cloner(keras.Model):
    """Trains a student to answer as its teacher does.

    The student's own configuration determines the teacher: the convolution of
    its group, sizes and padding. Each step draws images and kernels where it
    runs, asks the teacher about every image with every kernel, and follows the
    gradient of the mean squared error. No data set is needed: `fit` and
    `evaluate` take no data, only numbers of steps.

    The student's recipe scales the gradients by the error's inverse curvature,
    so that plain SGD with a rate near 1 takes each batch's whole lesson at
    once. Optimizers that normalise gradients, as Adam does, ignore the scale.

    Args:
        student: `DenseStudent`.
        images_per_step: Integer, or `None` for a number that suits the
            student: half of what spans its input space if the blocks are
            linear.
        kernels_per_step: Integer, or `None` for one that spans all kernels.
        seed: Integer, of the draws.
        **kwargs: `name`, `dtype`.

    Example:

    >>> cloner = Cloner(DenseStudent("c4", image_size=8, seed=0), seed=0)
    >>> cloner.compile()
    >>> history = cloner.fit(steps_per_epoch=40, verbose=0)
    >>> history.history["nmse"][-1] < 1e-6
    True

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), section 3
    """

    def __init__(
        self, student, images_per_step=None, kernels_per_step=None, seed=0, **kwargs
    ):
        super().__init__(**kwargs)
        self.student = student
        self.recipe = student.recipe(images_per_step, kernels_per_step)
        self.seed = seed
        self._held_out = NMSE(name="nmse", dtype="float32")
        if not student.built:
            student.build()
        self.built = True

    def compile(self, optimizer=None, jit_compile="auto", **kwargs):
        """Configures the training.

        Args:
            optimizer: Keras optimizer, or `None` for the student's recipe.
            jit_compile: Boolean, whether XLA compiles the steps; `"auto"` does
                where there is a GPU.
            **kwargs: As in `keras.Model.compile`.
        """
        if optimizer is None:
            optimizer = self.recipe.make_optimizer()
        if jit_compile == "auto":
            jit_compile = bool(tf.config.list_physical_devices("GPU"))
        super().compile(optimizer=optimizer, jit_compile=jit_compile, **kwargs)

    def compile_from_config(self, config):
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.optimizer.build(self.trainable_variables)

    def fit(self, *, steps_per_epoch=100, validation_steps=None, **kwargs):
        """Trains for `steps_per_epoch` steps an epoch.

        Args:
            steps_per_epoch: Integer.
            validation_steps: Integer, batches of fresh pairs to validate on
                after each epoch; `None` for no validation.
            **kwargs: As in `keras.Model.fit`, without data.

        Returns:
            `keras.callbacks.History` of `loss` and `nmse`.
        """
        if validation_steps is not None:
            kwargs["validation_data"] = tf.data.Dataset.range(validation_steps)
        with full_float32():
            steps = tf.data.Dataset.range(steps_per_epoch)
            return super().fit(steps, shuffle=False, **kwargs)

    def evaluate(self, x=None, *, steps=8, **kwargs):
        """Measures the NMSE on `steps` batches of pairs that `fit` never draws."""
        with full_float32():
            return super().evaluate(
                tf.data.Dataset.range(steps) if x is None else x, **kwargs
            )

    @property
    def metrics(self):
        # Without Keras' loss tracker, whose name would make `fit` report its
        # mean in place of what the last step measured.
        return [self._held_out]

    def call(self, inputs):
        images, kernel = inputs
        return self.student(images, kernel)

    def train_step(self, data):
        # The position in training, not the data, decides what is drawn: a
        # resumed training goes on with the draws it would have made.
        inputs, kernel = self._draw(sampling.TRAINING, self.optimizer.iterations)
        targets = self._teacher(inputs, kernel)
        weights = self.student.trainable_weights
        with tf.GradientTape() as tape:
            error = self.student(inputs, kernel) - targets
            # One pass over the largest tensor, forward and backward.
            loss = tf.nn.l2_loss(error) * (2.0 / targets.shape.num_elements())
        gradients = tape.gradient(loss, weights)
        sizes = self.student.step_sizes(self.recipe)
        self.optimizer.apply(
            [gradient * size for gradient, size in zip(gradients, sizes)], weights
        )
        power = tf.nn.l2_loss(targets) * (2.0 / targets.shape.num_elements())
        return {"loss": loss, "nmse": loss / power}

    def test_step(self, data):
        inputs, kernel = self._draw(sampling.HELD_OUT, data)
        self._held_out.update_state(
            self._teacher(inputs, kernel), self.student(inputs, kernel)
        )
        return {"nmse": self._held_out.result()}

    def _draw(self, use, step):
        return sampling.draw_pairs(
            self.student,
            self.recipe.images_per_step,
            self.recipe.kernels_per_step,
            sampling.stream(self.seed, use, step),
            orthogonal=use == sampling.TRAINING and self.recipe.orthogonal,
        )

    def _teacher(self, inputs, kernel):
        return group_conv2d(inputs, kernel, self.student.group, self.student.padding)

    def get_config(self):
        return {
            "name": self.name,
            "student": keras.saving.serialize_keras_object(self.student),
            "images_per_step": self.recipe.images_per_step,
            "kernels_per_step": self.recipe.kernels_per_step,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config):
        student = keras.saving.deserialize_keras_object(config.pop("student"))
        return cls(student, **config)


def clone(
    group,
    lifting=True,
    image_size=28,
    kernel_size=3,
    padding="valid",
    blocks=None,
    hidden_units=(),
    activation="relu",
    solver="sgd",
    steps=None,
    images_per_step=None,
    kernels_per_step=None,
    learning_rate=None,
    seed=0,
    jit=None,
    max_nmse=None,
    verbose=1,
):
    """Makes a student and clones its teacher into it.

    Args:
        group: String, one of `"t2"`, `"c2"`, `"c4"`, `"d4"`.
        lifting: Boolean, whether the layer reads images rather than feature
            maps on the group.
        image_size: Integer, height and width of the inputs in pixels.
        kernel_size: Integer, height and width of the kernel.
        padding: String, `"valid"` or `"same"`.
        blocks: Integer, or `None` for `kernel_size²`.
        hidden_units: Tuple of integers, see `DenseStudent`.
        activation: Activation of the hidden layers.
        solver: String, `"sgd"`.
        steps: Integer, or `None` for a number that suits the student.
        images_per_step: Integer or `None`, see `Cloner`.
        kernels_per_step: Integer or `None`, see `Cloner`.
        learning_rate: Float or `None`, see `Cloner`.
        seed: Integer, of the initial weights and of all draws.
        jit: Boolean, whether XLA compiles the training step; `None` does where
            there is a GPU.
        max_nmse: Float, the worst NMSE to accept, or `None` for any.
        verbose: Integer, 0 for silence, 1 for a progress bar on stderr.

    Returns:
        Pair of the trained `DenseStudent` and its `Report`.

    Raises:
        ValueError: If an argument is not accepted.
        MemoryError: If cloning would need more memory than there is.
        CloningError: If training diverges, or stays above `max_nmse`.

    Example:

    >>> student, report = clone("c4", image_size=8, verbose=0)
    >>> report.nmse < 1e-6
    True

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), section 3
    """
    student = DenseStudent(
        group,
        lifting,
        image_size,
        kernel_size,
        padding,
        blocks,
        hidden_units,
        activation,
        seed=seed,
        dtype="float32",
    )
    options = Training(
        solver=solver,
        steps=steps,
        images_per_step=images_per_step,
        kernels_per_step=kernels_per_step,
        learning_rate=learning_rate,
        seed=seed,
        jit=jit,
        max_nmse=max_nmse,
    )
    return student, train(student, options, verbose)


def train(student, options: Training, verbose=1) -> Report:
    """Clones the teacher that a student's configuration names into it.

    Args:
        student: `DenseStudent`, new or already trained.
        options: `Training`.
        verbose: Integer, 0 for silence, 1 for a progress bar on stderr.

    Returns:
        `Report`.

    Raises:
        ValueError, MemoryError, CloningError: See `clone`.
    """
    recipe = options.recipe(student)
    cloner = Cloner(
        student, recipe.images_per_step, recipe.kernels_per_step, options.seed
    )
    cloner.compile(
        recipe.make_optimizer(),
        jit_compile="auto" if options.jit is None else options.jit,
        # Few enough that the bar moves and an interruption is heeded.
        steps_per_execution=max(1, min(20, recipe.steps // 20)),
    )
    start = time.perf_counter()
    with CloningProgress(
        student.description, recipe.steps, disable=not verbose
    ) as progress:
        history = cloner.fit(
            steps_per_epoch=recipe.steps,
            verbose=0,
            callbacks=[progress, keras.callbacks.TerminateOnNaN()],
        )
    seconds = time.perf_counter() - start

    last = history.history["nmse"][-1]
    if not math.isfinite(last):
        raise CloningError(
            f"Cloning diverged: the NMSE became {last}. Lower `learning_rate`. "
            f"Received: learning_rate={recipe.learning_rate}"
        )
    with full_float32():
        reached = nmse(student, seed=options.seed)
        error = student_equivariance_error(student, seed=options.seed)
    if options.max_nmse is not None and not reached <= options.max_nmse:
        raise CloningError(
            f"Cloning reached an NMSE of {reached:.1e}, and `max_nmse` accepts at "
            f"most {options.max_nmse:.1e}. Raise `steps` or `blocks`. "
            f"Received: steps={recipe.steps}, blocks={student.blocks}"
        )
    return Report(
        solver=options.solver,
        seed=options.seed,
        steps=recipe.steps,
        images_per_step=recipe.images_per_step,
        kernels_per_step=recipe.kernels_per_step,
        learning_rate=recipe.learning_rate,
        jit=bool(cloner.jit_compile),
        seconds=round(seconds, 3),
        nmse=reached,
        equivariance_error=error,
        versions=versions(),
    )


def versions() -> dict[str, str]:
    """The versions that an artifact records."""
    return {
        "symclone-tf": __version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "python": platform.python_version(),
    }


@contextlib.contextmanager
def full_float32():
    """Keeps matrix products in float32 where a GPU would round to TensorFloat-32."""
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)
