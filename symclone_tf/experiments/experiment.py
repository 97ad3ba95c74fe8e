"""Experiments: which network is trained, on which task, and how."""

import dataclasses
import itertools
from collections.abc import Collection, Mapping
from typing import Any

from symclone_tf.checks import (
    one_of,
    positive_integer,
    positive_number,
    positive_pair,
)
from symclone_tf.data.images import Images, check_image_size
from symclone_tf.data.names import named_data, short_name
from symclone_tf.data.sources import MNIST, SPLITS
from symclone_tf.experiments.image_networks import ARCHITECTURES
from symclone_tf.experiments.network_layouts import exact_blocks, filters_of, per_layer
from symclone_tf.experiments.task_transformations import (
    DIGIT_SIZE,
    TASKS,
    canvas_and_translation,
)
from symclone_tf.layers import STRENGTHS, SYMMETRIES, TRAINABLE_PARTS, strength_of
from symclone_tf.students import get_student
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
            for each convolution, separated by commas. This and the
            next six are for `"cloned"` only.
        blocks: Integer, of the clones; `None` for as many as an exact copy needs: 9
            where the group permutes pixels, see `exact_blocks`.
        student: String, the registered name of a kind of students; `None` for
            `"dense"`.
        regions: Integer or pair of integers, of `"regional"` students, see
            `network_students`; `None` for their default.
        anchor: String, of `ClonedConv2D`; `None` for `"transformed-inputs"`. This and
            the next are for anchored clones only.
        anchor_strength: Float, of `ClonedConv2D`; `None` for the anchor's default.
        trainable_part: String, of `ClonedConv2D`, or one for each convolution; `None`
            for `"all"`. For clones that are not frozen.
        data: String or path of labelled images, see `open_images`.
        image_size: Integer, pixels, see `open_images`.
        canvas: Integer, pixels, see `image_task`.
        max_translation: Integer, pixels, see `image_task`.
        train_size: Integer, the number of training images; `None` for 10,000, or all
            where there are fewer.
        test_size: Integer, the number of test images; `None` as for `train_size`.
        epochs: Integer.
        batch_size: Integer.
        learning_rate: Float, of AdamW.
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

    architecture: str = "cloned"
    group: str = "c4"
    task: str = "invariance"
    symmetry: str | None = None
    blocks: int | None = None
    student: str | None = None
    regions: int | tuple[int, int] | None = None
    anchor: str | None = None
    anchor_strength: float | None = None
    trainable_part: str | None = None
    data: str = MNIST
    image_size: int | None = None
    canvas: int | None = None
    max_translation: int | None = None
    train_size: int | None = None
    test_size: int | None = None
    epochs: int = 8
    batch_size: int = 64
    learning_rate: float = 1e-3
    dropout: float = 0.2
    seed: int = 0

    def complete(self, images: Images | None = None) -> "Experiment":
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
        one_of("architecture", self.architecture, ARCHITECTURES)
        get_group(self.group)
        one_of("task", self.task, TASKS)
        for name in ("epochs", "batch_size"):
            positive_integer(name, getattr(self, name))
        positive_number("learning_rate", self.learning_rate)
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
        chosen = self._of_clones(len(filters_of(canvas)) if canvas else None)
        return dataclasses.replace(self, **sizes, **chosen)

    def _of_images(self, images: Images | None) -> dict[str, Any]:
        """The options that depend on the images, as far as they are known."""
        data, size = named_data(self.data), self.image_size
        if size is not None:
            check_image_size(positive_integer("image_size", size))
        if images is not None:
            size = images.size
        elif size is None and data == MNIST:
            size = DIGIT_SIZE
        canvas, translation = canvas_and_translation(
            self.group, self.canvas, self.max_translation, size
        )
        found: dict[str, Any] = {
            "data": data,
            "image_size": size,
            "canvas": canvas,
            "max_translation": translation,
        }
        return found | {
            f"{split}_size": self._size(split, data, images) for split in SPLITS
        }

    def _size(self, split: str, data: str, images: Images | None) -> int | None:
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

    def _of_clones(self, count: int | None) -> dict[str, Any]:
        """The options of some architectures only, with their defaults."""
        cloned = self.architecture == "cloned"
        defaults = {
            "symmetry": "frozen",
            "blocks": exact_blocks(self.group),
            "student": "dense",
        }
        chosen = self._only(cloned, "`architecture` cloned", defaults)
        kinds: list[str] = []
        if cloned:
            kinds = _per_layer("symmetry", chosen["symmetry"], SYMMETRIES, count)
        regional, where = chosen["student"] == "regional", "`student` regional"
        chosen |= self._only(regional, where, {"regions": None})
        if chosen["regions"] is not None:
            chosen["regions"] = positive_pair("regions", chosen["regions"])
        trained = set(kinds) - {"frozen"}
        chosen |= self._only(
            trained, "`symmetry` trainable or anchored", {"trainable_part": "all"}
        )
        anchored, where = "anchored" in kinds, "`symmetry` anchored"
        chosen |= self._only(anchored, where, {"anchor": "transformed-inputs"})
        strength = {"anchor_strength": STRENGTHS.get(chosen["anchor"])}
        chosen |= self._only(anchored, where, strength)
        if cloned:
            positive_integer("blocks", chosen["blocks"])
            get_student(chosen["student"])
        if trained:
            _per_layer(
                "trainable_part", chosen["trainable_part"], TRAINABLE_PARTS, count
            )
        if anchored:
            strength_of(chosen["anchor"], chosen["anchor_strength"])
        return chosen

    def _only(
        self, accepted: Collection[str] | bool, where: str, defaults: Mapping[str, Any]
    ) -> dict[str, Any]:
        chosen = {name: getattr(self, name) for name in defaults}
        for name, value in chosen.items():
            if value is not None and not accepted:
                raise ValueError(
                    f"`{name}` is for {where} only. Received: {name}={value}"
                )
            if value is None and accepted:
                chosen[name] = defaults[name]
        return chosen

    @property
    def network(self) -> str:
        """A short description of the network, for tables.

        Example:

        >>> Experiment("cloned", symmetry="anchored", anchor="kl").network
        'cloned, 9 blocks, anchored (kl 1000)'
        """
        full = self.complete()
        if full.architecture != "cloned":
            return full.architecture
        kind = "" if full.student == "dense" else f"{full.student}, "
        if full.regions is not None:
            rows, columns = positive_pair("regions", full.regions)
            kind = f"{full.student} {rows}×{columns}, "
        symmetry = ", ".join(_runs(full.symmetry or "", " ×"))
        name = f"cloned, {kind}{full.blocks} blocks, {symmetry}"
        details = [f"{full.anchor} {full.anchor_strength:g}"] if full.anchor else []
        if full.trainable_part not in (None, "all"):
            details.append(", ".join(_runs(full.trainable_part, " ×")))
        return f"{name} ({', '.join(details)})" if details else name

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
            parts += _runs(full.symmetry or "")
            if full.student and full.student != "dense":
                parts.append(full.student)
            if full.regions is not None:
                rows, columns = positive_pair("regions", full.regions)
                parts.append(f"r{rows}x{columns}")
            if full.blocks != exact_blocks(full.group):
                parts.append(f"b{full.blocks}")
        if full.anchor:
            # Without the plus of 1e+20, which artifacts' names cannot have.
            parts.append(f"{full.anchor}-{full.anchor_strength:g}".replace("+", ""))
        if full.trainable_part not in (None, "all"):
            parts += _runs(full.trainable_part)
        return "-".join(parts)


def _per_layer(
    name: str, choices: Any, accepted: Collection[str], count: int | None
) -> list[str]:
    """`per_layer`, also where the number of layers is not known."""
    if count is None and isinstance(choices, str):
        count = len(choices.split(","))
    return per_layer(name, choices, accepted, count or 1)


def _runs(choices: str, times: str = "") -> list[str]:
    """Choices of layers, with the number of layers in a row that have each.

    >>> _runs("frozen,frozen,frozen,anchored", " ×")
    ['frozen ×3', 'anchored']
    """
    grouped = itertools.groupby(choices.split(","))
    runs = [(name, len(list(same))) for name, same in grouped]
    if len(runs) == 1:
        return [runs[0][0]]
    return [name if count == 1 else f"{name}{times}{count}" for name, count in runs]
