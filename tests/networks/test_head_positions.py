"""Where heads look, relative to the output."""

import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.layers import ClonedAttention


def network(sharpness=20.0, **options):
    teacher = sc.ConvTeacher("t2", (4, 5), padding="same")
    student = sc.students.RelativeAttentionStudent(teacher, sharpness=sharpness, seed=0)
    sc.cloning.solve(student)
    layer = ClonedAttention(student, 2, name="attention", **options)
    return keras.Sequential([keras.Input((layer.tokens, 4)), layer]), student, layer


@pytest.mark.parametrize("prefix", [0, 1])
def test_heads_of_a_clone_look_at_one_offset_each(prefix):
    model, _, _ = network(prefix_tokens=prefix, content_share=0.25)
    (looks,) = sc.networks.attention_positions(model).values()
    expected = np.zeros((9, 5, 5))
    for head, (row, column) in enumerate(np.ndindex(3, 3)):
        expected[head, 1 + row, 1 + column] = 1
    np.testing.assert_allclose(looks.attention, expected, atol=1e-6)
    np.testing.assert_allclose(looks.shares, np.full(9, 0.25))


def test_heads_that_moved_look_elsewhere():
    model, student, _ = network()
    targets = student.first_targets()
    targets[0, :4] += 2  # rows: one below, and no more one above
    student.targets.assign(targets)
    looks = sc.networks.attention_positions(model, radius=1)["attention"].attention
    np.testing.assert_allclose(looks[0], [[0, 0, 0], [0, 0, 0], [1, 0, 0]], atol=1e-6)


def test_it_is_the_mean_over_the_outputs_that_have_a_patch_there():
    model, _, layer = network(sharpness=0.5)
    looks = sc.networks.attention_positions(model, radius=4)["attention"].attention
    attention = np.asarray(layer.position_attention()).reshape(9, 4, 5, 4, 5)
    pairs = [attention[:, p, q, p - 1, q + 2] for p in (1, 2, 3) for q in (0, 1, 2)]
    np.testing.assert_allclose(looks[:, 3, 6], np.mean(pairs, axis=0), rtol=1e-5)
    assert not looks[:, 0, 0].any()  # no patch is four rows above another


def test_a_network_without_such_attention_is_refused():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="dense")])
    with pytest.raises(ValueError, match=r"no ClonedAttention.*layers dense"):
        sc.networks.attention_positions(model)
    model, *_ = network()
    with pytest.raises(ValueError, match="`radius` must be a positive integer"):
        sc.networks.attention_positions(model, radius=0)
