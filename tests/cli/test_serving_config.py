import pytest

import symclone_tf as sc


@pytest.fixture
def exported(small_clone, tmp_path):
    return sc.export(small_clone[0], tmp_path / "exported")


@pytest.mark.usefixtures("exported")
def test_writes_the_configuration_and_prints_all_commands(run, tmp_path):
    result = run("serving-config")
    assert result.exit_code == 0
    config = tmp_path / "exported" / "models.config"
    assert str(tmp_path / "exported" / "c4-lifting-8x8-k3") in config.read_text()
    lines = result.stdout.splitlines()
    assert lines[0] == "Wrote exported/models.config. Models in it: 1. To serve them:"
    for start in ("docker run --rm", "tensorflow_model_server --port=8500"):
        line = next(line for line in lines if line.startswith(start))
        assert line.endswith(f"--model_config_file={config}")
    curl = next(line for line in lines if line.startswith("curl -d @"))
    assert (tmp_path / curl.split()[2].lstrip("@")).is_file()


def test_warmup_and_output_do_what_they_say(run, exported, tmp_path):
    result = run("serving-config", "exported", "--warmup", "--output", "my.config")
    assert result.exit_code == 0
    assert (exported / "assets.extra" / "tf_serving_warmup_requests").is_file()
    assert (tmp_path / "my.config").is_file()


def test_folder_without_models_is_refused(refused, tmp_path):
    assert "holds no SavedModels" in refused("serving-config", tmp_path)
    assert "nowhere is not a folder" in refused("serving-config", "nowhere")
