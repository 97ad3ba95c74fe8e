import pytest

import symclone_tf as sc


def test_measures_on_fresh_data(run, small_clone, tmp_path):
    student, report = small_clone
    path = sc.export(student, tmp_path, report)
    result = run("evaluate", path.parent, "--seed", 5)
    assert result.exit_code == 0
    assert f"{sc.nmse(student, seed=5):.1e}" in result.stdout
    assert (
        f"{sc.cloning.student_equivariance_error(student, seed=5):.1e}" in result.stdout
    )
    assert "C4 lifting 8×8" in result.stdout
    assert run("evaluate", path, "--seed", 5).stdout == result.stdout


def test_damage_to_the_weights_shows(run, small_clone, tmp_path):
    student, _ = small_clone
    copy = sc.load(sc.export(student, tmp_path))
    copy.encoder.kernel.assign(copy.encoder.kernel * 1.1)
    path = sc.export(copy, tmp_path / "damaged")
    assert "1.0e-02" in run("evaluate", path).stdout


def test_folder_that_is_no_artifact_is_refused(refused, tmp_path):
    (tmp_path / "folder").mkdir()
    for path in ("folder", "nowhere", "."):
        message = refused("evaluate", path)
        assert f"{path} is not an exported clone" in message
        assert "exported/c4-lifting-28x28-k3" in message


def test_counts_are_checked(refused):
    assert "'--images'" in refused("evaluate", "anything", "--images", 0)


@pytest.mark.parametrize(
    ("option", "value", "accepted"),
    [("--kernels", 10**9, "1<=x<=1000"), ("--images", 10**12, "1<=x<=1000000")],
)
def test_measurements_that_no_machine_could_hold_are_refused(
    refused, small_clone, tmp_path, option, value, accepted
):
    path = sc.export(small_clone[0], tmp_path)
    message = refused("evaluate", path, option, value)
    assert str(value) in message
    assert accepted in message
