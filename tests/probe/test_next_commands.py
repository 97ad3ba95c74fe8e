import dataclasses

import pytest

from symclone_tf.probe.intervals import paired, seeds_needed
from symclone_tf.probe.next_commands import continuation

from probes import finished


@pytest.fixture
def probe(tmp_path):
    """Of C4 alone, three seeds in 2.5 minutes."""
    found = finished(tmp_path / "stripes.npz")
    verdict = dataclasses.replace(found.verdicts[1], verdict="cannot tell")
    return dataclasses.replace(found, verdicts=[verdict])


def with_gain(probe, first, second):
    (verdict,) = probe.verdicts
    gain = paired(first, second)
    return dataclasses.replace(
        probe, verdicts=[dataclasses.replace(verdict, gain=gain)]
    )


def test_what_is_told_needs_nothing(tmp_path):
    assert continuation(finished(tmp_path / "stripes.npz")) == {}


def test_more_seeds_take_as_long_as_those_before(probe):
    found = with_gain(probe, [0.80, 0.86, 0.80], [0.78, 0.79, 0.80])
    seeds = seeds_needed(found.verdicts[0].gain)
    more = continuation(found)
    assert more["seeds"] == seeds
    assert 2.5 * seeds / 3 < more["minutes"] < 1 + 1.2 * 2.5 * seeds / 3


def test_what_seeds_do_not_tell_needs_more_images(probe):
    found = with_gain(probe, [0.80, 0.90, 0.80], [0.90, 0.80, 0.80])
    assert continuation(found) == {}  # all 160 images are used
    images = dataclasses.replace(found.images, counts={"train": 161, "test": 40})
    assert continuation(dataclasses.replace(found, images=images)) == {"minutes": 10}


def test_what_hardly_matters_needs_nothing(probe):
    found = with_gain(probe, [0.80, 0.803, 0.80], [0.803, 0.80, 0.80])
    assert continuation(found) == {}


def test_networks_that_learned_nothing_need_more_minutes(probe):
    runs = [dataclasses.replace(run, accuracy=0.5) for run in probe.runs]
    found = with_gain(probe, [0.5, 0.51, 0.5], [0.5, 0.5, 0.51])
    assert continuation(dataclasses.replace(found, runs=runs)) == {"minutes": 10}
