"""Experiments: which network is trained, on which task, and how."""

import dataclasses
from typing import Any, ClassVar

from symclone_tf.checks import (
    one_of,
    positive_integer,
    positive_number,
    positive_pair,
)
from symclone_tf.data.images import Images, check_image_size
from symclone_tf.data.names import named_data, short_name
from symclone_tf.data.segmented import SegmentedImages
from symclone_tf.data.sources import MNIST, SPLITS
from symclone_tf.data.splitting import compiled
from symclone_tf.experiments.clone_options import options_of_clones
from symclone_tf.experiments.image_networks import ARCHITECTURES
from symclone_tf.experiments.network_layouts import (
    exact_blocks,
    filters_of,
    runs_of,
)
from symclone_tf.experiments.strength_choice import AUTO
from symclone_tf.experiments.task_transformations import (
    DIGIT_SIZE,
    TASKS,
    canvas_and_translation,
)
from symclone_tf.experiments.training_recipes import (
    FEWEST_HELD_OUT_OF,
    TRAINING_RECIPES,
    augmentation_of,
)
from symclone_tf.symmetry import get_group

# The number of training images, and of test images, where there are as many.
SIZE = 10_000


@dataclasses.dataclass(frozen=True)
class Experiment:
    """One network, trained on one task.

    Attributes:
        architecture: String, `"mlp"`, `"cnn"`, `"gcnn"` or `"cloned"`.
        group: String, as `"t2"`, `"flip"`, `"c4"` or `"c8"`, see
            `sc.symmetry.get_group`.
        task: String, `"invariance"` or `"breaking"`, see `image_task`.
        symmetry: String, of `ClonedConv2D`; `None` for `"frozen"`; or one
            for each convolution, separated by commas. Of a frozen clone the student
            does not train; the layer's kernel and bias do. This and the next six are
            for `"cloned"` only.
        blocks: Integer, of the clones; `None` for as many as an exact copy needs: 9
            where the group permutes pixels, see `exact_blocks`.
        student: String, the registered name of a kind of students; `None` for
            `"dense"`.
        regions: Integer or pair of integers, of `"regional"` students, see
            `network_students`; `None` for their default.
        anchor: String, of `ClonedConv2D`; `None` for `"transformed-inputs"`. This and
            the next are for anchored clones only.
        anchor_strength: Float, of `ClonedConv2D`; `None` for the anchor's default;
            `"auto"` for the one of several that is best on images held out, which are
            transformed as test images are, see `StrengthSearch`: for the recipe
            `"validated"`, and networks of which one convolution is anchored.
        trainable_part: String, of `ClonedConv2D`, or one for each convolution; `None`
            for `"all"`. For clones that are not frozen.
        data: String or path of labelled images, see `open_images`.
        image_size: Integer, pixels, see `open_images`.
        keep_together: String, a pattern of paths, see `open_images`.
        canvas: Integer, pixels, see `image_task`.
        max_translation: Integer, pixels, see `image_task`.
        train_size: Integer, the number of training images; `None` for 10,000, or all
            where there are fewer.
        test_size: Integer, the number of test images; `None` as for `train_size`.
        recipe: String, how it is trained, a name of `TRAINING_RECIPES`.
        augment: String, Keras' layers that transform images at random in training,
            whatever the group: `"flip"`, `"rotation"`, or both, separated by a comma;
            `None` for none.
        epochs: Integer; `None` for the recipe's.
        batch_size: Integer.
        learning_rate: Float, of AdamW, its largest; `None` for the recipe's.
        dropout: Float, see `image_network`.
        seed: Integer, of weights, dropout, transformations and order.

    Example:

    >>> experiment = Experiment("cloned", "c4", "breaking").complete()
    >>> experiment.symmetry, experiment.blocks, experiment.train_size
    ('frozen', 9, 10000)
    >>> Experiment("mlp", blocks=7).complete()
    Traceback (most recent call last):
    ...
    ValueError: `blocks` is for `architecture` cloned only. Received: blocks=7
    """

    architectures: ClassVar[tuple[str, ...]] = ARCHITECTURES
    tasks: ClassVar[tuple[str, ...]] = TASKS

    architecture: str = "cloned"
    group: str = "c4"
    task: str = "invariance"
    symmetry: str | None = None
    blocks: int | None = None
    student: str | None = None
    regions: int | tuple[int, int] | None = None
    anchor: str | None = None
    anchor_strength: float | str | None = None
    trainable_part: str | None = None
    data: str = MNIST
    image_size: int | None = None
    keep_together: str | None = None
    canvas: int | None = None
    max_translation: int | None = None
    train_size: int | None = None
    test_size: int | None = None
    recipe: str = "fixed"
    augment: str | None = None
    epochs: int | None = None
    batch_size: int = 64
    learning_rate: float | None = None
    dropout: float = 0.2
    seed: int = 0

    def complete(self, images: Images | SegmentedImages | None = None) -> "Experiment":
        """Checks all options, and fills in the defaults.

        Args:
            images: `Images`, those of `data`. `None` opens nothing: options that depend
                on images stay `None` unless these are MNIST's, that is `image_size`,
                `canvas`, `train_size` and `test_size`.

        Returns:
            `Experiment`.

        Raises:
            ValueError: If an option is not accepted, is not for this architecture,
                or there are fewer images.
        """
        one_of("architecture", self.architecture, self.architectures)
        get_group(self.group)
        one_of("task", self.task, self.tasks)
        one_of("recipe", self.recipe, TRAINING_RECIPES)
        positive_integer("batch_size", self.batch_size)
        augmentation_of(self.augment)
        if not isinstance(self.seed, int) or self.seed < 0:
            raise ValueError(
                f"`seed` must be an integer of at least 0. Received: seed={self.seed}"
            )
        if not isinstance(self.dropout, (int, float)) or not 0 <= self.dropout < 1:
            raise ValueError(
                "`dropout` must be at least 0 and less than 1. "
                f"Received: dropout={self.dropout}"
            )
        sizes = self._of_images(images)
        canvas = sizes["canvas"]
        count = self._convolutions(canvas) if canvas else None
        chosen = options_of_clones(self, count)
        training = self._of_training(sizes["train_size"])
        return dataclasses.replace(self, **sizes, **chosen, **training)

    def _of_training(self, size: int | None) -> dict[str, Any]:
        """The options that the recipe has defaults of."""
        recipe = TRAINING_RECIPES[self.recipe]
        if self.anchor_strength == AUTO and size and not recipe.held_out(size):
            raise ValueError(
                f"`anchor_strength` auto needs `train_size` of {FEWEST_HELD_OUT_OF} or "
                "more, a tenth of which is held out to choose by. "
                f"Received: train_size={size}"
            )
        epochs, rate = self.epochs, self.learning_rate
        if epochs is None and size is not None:
            epochs = recipe.epochs_of(size, self.batch_size)
        if epochs is not None:
            positive_integer("epochs", epochs)
        if rate is None:
            rate = recipe.learning_rate
        return {
            "epochs": epochs,
            "learning_rate": positive_number("learning_rate", rate),
        }

    def _of_images(self, images: Images | SegmentedImages | None) -> dict[str, Any]:
        """The options that depend on the images, as far as they are known."""
        data, size = named_data(self.data), self.image_size
        if size is not None:
            check_image_size(positive_integer("image_size", size))
        if self.keep_together is not None:
            compiled(self.keep_together)
        if images is not None:
            size = images.size
        elif size is None and data == MNIST:
            size = DIGIT_SIZE
        canvas, translation = self._canvas(size)
        found: dict[str, Any] = {
            "data": data,
            "image_size": size,
            "canvas": canvas,
            "max_translation": translation,
        }
        return found | {
            f"{split}_size": self._size(split, data, images) for split in SPLITS
        }

    def _canvas(self, size: int | None) -> tuple[int | None, int | None]:
        """The size of the network's inputs, and the largest translation."""
        return canvas_and_translation(
            self.group, self.canvas, self.max_translation, size
        )

    @staticmethod
    def _convolutions(canvas: int) -> int:
        return len(filters_of(canvas))

    def _size(
        self, split: str, data: str, images: Images | SegmentedImages | None
    ) -> int | None:
        name, size = f"{split}_size", getattr(self, f"{split}_size")
        most = None if images is None else images.counts[split]
        if size is None:
            known = data == MNIST or images is not None
            return min(SIZE, most or SIZE) if known else None
        if positive_integer(name, size) > (most or size):
            raise ValueError(
                f"`{name}` must be at most {most}, the {split} images of {data}. "
                f"Received: {name}={size}"
            )
        return size

    @property
    def network(self) -> str:
        """A short description of the network, for tables.

        Example:

        >>> Experiment("cloned", symmetry="anchored", anchor="kl").network
        'cloned, 9 blocks, anchored (kl 1000)'
        """
        name = self._network()
        return name if self.augment is None else f"{name}, augmented ({self.augment})"

    def _network(self) -> str:
        full = self.complete()
        if full.architecture != "cloned":
            return full.architecture
        kind = "" if full.student == "dense" else f"{full.student}, "
        if full.regions is not None:
            rows, columns = positive_pair("regions", full.regions)
            kind = f"{full.student} {rows}×{columns}, "
        symmetry = ", ".join(runs_of(full.symmetry or "", " ×"))
        name = f"cloned, {kind}{full.blocks} blocks, {symmetry}"
        details = [f"{full.anchor} {full._strength}"] if full.anchor else []
        if full.trainable_part not in (None, "all"):
            details.append(", ".join(runs_of(full.trainable_part, " ×")))
        return f"{name} ({', '.join(details)})" if details else name

    @property
    def _strength(self) -> str:
        given = self.anchor_strength
        return given if isinstance(given, str) else f"{given:g}"

    @property
    def table(self) -> str:
        """The name of the benchmark's table that has this experiment.

        Example:

        >>> Experiment(data="photos/cells.npz").table
        'c4-cells'
        """
        data = str(self.data)
        return self.group if data == MNIST else f"{self.group}-{short_name(data)}"

    @property
    def name(self) -> str:
        """The name of an artifact of this experiment's network.

        Example:

        >>> Experiment("cloned", "c4", "breaking", symmetry="trainable").name
        'c4-breaking-cloned-trainable'
        """
        full = self.complete()
        parts = [full.table, full.task, full.architecture]
        if full.architecture == "cloned":
            parts += runs_of(full.symmetry or "")
            if full.student and full.student != "dense":
                parts.append(full.student)
            if full.regions is not None:
                rows, columns = positive_pair("regions", full.regions)
                parts.append(f"r{rows}x{columns}")
            if full.blocks != exact_blocks(full.group):
                parts.append(f"b{full.blocks}")
        if full.anchor:
            # Without the plus of 1e+20, which artifacts' names cannot have.
            parts.append(f"{full.anchor}-{full._strength}".replace("+", ""))
        if full.trainable_part not in (None, "all"):
            parts += runs_of(full.trainable_part)
        parts += full.augment.split(",") if full.augment else []
        return "-".join(parts)
