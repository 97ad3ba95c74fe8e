import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import symclone_tf as sc
from symclone_tf.students import regional as regional_module
from symclone_tf.students.regional import RegionalStudent, default_regions
from symclone_tf.symmetry import cyclic
from symclone_tf.teachers import (
    ConvTeacher,
    TranslationConvTeacher,
    TransposedConvTeacher,
)

from cases import later
from clones import draw, relative
from references import region_of, regional_loops
from regional_students import (
    EVERY,
    MOST,
    TEACHERS,
    expected_of,
    gradients_of,
    pair_of,
    plane_of,
    random_student,
    regions_of,
    untied,
)

# Both ways to compute, whatever is cheaper.
WAYS = pytest.mark.parametrize("samples", [0, 10**9], ids=["blocks", "convolutions"])


def way(monkeypatch, samples):
    monkeypatch.setattr(regional_module, "TYPICAL_BATCH", samples)


@WAYS
@MOST
def test_equals_the_formula(rng, monkeypatch, case, samples):
    way(monkeypatch, samples)
    teacher = TEACHERS[case]
    for regions in regions_of(teacher):
        student = random_student(rng, teacher, regions)
        inputs, kernel = pair_of(rng, student)
        assert student.convolves(2, 2, 3) == (samples > 0)
        expected = expected_of(student, inputs, kernel)
        found = student(inputs, kernel)
        assert tuple(found.shape) == expected.shape
        assert relative(found, expected) < 1e-5


@WAYS
@pytest.mark.slow
def test_equals_the_formula_for_every_number_of_regions(rng, monkeypatch, samples):
    way(monkeypatch, samples)
    for teacher in (ConvTeacher("t2", (6, 7)), TranslationConvTeacher(12)):
        for regions in itertools.product(*(range(1, n + 1) for n in plane_of(teacher))):
            student = random_student(rng, teacher, regions, blocks=2)
            inputs, kernel = pair_of(rng, student)
            weights = [
                w.numpy() for w in (student.region_weights, student.encoder.kernel)
            ]
            expected = regional_loops(inputs, kernel, *weights, teacher, regions)
            assert relative(student(inputs, kernel), expected) < 1e-5


@WAYS
@pytest.mark.parametrize(
    ("channels", "filters", "groups"), [(1, 1, 3), (1, 2, 3), (2, 1, 2), (2, 2, 3)]
)
@pytest.mark.parametrize(
    "case", ["T(2) same", "C4 group", *map(later, ("strides", "signal", "volume"))]
)
def test_groups_of_channels_equal_the_formula(
    rng, monkeypatch, case, channels, filters, groups, samples
):
    """Depthwise convolutions, of one channel for each group, among them."""
    way(monkeypatch, samples)
    teacher = TEACHERS[case]
    regions = regions_of(teacher)[1]
    student = random_student(rng, teacher, regions)
    inputs, kernel = pair_of(rng, student, channels, filters, groups)
    expected = expected_of(student, inputs, kernel)
    assert relative(student(inputs, kernel), expected) < 1e-5


@WAYS
@MOST
def test_gradients_are_those_of_a_local_student(rng, monkeypatch, case, samples):
    """Of inputs, kernel, encoder, and blocks, whose are sums over a region."""
    way(monkeypatch, samples)
    teacher = TEACHERS[case]
    for regions in regions_of(teacher)[1:]:
        student = random_student(rng, teacher, regions)
        local = untied(student)
        pair = [tf.constant(each) for each in pair_of(rng, student)]
        upstream = rng.normal(size=student(*pair).shape).astype("float32")
        *mine, blocks = gradients_of(student, pair, student.region_weights, upstream)
        *theirs, positions = gradients_of(local, pair, local.local_weights, upstream)
        for found, expected in zip(mine, theirs):
            assert relative(found, expected) < 1e-5
        sums = np.zeros(blocks.shape)
        for p, gradient in enumerate(positions.numpy()):
            sums[region_of(p, plane_of(teacher), regions)] += gradient
        assert relative(blocks, sums) < 1e-5


@EVERY
def test_as_many_regions_as_positions_are_a_local_student(rng, case):
    teacher = TEACHERS[case]
    student = random_student(rng, teacher, plane_of(teacher))
    assert student.parameters == untied(student).parameters
    pair = pair_of(rng, student)
    assert relative(student(*pair), untied(student)(*pair)) < 1e-5
    inputs = rng.normal(size=(4, teacher.positions_in)).astype("float32")
    outputs = student.block_outputs(inputs)
    np.testing.assert_allclose(
        outputs, untied(student).block_outputs(inputs), atol=1e-5
    )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"padding": "same"},
        {"padding": "same", "strides": 2},
        {"dilation_rate": 2},
        {"kernel_size": 2, "strides": 3},
    ],
)
def test_one_region_is_a_convolution_whatever_its_weights(rng, options):
    """Of the kernel `K[v,c,o] = Σ_b W[v,b] · α[b,c,o]`."""
    teacher = ConvTeacher("t2", 9, **options)
    student = random_student(rng, teacher, 1)
    inputs, kernel = pair_of(rng, student)
    alpha = np.einsum(
        "eco,eb->bco", kernel.reshape(-1, 2, 3), student.encoder.kernel.numpy()
    )
    bank = np.einsum("vb,bco->vco", student.region_weights.numpy()[0], alpha)
    options = {"kernel_size": 3, "use_bias": False, **options}
    layer = keras.layers.Conv2D(3, **options)
    layer.build((None, 9, 9, 2))
    layer.kernel.assign(bank.reshape(layer.kernel.shape))
    assert relative(student(inputs, kernel), layer(inputs)) < 1e-5
    assert student.translation_equivariance().is_convolution
    assert relative(student.convolve(inputs, kernel), layer(inputs)) < 1e-5


