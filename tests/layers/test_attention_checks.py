"""What attention that begins as a convolution refuses."""

import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.layers import ClonedAttention


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"content_share": 1.5}, "`content_share` must be a number from 0 to 1"),
        ({"prefix_tokens": -1}, "`prefix_tokens` must be an integer from 0"),
        ({"prefix_tokens": True}, "1 with a class token"),
        ({"key_dim": 0}, "`key_dim` must be a positive integer"),
        ({"output_dim": 0}, "`output_dim` must be a positive integer"),
        ({"symmetry": "thawed"}, "`symmetry` must be one of"),
        ({"anchor": "transformed-inputs"}, "take decoupled-l2-sp"),
    ],
)
def test_arguments_that_are_not_accepted_are_refused(students, arguments, message):
    with pytest.raises(ValueError, match=message):
        ClonedAttention(**{"student": students["t2"], "key_dim": 2, **arguments})


def test_students_and_inputs_that_do_not_fit_are_refused(students):
    with pytest.raises(TypeError, match="must be a RelativeAttentionStudent"):
        ClonedAttention(sc.DenseStudent(sc.ConvTeacher("t2", 4, padding="same")), 2)
    teacher = sc.ConvTeacher("c4", 4, padding="same")  # lifts
    with pytest.raises(ValueError, match="as many outputs as inputs"):
        ClonedAttention(sc.students.RelativeAttentionStudent(teacher), 2)
    with pytest.raises(
        ValueError, match=r"\(batch, 16, channels\) or .* multiple of 4"
    ):
        ClonedAttention(students["c4"], 2)(np.zeros((1, 16, 6), "float32"))
    with pytest.raises(
        ValueError, match=r"takes inputs of shape \(batch, 13, channels"
    ):
        ClonedAttention(students["t2"], 2, prefix_tokens=1)(np.zeros((1, 12, 4)))
    with pytest.raises(
        ValueError, match=r"must have shape \(3, 3, channels, filters\)"
    ):
        ClonedAttention.from_kernel(np.ones((5, 5, 2, 2)), students["t2"])
