import click
import pytest

from symclone_tf.cli import options
from symclone_tf.cli.option_types import COUNT, PerLayer, Size, Strength

EACH = PerLayer(["frozen", "trainable"])


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (options.GROUP, "c4", "c4"),
        (options.COUNTS, "64,32", (64, 32)),
        (options.SIZE, "28", 28),
        (options.SIZE, "28x20", (28, 20)),
        (EACH, "frozen,trainable", "frozen,trainable"),
        (COUNT, "12", 12),
        (Strength(), "0.5", 0.5),
        (Strength(), "auto", "auto"),
    ],
)
def test_what_is_accepted_is_read(kind, text, value):
    assert kind.convert(text, None, None) == value


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        (options.GROUP, "c65", "'c65' is not t2, flip, cN or dN"),
        (options.COUNTS, "64,0", "'64,0' is not a list like 64 or 64,64."),
        (options.SIZE, "4x4x4", "'4x4x4' is neither size like 28 nor 28x20."),
        (Size("numbers", "4 nor 2x4"), "a", "'a' is neither numbers like 4 nor 2x4."),
        (options.SIZE, "28x0", "0 is not in the range"),
        (Strength(), "Auto", "'Auto' is neither a positive number nor auto."),
        (Strength(), "0", "0.0 is not in the range x>0."),
        (EACH, "frozen,melted", "'frozen,melted' is not one of frozen, trainable, nor"),
    ],
)
def test_what_is_not_is_refused_with_what_would_be(kind, text, message):
    with pytest.raises(click.BadParameter) as caught:
        kind.convert(text, None, None)
    assert message in caught.value.message


@pytest.mark.parametrize("kind", [options.SIZE, options.COUNTS, EACH, options.GROUP])
def test_values_that_were_read_are_read_again_as_they_are(kind):
    """As Click does with defaults."""
    text = {options.COUNTS: "3,4", EACH: "frozen", options.GROUP: "d4"}.get(kind, "3x4")
    value = kind.convert(text, None, None)
    assert kind.convert(value, None, None) == value