@pytest.mark.parametrize(
    ("teacher", "options", "message"),
    [
        (TransposedConvTeacher(3), {}, "`student` regional is for convolutions"),
        (
            sc.OrbitTeacher(cyclic(6)),
            {"regions": 2},
            "which ConvTeacher and TranslationConvTeacher are.*Received: teacher",
        ),
        (TEACHERS["T(2)"], {"regions": 5}, "must not exceed the 4×4 positions"),
        (TEACHERS["T(2)"], {"regions": (2, 0)}, "must be a positive integer, or"),
        (TEACHERS["T(2)"], {"regions": (2,)}, "of which there are 2"),
        (TEACHERS["T(2)"], {"blocks": 0}, "`blocks` must be a positive integer"),
    ],
)
def test_other_options_are_refused(teacher, options, message):
    with pytest.raises(ValueError, match=message):
        RegionalStudent(teacher, **options)


def test_default_regions_have_two_positions_or_more():
    assert RegionalStudent(ConvTeacher("t2", 64)).regions == (4, 4)
    assert default_regions(ConvTeacher("t2", (8, 3))) == (3, 1)
    assert default_regions(TranslationConvTeacher(9)) == (3,)


def test_number_of_weights_grows_as_the_regions():
    teacher = ConvTeacher("c4", 28)
    for regions, count in (((1, 1), 1), ((2, 3), 6)):
        student = RegionalStudent(teacher, regions)
        assert student.block_parameters == count * 81
        student.build()
        assert student.parameters == sum(w.numpy().size for w in student.weights)


def test_configuration_makes_the_same_student():
    student = RegionalStudent(ConvTeacher("c4", 8), (2, 3), blocks=4, seed=1)
    again = RegionalStudent.from_config(student.get_config())
    assert again.get_config() == student.get_config()
    assert (again.regions, again.traits) == ((2, 3), ["r2x3", "b4"])
    assert sc.students.artifact_name(again) == "c4-lifting-8x8-k3-regional-r2x3-b4"


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@WAYS
def test_computes_in_mixed_precision(rng, monkeypatch, policy, samples):
    way(monkeypatch, samples)
    student = random_student(rng, TEACHERS["T(2) same"], (2, 2), dtype=policy)
    precise = random_student(rng, TEACHERS["T(2) same"], (2, 2))
    precise.set_weights(student.get_weights())
    inputs, kernel = pair_of(rng, student)
    found = student(inputs, kernel)
    assert found.dtype == student.compute_dtype
    assert relative(tf.cast(found, "float32"), precise(inputs, kernel)) < 2e-2


class TestTranslationEquivariance:
    def test_is_measured(self, rng):
        student = random_student(rng, ConvTeacher("t2", 8), (2, 2))
        assert not student.translation_equivariance().is_convolution
        tied = np.tile(student.region_weights.numpy()[:1], (4, 1, 1))
        student.region_weights.assign(tied)
        assert student.translation_equivariance().deviation < 1e-6
        changed = tied.copy()
        changed[3, 4, 1] += 0.1
        student.region_weights.assign(changed)
        found = student.translation_equivariance()
        # The mean is over positions: a quarter of them have the other weight.
        expected = 0.1 * np.sqrt(36 * 0.25 * 0.75)
        expected /= np.linalg.norm(student.local_weights)
        assert found.deviation == pytest.approx(expected, rel=1e-3)

    def test_frozen_it_computes_as_one_convolution(self, rng):
        teacher = ConvTeacher("c4", 8)
        student = RegionalStudent(teacher, (2, 2), seed=0)
        sc.cloning.solve(student)
        layer = sc.ClonedConv2D(3, student, "frozen")
        layer(draw(rng, student))
        assert layer.computes_as() == "convolution"
        inputs = draw(rng, student)
        expected = teacher(inputs, layer.kernel)
        assert relative(layer(inputs), expected) < 1e-5


class TestWeightsThatOnlyMeetPadding:
    # In regions of one pixel, padding is all that the weights at a corner meet.
    TEACHER = ConvTeacher("t2", 4, padding="same")

    def test_have_no_gradient(self, rng):
        student = random_student(rng, self.TEACHER, (4, 4))
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(student(*pair_of(rng, student))))
        gradient = tape.gradient(loss, student.region_weights).numpy()
        outside = self.TEACHER.receptive_fields < 0
        np.testing.assert_array_equal(gradient[outside], 0)
        assert np.all(gradient[~outside])

    def test_are_the_mean_of_the_other_regions(self, rng):
        student = random_student(rng, self.TEACHER, (4, 4))
        before = student.region_weights.numpy()
        student.fill_unseen()
        after = student.region_weights.numpy()
        for v in range(9):
            outside = self.TEACHER.receptive_fields[:, v] < 0
            np.testing.assert_array_equal(after[~outside, v], before[~outside, v])
            mean = before[~outside, v].mean(axis=0)
            for t in np.flatnonzero(outside):
                np.testing.assert_allclose(after[t, v], mean, atol=1e-6)

    @pytest.mark.slow
    @pytest.mark.parametrize("solver", ["closed-form", "sgd"])
    def test_are_filled_by_both_solvers(self, rng, solver):
        student = RegionalStudent(self.TEACHER, (4, 4), seed=0)
        sc.clone(self.TEACHER, student=student, solver=solver, verbose=0)
        # A larger image has inputs where this one has padding.
        inputs = rng.normal(size=(2, 9, 9, 2)).astype("float32")
        kernel = rng.normal(size=(3, 3, 2, 3)).astype("float32")
        expected = self.TEACHER.resized((9, 9))(inputs, kernel)
        assert relative(student(inputs, kernel), expected) < 1e-4
