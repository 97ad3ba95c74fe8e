import pytest

import symclone_tf as sc
from symclone_tf.probe import plans
from symclone_tf.probe.candidates import Candidate, candidates_of
from symclone_tf.probe.plans import (
    EPOCHS,
    FEWEST_EPOCHS,
    FEWEST_IMAGES,
    RESERVE,
    Plan,
    Speed,
    make_plan,
)
from symclone_tf.workspace import Workspace

from probes import stripes

CANDIDATES = candidates_of(["t2"])
PLAIN = [candidate for candidate in CANDIDATES if not candidate.has_clones]


@pytest.fixture
def images(tmp_path):
    return sc.data.open_images(stripes(tmp_path / "a.npz", 2000))


@pytest.fixture
def speed(monkeypatch):
    """Networks of a known speed: a second to start, ten steps a second."""
    speed = Speed(1.0, 0.1)
    monkeypatch.setattr(Speed, "of", classmethod(lambda cls, *arguments: speed))
    monkeypatch.setattr(plans, "CLONED", 1.0)
    return speed


def planned(images, minutes, seeds=3):
    return make_plan(CANDIDATES, images, seeds, minutes, Workspace("clones", verbose=0))


def total(plan, seeds=3):
    """Three networks, two of which are trained with few images too."""
    return seeds * sum(
        seconds * (1 if title == "T(2) may break" else 2.25)
        for title, seconds in plan.seconds.items()
    )


@pytest.mark.usefixtures("speed")
@pytest.mark.parametrize("minutes", [8, 15, 30, 60])
def test_a_plan_fills_its_time_and_what_early_stopping_saves(images, minutes):
    plan = planned(images, minutes)
    assert 60 * minutes < total(plan) <= RESERVE * 60 * minutes
    assert plan.validation_size == -(-plan.train_size // 4)
    assert plan.train_size + plan.validation_size <= images.counts["train"]


@pytest.mark.usefixtures("speed")
def test_more_time_is_more_images_and_then_more_epochs(images):
    few, many, all_of_them = (planned(images, minutes) for minutes in (10, 20, 200))
    # What would not do for another batch of images goes into epochs.
    assert all(EPOCHS <= plan.epochs < 1.2 * EPOCHS for plan in (few, many))
    assert few.train_size < many.train_size < all_of_them.train_size == 1280
    assert EPOCHS < all_of_them.epochs <= 3 * EPOCHS


@pytest.mark.usefixtures("speed")
def test_little_time_is_fewer_epochs_of_the_fewest_images(images):
    plan = planned(images, 2)
    assert plan.train_size == FEWEST_IMAGES
    assert FEWEST_EPOCHS <= plan.epochs < EPOCHS


@pytest.mark.usefixtures("speed")
def test_too_little_time_is_refused_with_what_would_do(images):
    with pytest.raises(ValueError, match="`minutes` must be at least") as error:
        planned(images, 1)
    least = int(str(error.value).split("at least ")[1].split()[0])
    assert planned(images, least).train_size == FEWEST_IMAGES
    assert "minutes=1" in str(error.value)


@pytest.fixture
def measured(monkeypatch):
    """The candidates that were timed: clones ten times as slow as convolutions."""
    measured = []

    def of(cls, candidate, *arguments):
        measured.append(candidate)
        return Speed(1.0, 1.0 if candidate.has_clones else 0.1)

    monkeypatch.setattr(Speed, "of", classmethod(of))
    return measured


def test_too_little_time_is_refused_before_anything_is_cloned(images, measured):
    with pytest.raises(ValueError, match=r"at least \d+ here, for 3 networks and 3"):
        planned(images, 0.3)
    assert set(measured) == {PLAIN[0]}
    assert not measured[0].has_clones


def test_what_was_cloned_is_not_refused_any_more(images, measured):
    lines = []
    plan = make_plan(CANDIDATES, images, 3, 3, Workspace(verbose=0), lines.append)
    assert set(measured) == set(CANDIDATES)
    assert measured[0] in PLAIN
    assert (plan.train_size, plan.epochs) == (FEWEST_IMAGES, FEWEST_EPOCHS)
    assert lines[0] == f"Timed 1 of 3 networks: {measured[0].title}"
    assert "minutes rather than 3, with the fewest images" in lines[-1]
    assert int(lines[-1].split("about ")[1].split()[0]) > 3


def test_networks_that_were_not_timed_take_as_long_as_others():
    plan = Plan(128, 32, 40, 8, {"T(2) assumed": 10.0, "C4 assumed": 20.0})
    assert plan.expected(Candidate("c4", "assumed")) == 20
    assert plan.expected(Candidate("t2", "with RandomRotation")) == 15


def test_too_few_images_are_refused(tmp_path):
    few = sc.data.open_images(stripes(tmp_path / "few.npz", 95))
    wanted = "has 76 images to train on: a probe needs 80 or more"
    with pytest.raises(sc.DataError, match=wanted):
        planned(few, 30)


@pytest.mark.usefixtures("speed")
def test_a_hundred_images_are_all_used(tmp_path):
    few = sc.data.open_images(stripes(tmp_path / "few.npz", 120))
    for minutes in (2, 200):
        plan = planned(few, minutes)
        assert (plan.train_size, plan.validation_size, plan.test_size) == (76, 19, 24)


@pytest.mark.slow
def test_speeds_are_those_of_real_networks(images, tmp_path):
    found = Speed.of(CANDIDATES[1], images, Workspace(tmp_path / "clones", verbose=0))
    assert 0 < found.step < found.start
    longer, shorter = (found.seconds(count, 5, 100) for count in (400, 200))
    assert longer > shorter > found.start
