import math

import numpy as np
import pytest
from scipy import integrate, stats

from symclone_tf.probe.intervals import (
    CONFIDENCE,
    EFFECTS,
    Interval,
    critical_value,
    paired,
    seeds_needed,
)

from cases import trials


def ever_missed(factors, trials, most):
    """The share of sequences of which any interval misses the mean, from the second."""
    draws = np.random.default_rng(0).normal(0.3, 2.0, size=(trials, most))
    counts = np.arange(1, most + 1)
    means = np.cumsum(draws, axis=1) / counts
    squares = np.cumsum(draws**2, axis=1) - counts * means**2
    errors = np.sqrt(squares[:, 1:] / (counts[1:] - 1) / counts[1:])
    missed = np.abs(means[:, 1:] - 0.3) > factors * errors
    return missed.any(axis=1).mean()


@trials(1000, 4000)
def test_intervals_hold_for_all_numbers_of_seeds_at_once(trials):
    noise = 3 * math.sqrt(0.05 * 0.95 / trials)
    ours = np.array([critical_value(count) for count in range(2, 31)])
    assert ever_missed(ours, trials, 30) <= 0.05 + noise
    # Those of a t-test, looked at after each seed, do not.
    fixed = stats.t.ppf(0.975, np.arange(1, 30))
    assert ever_missed(fixed, trials, 30) > 0.15


@pytest.mark.parametrize("count", [3, 5, 12])
def test_intervals_end_where_the_mixture_of_effects_is_twenty_times_as_likely(count):
    found = critical_value(count)

    def likelihood(effect):
        t_density = stats.nct.pdf(found, count - 1, effect * math.sqrt(count))
        return t_density * stats.norm.pdf(effect, scale=math.sqrt(EFFECTS))

    mixed, _ = integrate.quad(likelihood, -15, 15, limit=200)
    ratio = mixed / stats.t.pdf(found, count - 1)
    assert ratio == pytest.approx(1 / (1 - CONFIDENCE), rel=1e-3)


def test_two_seeds_exclude_nothing():
    assert critical_value(2) == math.inf
    found = paired([0.9, 0.91], [0.1, 0.12])
    assert (found.low, found.high) == (-1, 1)
    assert found.is_vacuous
    assert not found.tells


def test_intervals_are_so_many_standard_errors_wide():
    first, second = [0.91, 0.95, 0.90, 0.93], [0.90, 0.92, 0.91, 0.90]
    found = paired(first, second)
    expected = stats.ttest_rel(first, second)
    standard_error = expected.statistic and found.mean / expected.statistic
    half = critical_value(4) * standard_error
    assert (found.low, found.high) == pytest.approx((0.015 - half, 0.015 + half))
    assert (found.mean, found.count) == (pytest.approx(0.015), 4)
    fixed = expected.confidence_interval(0.95)
    assert found.low < fixed.low < fixed.high < found.high


def test_equal_differences_have_an_interval_of_no_width():
    found = paired([0.9, 0.8, 0.7], [0.8, 0.7, 0.6])
    assert (found.low, found.high) == (found.mean, found.mean)
    assert found.tells
    assert paired([0.9, 0.9, 0.9], [0.9, 0.9, 0.9]).low == 0


def test_so_many_seeds_would_tell():
    found = paired([0.80, 0.86, 0.80], [0.78, 0.79, 0.80])
    assert not found.tells
    needed = seeds_needed(found)
    assert needed > 3
    errors = [found.spread / math.sqrt(count) for count in (needed, needed - 1)]
    assert critical_value(needed) * errors[0] < found.mean
    assert critical_value(needed - 1) * errors[1] >= found.mean


def test_what_a_hundred_seeds_do_not_tell_needs_none():
    assert seeds_needed(Interval(0.001, -0.05, 0.05, 5, 0.04)) is None


@pytest.mark.parametrize(("first", "second"), [([0.9], [0.8]), ([0.9, 0.8], [0.8])])
def test_one_seed_has_no_interval(first, second):
    with pytest.raises(ValueError, match="Two or more pairs"):
        paired(first, second)
