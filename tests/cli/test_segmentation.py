import json
import pathlib

import pytest

from segmented import shapes, write_pairs


@pytest.fixture
def cells(tmp_path):
    images, masks = shapes(20)
    return write_pairs(tmp_path / "cells", images, masks)


def test_a_unet_is_trained_on_images_and_masks(run, cells):
    options = ("--architecture", "gcnn", "--epochs", 1, "--data", cells)
    result = run("train", "--task", "segmentation", "--group", "flip", *options)
    assert result.exit_code == 0
    path = pathlib.Path("trained", "flip-cells-segmentation-gcnn", "1")
    for shown in (str(path), "Mean IoU", "Intersection over union", "network"):
        assert shown in result.stdout
    metrics = json.loads((path / "assets.extra" / "metrics.json").read_text())
    assert f"{metrics['mean_iou']:.2%}" in result.stdout
    assert metrics["options"]["batch_size"] == 16
    assert "mean_iou" in result.stderr
    assert f"symclone-tf evaluate {path} --group flip" in result.stdout
    evaluated = run("evaluate", path, "--group", "flip", "--data", cells)
    assert evaluated.exit_code == 0
    assert "measured on 4 images" in evaluated.stdout  # and not on masks


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "--task segmentation needs --data"),
        (("--data", "a", "--max-translation", 3), "--max-translation is for tasks"),
        (
            ("--data", "a", "--architecture", "mlp"),
            "gcnn or cloned. Received: mlp",
        ),
        (("--data", "nowhere"), "--data must be a folder with images and masks"),
    ],
)
def test_what_does_not_fit_is_refused_before_work(run, options, message):
    result = run("train", "--task", "segmentation", "--group", "c4", *options)
    assert result.exit_code in (1, 2)
    assert message in result.stderr
    assert not pathlib.Path("trained").exists()


def test_a_network_that_has_not_learned_is_said_to_have_not(run, cells):
    options = ("--architecture", "cnn", "--epochs", 1, "--learning-rate", 1e-9)
    result = run(
        "train", "--task", "segmentation", "--group", "c4", "--data", cells, *options
    )
    assert "This network has not learned: its mean IoU is no better" in result.stdout
    assert "than 1e-09" in result.stdout


def test_other_tasks_refuse_masks(run, cells):
    result = run("train", "--group", "c4", "--data", cells, "--architecture", "cnn")
    assert "train with --task segmentation" in result.stderr
