"""Measurements run in processes of their own, each on its backend."""

import pytest

from benchmarks.on_backends import TITLES, installed, run_on
from symclone_tf.backends import BACKENDS


def test_all_backends_of_the_package_have_a_title():
    assert tuple(TITLES) == BACKENDS
    assert "tensorflow" in installed()


def test_what_a_process_prints_last_is_read(monkeypatch, tmp_path):
    code = "import json, os, sys; print('…'); print(json.dumps([*sys.argv[1:], {0}]))"
    code = code.format("os.environ['KERAS_BACKEND']")
    (tmp_path / "said.py").write_text(code, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert run_on("jax", "said", "a", "b") == ["a", "b", "jax"]
    (tmp_path / "failed.py").write_text("raise SystemExit('so')", encoding="utf-8")
    with pytest.raises(RuntimeError, match=r"failed on torch: so"):
        run_on("torch", "failed")
