"""Attention that is a product over axes."""

import numpy as np
import pytest

from symclone_tf.students.attention_along_axes import (
    attended,
    attention_to,
    product_of,
    targets_of,
    within_receptive_fields,
)
from symclone_tf.teachers import SlidingWindow
from symclone_tf.teachers.sliding_windows import receptive_fields_on

WINDOWS = (SlidingWindow(2, 2, padding="same"), SlidingWindow(3), SlidingWindow(1))
SIZES = (3, 4, 2)


def attention(sharpness):
    """That of the windows' receptive fields along each axis."""
    targets = targets_of(WINDOWS, SIZES)
    ends = np.cumsum([window.outputs(size) for window, size in zip(WINDOWS, SIZES)])
    along = np.split(targets, ends[:-1], axis=1)
    return [attention_to(*each, sharpness) for each in zip(along, WINDOWS, SIZES)]


@pytest.mark.parametrize("of_heads", [False, True])
def test_heads_attend_by_the_product_over_axes(rng, of_heads):
    found = attention(0.5)
    values = rng.normal(size=(2, 24, *[6] * of_heads, 5)).astype("float32")
    heads = "h" if of_heads else ""
    expected = np.einsum(f"hpq,nq{heads}z->nphz", product_of(found), values)
    outputs = attended(found, values, SIZES)
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)


def test_sharp_attention_is_to_the_positions_of_receptive_fields():
    found = [np.array(along) for along in attention(20.0)]
    fields = receptive_fields_on(WINDOWS, SIZES)
    expected = np.zeros((6, len(fields), 24))
    for (position, head), field in np.ndenumerate(fields):
        if field >= 0:
            expected[head, position, field] = 1
    np.testing.assert_allclose(product_of(found), expected, atol=1e-6)


def test_receptive_fields_have_their_part_of_the_attention():
    found = [np.array(along) for along in attention(0.5)]
    fields = receptive_fields_on(WINDOWS, SIZES)
    whole = np.array(product_of(found))
    expected = np.where(
        fields >= 0, whole[:, np.arange(len(fields))[:, None], fields], 0
    )
    within = within_receptive_fields(found, WINDOWS, SIZES)
    np.testing.assert_allclose(within, expected, rtol=1e-5)
