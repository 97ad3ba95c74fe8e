import pytest

pytestmark = pytest.mark.usefixtures("without_mnist")


@pytest.mark.slow
def test_writes_one_page(run, drawn_from, tmp_path):
    clones, folder = drawn_from["workspace"].clones, drawn_from["benchmark"]
    options = ["--clones", clones, "--benchmark", folder]
    result = run("report", *options)
    assert result.exit_code == 0
    assert result.stdout.startswith("Wrote report.html, ")
    assert '<h2 id="c4">C4</h2>' in (tmp_path / "report.html").read_text("utf-8")


@pytest.mark.slow
def test_regional_clones_are_reported(run, tmp_path):
    options = ["--student", "regional", "--regions", "2x2", "--solver", "closed-form"]
    made = run("clone", "--group", "t2", "--image-size", 10, *options)
    assert made.exit_code == 0, made.output
    result = run("report")
    assert result.exit_code == 0, result.output
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "t2-10x10-k3-regional-r2x2" in page


def test_nothing_to_report_says_what_to_run(refused):
    assert "symclone-tf clone --group c4" in refused("report")


def test_bad_input_is_one_line(refused, tmp_path):
    assert "'--group'" in refused("report", "--group", "c1")
    (tmp_path / "mine.html").write_text("mine")
    assert "give another --output" in refused("report", "--output", "mine.html")
