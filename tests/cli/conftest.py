import pytest
from click.testing import CliRunner

from symclone_tf.cli.main import main


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a command in an empty folder, in this process."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.fixture
def refused(run, tmp_path):
    """Runs a command that must be refused before it has done anything."""

    def check(*arguments, code=2):
        before = sorted(tmp_path.rglob("*"))
        result = run(*arguments)
        assert result.exit_code == code
        assert result.stdout == ""
        assert result.stderr.startswith("Error: ")
        assert result.stderr.count("\n") == 1
        assert sorted(tmp_path.rglob("*")) == before
        return result.stderr

    return check
