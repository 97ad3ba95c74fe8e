from symclone_tf.probe.candidates import Candidate
from symclone_tf.probe.plans import Plan
from symclone_tf.probe.probe_progress import ProbeProgress

CANDIDATE = Candidate("t2", "assumed")
PLAN = Plan(128, 32, 40, 8, {CANDIDATE.title: 10.0})


def test_each_run_ends_where_it_was_expected_to(capsys):
    with ProbeProgress(20.0, disable=False) as bar:
        task = bar._progress.tasks[0]
        with bar.run("first", CANDIDATE, PLAN) as watch:
            watch.set_params({"epochs": 4})
            watch.on_epoch_end(0)
            assert task.completed == 2.5
            watch.on_epoch_end(1)  # and stopped early
        assert task.completed == 10
        with bar.run("second", CANDIDATE, PLAN):
            pass
        assert task.completed == task.total == 20
    assert "second" in capsys.readouterr().err


def test_silence_is_silence(capsys):
    with ProbeProgress(10.0, disable=True) as bar, bar.run("x", CANDIDATE, PLAN):
        pass
    assert capsys.readouterr().err == ""
