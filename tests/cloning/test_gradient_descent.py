"""Progress lines say which clones cannot be exact."""

import pytest

import symclone_tf as sc
from symclone_tf.cloning.gradient_descent import described

from clones import dense


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        (None, "C4 lifting 8×8"),
        (12, "C4 lifting 8×8"),
        (5, "C4 lifting 8×8, 5 of 9 blocks: never exact"),
    ],
)
def test_too_few_blocks_are_named(blocks, expected):
    assert described(dense("c4", image_size=8, blocks=blocks)) == expected


def test_the_line_that_is_shown_says_so(capsys):
    sc.clone("t2", image_size=6, blocks=4, steps=3)
    assert "4 of 9 blocks: never exact" in capsys.readouterr().err


def test_blocks_with_hidden_layers_may_be_fewer():
    student = sc.DenseStudent(sc.ConvTeacher("t2", 6), blocks=4, hidden_units=(8,))
    assert described(student) == "T(2) 6×6"
