"""A network of a probe as lines of Keras, which run as they are printed."""

import json

from symclone_tf.data.images import Images
from symclone_tf.experiments.network_layouts import (
    filters_of,
    kernel_size_of,
    network_students,
    sizes_of,
)
from symclone_tf.probe.augmentation import OPTIONS, layers_of
from symclone_tf.probe.candidates import SHARE, Candidate
from symclone_tf.symmetry import get_group
from symclone_tf.types import Path

PROGRAM = """import keras
import symclone_tf as sc

images = sc.data.open_images({where})
train, test = images.batches("train"), images.batches("test")
pixels = keras.layers.Normalization()
pixels.adapt(train.take(100).map(lambda image, label: image))
relu = {{"activation": "relu", "kernel_initializer": "he_normal"}}
{before}
model = keras.Sequential(
    [
        keras.Input(({size}, {size}, {channels})),
        pixels,
{layers}
        keras.layers.Dense(50, **relu),
        keras.layers.Dropout(0.2),
        keras.layers.Dense({classes}, "softmax"),
    ]
)
model.compile("adamw", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train, validation_data=test, epochs={epochs}, shuffle=False)
model.save("recommended.keras")
"""
CLONE = """

def clone(size, **options):
    teacher = sc.ConvTeacher("{group}", size, {kernel}, lifting=size == {size})
    student, report = sc.clone(
        teacher, student="{student}", solver="closed-form", verbose=0, **options
    )
    return student


anchored = {{"symmetry": "anchored", "anchor_strength": {share}}} | relu
"""


def code_of(
    candidate: Candidate,
    images: Images,
    epochs: int,
    data_dir: Path | None = None,
    keep_together: str | None = None,
) -> str:
    """Writes a network, its data and its training in Python.

    Beside Keras' layers there are `GroupConv2D` and its pooling, or `ClonedConv2D`,
    and what reads the images.

    Args:
        candidate: `Candidate`, of any kind but `"without"`.
        images: `Images`.
        epochs: Integer, how long to train.
        data_dir: String or path, see `open_images`.
        keep_together: String or `None`, likewise.

    Returns:
        String, a program.
    """
    where = f"{_quoted(images.name)}, image_size={images.size}"
    if keep_together is not None:
        where += f", keep_together={_quoted(keep_together)}"
    if data_dir is not None:
        where += f", data_dir={_quoted(data_dir)}"
    before = ""
    if candidate.has_clones:
        before = CLONE.format(
            group=candidate.group,
            kernel=kernel_size_of(candidate.group),
            size=images.size,
            student=candidate.student,
            share=SHARE,
        )
    return PROGRAM.format(
        where=where,
        before=before,
        size=images.size,
        channels=images.channels,
        layers="\n".join(f"        {line}," for line in _layers(candidate, images)),
        classes=len(images.class_names),
        epochs=epochs,
    )


def _quoted(path: Path) -> str:
    """A string as Python and JSON both write it, in double quotes."""
    return json.dumps(str(path), ensure_ascii=False)


def _layers(candidate: Candidate, images: Images) -> list[str]:
    """The layers from augmentation to global pooling."""
    names = layers_of(candidate.kind)
    lines = [f"keras.layers.{name}({OPTIONS[name]})" for name in names]
    pooling, average = "sc.layers.CentredMaxPooling2D(2)", "GlobalAveragePooling3D"
    if get_group(candidate.group).is_trivial:
        pooling, average = "keras.layers.MaxPooling2D(2)", "GlobalAveragePooling2D"
    filters = filters_of(images.size, candidate.width)
    for index, conv in enumerate(_convolutions(candidate, images)):
        lines.append(conv.format(filters[index]))
        if index % 2:
            lines.append(pooling)
    return [*lines, f"keras.layers.{average}()"]


def _convolutions(candidate: Candidate, images: Images) -> list[str]:
    """The convolutions, as patterns for their numbers of filters."""
    group, kernel = candidate.group, kernel_size_of(candidate.group)
    sizes = sizes_of(images.size, kernel, "valid")
    if candidate.has_clones:
        students = network_students(
            group, images.size, student=candidate.student, regions=candidate.regions
        )
        regions = [getattr(student, "regions", None) for student in students]
        made = [
            f"clone({size}{'' if each is None else f', regions={each}'})"
            for size, each in zip(sizes, regions)
        ]
        return [f"sc.ClonedConv2D({{}}, {each}, **anchored)" for each in made]
    if get_group(group).is_trivial:
        return [f"keras.layers.Conv2D({{}}, {kernel}, **relu)"] * len(sizes)
    return [f'sc.GroupConv2D({{}}, {kernel}, "{group}", **relu)'] * len(sizes)
