import json

import pytest

import symclone_tf as sc
from symclone_tf.probe import plans as probe_plans
from symclone_tf.probe import probing
from symclone_tf.probe.candidates import Candidate

from probes import stripes


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("probe")
    stripes(folder / "stripes.npz")
    return folder


@pytest.fixture(scope="module")
def found(folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(probe_plans, "EPOCHS", 8)  # bars are learned soon
        return probed(folder)


def probed(folder, **options):
    return sc.probe.probe(
        folder / "stripes.npz",
        **{"groups": ["c4"], "seeds": 2, "minutes": 20} | options,
        output=folder / "probe",
        workspace=sc.workspace.Workspace(folder / "clones", verbose=0),
    )


@pytest.mark.slow
def test_bars_that_quarter_rotations_exchange_break_c4(found):
    (verdict,) = found.verdicts
    assert verdict.group == "c4"
    assert verdict.gain.mean < -0.2
    assert (found.recommendation.group, found.recommendation.kind) != ("c4", "assumed")


@pytest.mark.slow
def test_networks_that_assume_a_symmetry_preserve_it_and_free_ones_break_it(found):
    errors = {(run.group, run.kind): max(run.errors.values()) for run in found.runs}
    assert errors["c4", "assumed"] < 1e-5
    assert errors["c4", "may break"] > 0.05


@pytest.mark.slow
def test_everything_is_written(found, folder):
    kept = json.loads((folder / "probe" / "probe.json").read_text())
    assert len(kept["runs"]) == len(found.runs) == 2 * (2 + 2 + 1 + 1)
    assert kept["verdicts"][0]["augmentation"]["count"] == 2
    assert kept["verdicts"][0]["sentence"] == found.verdicts[0].sentence
    assert kept["recommendation"]["code"] == found.recommendation.code
    assert kept["images"]["classes"] == ["across", "along"]
    assert kept["versions"]["keras"]


@pytest.mark.slow
def test_it_goes_on_after_the_last_run(found, folder, monkeypatch):
    file = folder / "probe" / "probe.json"
    whole = file.read_bytes()
    kept = json.loads(whole)
    kept["runs"] = kept["runs"][:-1]
    file.write_text(json.dumps(kept))
    done = []
    monkeypatch.setattr(
        probing, "run", lambda candidate, *a, **b: done.append(candidate) or run(found)
    )

    def run(found):
        return found.runs[-1]

    again = probed(folder)
    assert done == [Candidate("c4", "may break")]
    assert again.verdicts == found.verdicts
    monkeypatch.undo()
    assert json.loads(file.read_bytes())["runs"] == json.loads(whole)["runs"]


@pytest.mark.slow
def test_a_probe_of_an_earlier_version_gets_networks_with_augmentation(
    found, folder, monkeypatch
):
    file = folder / "probe" / "probe.json"
    whole = file.read_bytes()
    kept = json.loads(whole)
    learner = "with RandomRotation"
    kept["runs"] = [each for each in kept["runs"] if each["kind"] != learner]
    del kept["plan"]["seconds"][f"T(2) {learner}"]
    file.write_text(json.dumps(kept))
    trained = {each.seed: each for each in found.runs if each.kind == learner}
    monkeypatch.setattr(
        probing, "run", lambda candidate, a, b, c, seed, *rest: trained[seed]
    )
    assert probed(folder).verdicts == found.verdicts
    assert len(json.loads(file.read_bytes())["runs"]) == len(json.loads(whole)["runs"])
    file.write_bytes(whole)


@pytest.mark.slow
def test_a_third_seed_is_left_out_where_time_is_short(found, folder):
    kept = probing.Kept.read(folder / "probe" / "probe.json", {})
    assert probing._time_left(kept, 2)
    kept.options["minutes"] = kept.seconds / 60 / 1.2
    assert not probing._time_left(kept, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seeds": 1}, "`seeds` must be at least 2"),
        ({"groups": []}, "`groups` must have one or more"),
        ({"groups": ["c65"]}, "c65"),
        ({"minutes": -1}, "`minutes` must be"),
        ({"minutes": float("inf")}, "`minutes` must be"),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(tmp_path, options, message):
    stripes(tmp_path / "stripes.npz")
    with pytest.raises(ValueError, match=message):
        probed(tmp_path, **options)
    assert [path.name for path in tmp_path.iterdir()] == ["stripes.npz"]


@pytest.mark.slow
def test_it_goes_on_with_more_seeds_on_the_same_images(found, folder):
    whole = found.plan.train_size, found.plan.test_size
    kept = probing.Kept.read(folder / "probe" / "probe.json", {})
    kept.options["minutes"] = kept.seconds / 60 / 1.2
    with pytest.raises(ValueError, match="for 4 seeds, of which 2 are done"):
        probing._check_time(kept, 4)
    more = probed(folder, seeds=3, minutes=60)
    assert (more.plan.train_size, more.plan.test_size) == whole
    assert {run.seed for run in more.runs} == {0, 1, 2}
    assert more.runs[: len(found.runs)] == found.runs
    assert more.verdicts[0].gain.count == 3
