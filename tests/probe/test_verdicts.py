import pytest
from scipy import stats

from symclone_tf.probe.verdicts import judge, paired, seeds_needed

FEW = ([0.6, 0.7, 0.65], [0.5, 0.55, 0.6])


def verdict(assumed, without, breaking=None, chance=0.1):
    return judge("c4", "C4", assumed, without, breaking or assumed, FEW, chance)


def test_intervals_are_those_of_a_paired_t_test():
    first, second = [0.91, 0.95, 0.90, 0.93], [0.90, 0.92, 0.91, 0.90]
    found = paired(first, second)
    expected = stats.ttest_rel(first, second).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert (found.mean, found.count) == (pytest.approx(0.015), 4)


def test_equal_differences_have_an_interval_of_no_width():
    found = paired([0.9, 0.8, 0.7], [0.8, 0.7, 0.6])
    assert (found.low, found.high) == (found.mean, found.mean)
    assert paired([0.9, 0.9], [0.9, 0.9]).low == 0


def test_what_gains_significantly_is_preserved():
    found = verdict([0.90, 0.91, 0.92], [0.80, 0.82, 0.81])
    assert found.verdict == "preserve"
    assert found.sentence.startswith("Preserve C4: assuming it gains 10.0 points")
    assert found.little.mean == pytest.approx(0.1)


def test_what_costs_significantly_is_broken():
    found = verdict([0.50, 0.51, 0.50], [0.80, 0.82, 0.81])
    assert found.verdict == "break"
    assert found.sentence.startswith("Break C4: assuming it costs 30.7 points (")


def test_a_difference_within_its_spread_needs_more_seeds():
    found = verdict([0.80, 0.86, 0.80], [0.81, 0.79, 0.80])
    assert found.verdict == "cannot tell"
    needed = seeds_needed(found.gain)
    assert f"About {needed} seeds would tell" in found.sentence
    half = stats.t.ppf(0.975, needed - 1) * found.gain.spread / needed**0.5
    assert half < found.gain.mean


def test_a_difference_that_hardly_matters_needs_no_seeds():
    found = verdict([0.80, 0.82, 0.80], [0.82, 0.80, 0.80])
    assert seeds_needed(found.gain) is None
    assert "hardly matters" in found.sentence


def test_networks_that_learned_nothing_have_no_verdict():
    found = verdict([0.51, 0.51, 0.51], [0.50, 0.50, 0.50], chance=0.5)
    assert found.verdict == "cannot tell"
    assert "more minutes" in found.sentence


def test_what_networks_gain_when_free_is_in_the_sentence():
    found = verdict([0.5, 0.5, 0.5], [0.8, 0.8, 0.8], [0.9, 0.9, 0.91])
    assert "Free to break it, networks gain 40.3 points" in found.sentence


@pytest.mark.parametrize(("first", "second"), [([0.9], [0.8]), ([0.9, 0.8], [0.8])])
def test_one_seed_has_no_interval(first, second):
    with pytest.raises(ValueError, match="Two or more pairs"):
        paired(first, second)
