import pytest

from symclone_tf.probe.intervals import seeds_needed
from symclone_tf.probe.verdicts import judge, learned

FEW = ([0.6, 0.7, 0.65], [0.5, 0.55, 0.6])


def verdict(assumed, without, breaking=None, chance=0.1, rotated=None):
    augmented = rotated and ("RandomRotation", rotated)
    breaking = breaking or assumed
    return judge("c4", "C4", assumed, without, breaking, FEW, chance, augmented)


def test_what_gains_significantly_is_preserved():
    found = verdict([0.90, 0.91, 0.92], [0.80, 0.82, 0.81])
    assert found.verdict == "preserve"
    assert found.sentence.startswith("Preserve C4: assuming it gains 10.0 points")
    assert found.little.mean == pytest.approx(0.1)
    assert found.augmentation is None


def test_what_costs_significantly_is_broken():
    found = verdict([0.50, 0.51, 0.50], [0.80, 0.82, 0.81])
    assert found.verdict == "break"
    assert found.sentence.startswith("Break C4: assuming it costs 30.7 points (")


def test_what_a_t_test_would_tell_of_three_seeds_is_not_told_to_those_who_go_on():
    found = verdict([0.86, 0.89, 0.87], [0.80, 0.81, 0.80])
    assert found.verdict == "cannot tell"
    assert found.gain.low < 0 < found.gain.mean == pytest.approx(0.07)


def test_going_on_is_honest_where_more_seeds_may_tell():
    found = verdict([0.80, 0.86, 0.80], [0.78, 0.79, 0.80])
    assert found.verdict == "cannot tell"
    needed = seeds_needed(found.gain)
    assert found.sentence.endswith(
        "You may go on, the interval stays valid: if the difference stays as it is, "
        f"{needed} seeds tell."
    )


def test_two_seeds_exclude_nothing():
    found = verdict([0.90, 0.91], [0.80, 0.82], rotated=[0.85, 0.86])
    assert found.verdict == "cannot tell"
    assert "+9.5 points (-100.0 to +100.0): 2 seeds exclude nothing" in found.sentence


def test_a_difference_that_hardly_matters_needs_no_seeds():
    found = verdict([0.80, 0.803, 0.80], [0.803, 0.80, 0.80])
    assert seeds_needed(found.gain) is None
    assert "hardly matters" in found.sentence


def test_a_difference_that_seeds_alone_do_not_tell_needs_images():
    found = verdict([0.80, 0.90, 0.80], [0.90, 0.80, 0.80])
    assert "More seeds alone would not tell: more images may" in found.sentence


def test_networks_that_learned_nothing_have_no_verdict():
    found = verdict([0.51, 0.51, 0.51], [0.50, 0.50, 0.50], chance=0.5)
    assert found.verdict == "cannot tell"
    assert "more minutes" in found.sentence
    assert learned(0.53, 0.5)
    assert not learned(0.51, 0.5)


def test_what_networks_gain_when_free_is_in_the_sentence():
    found = verdict([0.5, 0.5, 0.5], [0.8, 0.8, 0.8], [0.9, 0.9, 0.91])
    assert "Free to break it, networks gain 40.3 points" in found.sentence


def test_what_is_broken_is_not_compared_with_augmentation():
    found = verdict([0.5, 0.5, 0.5], [0.8, 0.8, 0.8], rotated=[0.4, 0.4, 0.4])
    assert "RandomRotation" not in found.sentence
    assert found.augmentation.mean == pytest.approx(0.1)


HIGH = [0.90, 0.91, 0.92]


@pytest.mark.parametrize(
    ("rotated", "words"),
    [
        (
            [0.80, 0.81, 0.82],
            "Over RandomRotation C4 gains 10.0 points (10.0 to 10.",
        ),
        ([0.98, 0.99, 1.0], "RandomRotation is better than C4, by 8.0 points (8.0 to "),
        (
            [0.901, 0.911, 0.92],
            "RandomRotation does as well: C4 differs from it by -",
        ),
        (
            [0.85, 0.92, 0.89],
            "Whether RandomRotation does as well cannot be told: C4",
        ),
    ],
)
def test_augmentation_is_in_the_sentence(rotated, words):
    found = verdict(HIGH, [0.80, 0.82, 0.81], rotated=rotated)
    assert found.verdict == "preserve"
    assert words in found.sentence
    assert found.augmentation.mean == pytest.approx(
        sum(HIGH) / 3 - sum(rotated) / 3, abs=1e-9
    )
