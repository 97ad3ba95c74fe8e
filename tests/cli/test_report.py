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


def test_nothing_to_report_says_what_to_run(refused):
    assert "symclone-tf clone --group c4" in refused("report")


def test_bad_input_is_one_line(refused, tmp_path):
    assert "'--group'" in refused("report", "--group", "c8")
    (tmp_path / "mine.html").write_text("mine")
    assert "give another --output" in refused("report", "--output", "mine.html")
