import dataclasses
import json

import pytest

import symclone_tf as sc
from symclone_tf.probe.candidate_runs import Run
from symclone_tf.probe.candidates import Candidate
from symclone_tf.probe.plans import Plan
from symclone_tf.probe.probe_files import Kept

OPTIONS = {"data": "a.npz", "groups": ["t2"], "seeds": 2, "minutes": 3}
PLAN = Plan(128, 32, 40, 8, {"T(2) assumed": 1.5})
RUN = Run("t2", "assumed", 0, 128, 0.9, 0.3, 0.5, 8, 99, 1.25, {"conv_1": 1e-7})


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "probe.json"
    Kept(OPTIONS, PLAN, 2.0, [RUN]).write(file)
    return file


def test_a_probe_is_read_as_it_was_written(file):
    found = Kept.read(file, OPTIONS)
    assert (found.plan, found.runs, found.seconds) == (PLAN, [RUN], 3.25)
    assert found.has(Candidate("t2", "assumed"), 0, 128)
    assert not found.has(Candidate("t2", "assumed"), 1, 128)
    assert not found.has(Candidate("t2", "assumed"), 0, 32)


def test_without_a_file_there_is_nothing_yet(tmp_path):
    found = Kept.read(tmp_path / "none.json", OPTIONS)
    assert (found.plan, found.runs, found.seconds) == (None, [], 0)


def test_probes_of_0_2_are_continued_under_todays_names(file):
    kept = json.loads(file.read_text())
    kept["runs"][0]["kind"] = "may leave"
    kept["plan"]["seconds"] = {"C4 may leave": 1.5}
    file.write_text(json.dumps(kept))
    found = Kept.read(file, OPTIONS)
    assert found.runs[0].kind == "may break"
    assert found.plan.seconds == {"C4 may break": 1.5}


def test_probes_begun_before_there_was_a_choice_of_students_had_local_ones(file):
    options = OPTIONS | {"student": "local", "regions": None, "keep_together": None}
    assert Kept.read(file, options).options == options
    with pytest.raises(sc.ArtifactError, match="a probe with student=local: give"):
        Kept.read(file, options | {"student": "regional"})


@pytest.mark.parametrize(("name", "value"), [("seeds", 6), ("minutes", 9)])
def test_a_probe_continues_with_more(file, name, value):
    assert Kept.read(file, OPTIONS | {name: value}).runs == [RUN]


@pytest.mark.parametrize(
    ("name", "value"),
    [("data", "b.npz"), ("groups", ["c4"]), ("minutes", 2), ("seeds", 1)],
)
def test_a_probe_of_something_else_is_not_continued(file, name, value):
    before = file.read_bytes()
    with pytest.raises(sc.ArtifactError, match=f"Received: {name}="):
        Kept.read(file, OPTIONS | {name: value})
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "value"),
    [("accuracy", "high"), ("seed", 0.5), ("errors", [1]), ("unknown", 1)],
)
def test_a_run_of_other_fields_is_refused(file, name, value):
    kept = json.loads(file.read_text())
    kept["runs"][0][name] = value
    file.write_text(json.dumps(kept))
    with pytest.raises(sc.ArtifactError, match="is not a probe"):
        Kept.read(file, OPTIONS)


def test_options_that_are_no_numbers_do_not_grow(file):
    kept = json.loads(file.read_text())
    kept["options"]["seeds"] = "two"
    file.write_text(json.dumps(kept))
    with pytest.raises(sc.ArtifactError, match="a probe with seeds=two"):
        Kept.read(file, OPTIONS)


@pytest.mark.parametrize("text", ["", "[]", '{"options": {}}', "{", '{"plan": 3}'])
def test_what_is_not_a_probe_is_refused(file, text):
    file.write_text(text)
    with pytest.raises(sc.ArtifactError, match="is not a probe"):
        Kept.read(file, OPTIONS)


def test_results_join_what_is_there(file):
    found = dataclasses.replace(Kept.read(file, OPTIONS), results={"verdicts": [1]})
    found.write(file)
    assert '"verdicts"' in file.read_text()
    assert Kept.read(file, OPTIONS).runs == [RUN]
