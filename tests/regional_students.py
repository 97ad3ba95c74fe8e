"""Teachers of regional students, and students with random weights, for tests."""

import pytest

from symclone_tf.students.locally_connected import LocallyConnectedStudent
from symclone_tf.students.regional import RegionalStudent
from symclone_tf.teachers import ConvTeacher, TranslationConvTeacher

from cases import later
from clones import draw
from references import regional_loops

TEACHERS = {
    "T(2)": ConvTeacher("t2", 6),
    "T(2) same": ConvTeacher("t2", 5, padding="same"),
    "even kernel, same": ConvTeacher("t2", 5, 2, padding="same"),
    "strides": ConvTeacher("t2", 9, strides=2),
    "strides, same, odd": ConvTeacher("t2", 9, padding="same", strides=2),
    "strides, same, even": ConvTeacher("t2", 8, padding="same", strides=2),
    "strides larger than the kernel": ConvTeacher("t2", 11, 2, strides=3),
    "pixels": ConvTeacher("t2", 8, 1),
    "dilated": ConvTeacher("t2", 8, dilation_rate=2),
    "dilated, same": ConvTeacher("t2", 6, padding="same", dilation_rate=2),
    "rectangle": ConvTeacher("t2", (5, 8), (2, 3), padding="same", strides=(1, 2)),
    "C2 rectangle": ConvTeacher("c2", (5, 6), lifting=False),
    "C4 lifting": ConvTeacher("c4", 6),
    "C4 group": ConvTeacher("c4", 5, lifting=False),
    "C4 group, same": ConvTeacher("c4", 4, lifting=False, padding="same"),
    "C4 group, strides": ConvTeacher("c4", 7, lifting=False, strides=2),
    "C4 dilated": ConvTeacher("c4", 8, dilation_rate=2),
    "D4 lifting": ConvTeacher("d4", 5),
    "D4 group": ConvTeacher("d4", 4, lifting=False),
    "signal": TranslationConvTeacher(9),
    "signal, causal, dilated": TranslationConvTeacher(
        9, padding="causal", dilation_rate=2
    ),
    "signal, causal, strided": TranslationConvTeacher(10, padding="causal", strides=2),
    "image": TranslationConvTeacher((5, 6), (2, 3), "same"),
    "volume": TranslationConvTeacher((4, 5, 4)),
    "volume, same, strided": TranslationConvTeacher(
        (4, 5, 6), 2, "same", strides=(1, 2, 3)
    ),
}
FEW = ("T(2) same", "strides, same, even", "rectangle", "C4 group", "signal", "volume")
EVERY = pytest.mark.parametrize("case", TEACHERS)
MOST = pytest.mark.parametrize(
    "case", [case if case in FEW else later(case) for case in TEACHERS]
)


def plane_of(teacher):
    return teacher.output_shape[: len(teacher.windows)]


def regions_of(teacher):
    """One region, two and three along each axis, unequal numbers, and all."""
    plane = plane_of(teacher)
    few = [
        tuple(min(pair) for pair in zip(plane, wanted))
        for wanted in ((1, 1, 1), (2, 2, 2), (3, 2, 1), (1, 3, 2))
    ]
    return list(dict.fromkeys([*few, plane]))


def random_student(rng, teacher, regions, blocks=3, kind=RegionalStudent, **options):
    """A student with random weights, of the encoder too."""
    options |= {"regions": regions} if kind is RegionalStudent else {}
    student = kind(teacher, blocks=blocks, seed=0, **options)
    student.build()
    for weight in student.weights:
        weight.assign(rng.normal(size=weight.shape))
    return student


def untied(student):
    """The local student with the same weights at every position."""
    local = LocallyConnectedStudent(student.teacher, student.blocks, seed=0)
    local.build()
    local.local_weights.assign(student.local_weights)
    local.encoder.kernel.assign(student.encoder.kernel)
    return local


def pair_of(rng, student, channels=2, filters=3, groups=1):
    inputs = draw(rng, student, channels * groups, batch=2)
    shape = (*student.teacher.kernel_shape, channels, filters * groups)
    return inputs, rng.normal(size=shape).astype("float32")


def expected_of(student, inputs, kernel):
    weights = student.region_weights.numpy(), student.encoder.kernel.numpy()
    return regional_loops(inputs, kernel, *weights, student.teacher, student.regions)


def gradients_of(student, pair, weights, upstream):
    """Of inputs, kernel, encoder and blocks, by TensorFlow."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(pair)
        outputs = student(*pair)
    sources = [*pair, student.encoder.kernel, weights]
    return tape.gradient(outputs, sources, output_gradients=upstream)
