import signal

import pytest

from symclone_tf.probe.candidates import Candidate
from symclone_tf.probe.plans import Plan
from symclone_tf.probe.probe_progress import ProbeProgress, tell

CANDIDATE = Candidate("t2", "assumed")
PLAN = Plan(128, 32, 40, 8, {CANDIDATE.title: 10.0})


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.usefixtures("terminal")
def test_each_run_ends_where_it_was_expected_to(capsys):
    with ProbeProgress(20.0, 2, disable=False) as bar:
        task = bar._progress.tasks[0]
        with bar.run("first", CANDIDATE, PLAN) as watch:
            watch.set_params({"epochs": 4})
            watch.on_epoch_end(0)
            assert task.completed == 2.5
            watch.on_epoch_end(1)  # and stopped early
        assert task.completed == 10
        bar.ended("first", 0.5)
        with bar.run("second", CANDIDATE, PLAN):
            pass
        assert task.completed == task.total == 20
    shown = capsys.readouterr().err
    assert "second" in shown
    assert "50.0%" not in shown  # there is a bar


def test_a_file_gets_a_line_for_each_run_with_what_remains(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    plan = Plan(128, 32, 40, 8, {CANDIDATE.title: 300.0})
    with ProbeProgress(1200.0, 4, disable=False) as bar:
        assert capsys.readouterr().err == "4 networks to train, in 20 minutes or so\n"
        with bar.run("T(2) assumed, seed 0", CANDIDATE, plan):
            now[0] = 600.0  # twice as long as planned
        bar.ended("T(2) assumed, seed 0", 0.613)
        line = "1 of 4: T(2) assumed, seed 0: 61.3%; 30 minutes or so left\n"
        assert capsys.readouterr().err == line
    assert capsys.readouterr().err == ""


@pytest.fixture
def interruptible():
    """A process that is started in the background may ignore interruptions."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interruption_that_python_ignores_ends_a_run_after_a_batch():
    with ProbeProgress(10.0, 1, disable=True) as bar:
        with bar.run("x", CANDIDATE, PLAN) as watch:
            watch.on_train_batch_end(0)
            signal.raise_signal(signal.SIGINT)
            with pytest.raises(KeyboardInterrupt):
                watch.on_train_batch_end(1)
            with pytest.raises(KeyboardInterrupt):  # the second one, at once
                signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            watch.stop_if_interrupted()
        with pytest.raises(KeyboardInterrupt):  # as ever, between runs
            signal.raise_signal(signal.SIGINT)


def test_interruptions_that_are_ignored_stay_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        bar = ProbeProgress(10.0, 1, disable=True)
        with bar, bar.run("x", CANDIDATE, PLAN) as watch:
            signal.raise_signal(signal.SIGINT)
            watch.on_train_batch_end(1)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_silence_is_silence(capsys):
    with ProbeProgress(10.0, 1, disable=True) as bar, bar.run("x", CANDIDATE, PLAN):
        pass
    bar.ended("x", 0.5)
    tell("Timed", disable=True)
    assert capsys.readouterr().err == ""


def test_long_lines_are_told_as_they_are(capsys):
    line = "Timed 2 of 16 networks: [T(2)] " + "with RandomFlip " * 12
    tell(line)
    assert capsys.readouterr().err == line + "\n"
