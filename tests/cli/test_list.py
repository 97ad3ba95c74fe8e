import symclone_tf as sc

from clones import dense


def test_shows_figures_of_the_newest_versions(run, small_clone, tmp_path):
    student, report = small_clone
    for _ in range(2):
        sc.export(student, tmp_path / "exported", report)
    sc.export(dense("t2", image_size=5, seed=0), tmp_path / "exported")
    result = run("list")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    c4 = next(line for line in lines if "c4-lifting-8x8-k3" in line)
    assert f"{report.nmse:.1e}" in c4
    assert f"{report.equivariance_error:.1e}" in c4
    assert " 2 " in c4
    assert any("t2-5x5-k3" in line and "–" in line for line in lines)
    assert run("list", "exported").stdout == result.stdout


def test_teachers_own_errors_have_a_column_if_any_has_one(run, small_clone, tmp_path):
    sc.export(*small_clone[:1], tmp_path / "exported", small_clone[1])
    assert "Teacher's own" not in run("list").stdout
    teacher = sc.ConvTeacher("c8", image_size=8)
    student, report = sc.clone(teacher, solver="closed-form", verbose=0)
    sc.export(student, tmp_path / "exported", report)
    c4, c8 = (line for line in run("list").stdout.splitlines() if "lifting" in line)
    assert "–" in c4
    assert c8.count(f"{report.teacher_equivariance_error:.1e}") == 2  # the clone's too
    assert "Teacher's own" in run("list").stdout


def test_empty_folder_says_what_to_run(run, tmp_path):
    result = run("list", tmp_path)
    assert result.exit_code == 0
    assert "symclone-tf clone --group c4" in result.stdout


def test_missing_folder_is_refused(refused):
    assert "nowhere is not a folder" in refused("list", "nowhere")


def test_nothing_cloned_yet_says_what_to_run(run):
    result = run("list")
    assert result.exit_code == 0
    assert "No clones in exported. symclone-tf clone --group c4" in result.stdout
