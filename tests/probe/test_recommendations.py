import shutil

import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.data import open_images
from symclone_tf.probe.recommendations import recommend
from symclone_tf.probe.verdicts import judge

from cases import later
from probes import finished, stripes

FEW = ([0.6, 0.7], [0.5, 0.55])


@pytest.fixture
def images(tmp_path):
    return open_images(stripes(tmp_path / "stripes.npz"))


def advice(images, **by_group):
    """Lists of accuracies: assumed, without, may break."""
    verdicts, found = [], {}
    for group, (assumed, without, breaking) in by_group.items():
        verdicts.append(judge(group, group, assumed, without, breaking, FEW))
        found |= {(group, "assumed"): assumed, (group, "may break"): breaking}
        other = ("t2", "without") if group == "t2" else ("t2", "assumed")
        found[other] = without
    return recommend(images, verdicts, found, 8, sc.workspace.Workspace())


HIGH, LOW, MIDDLE = [0.90, 0.91], [0.70, 0.71], [0.80, 0.81]


def test_a_symmetry_to_preserve_is_assumed(images):
    found = advice(images, c4=(HIGH, LOW, HIGH))
    assert (found.group, found.kind) == ("c4", "assumed")
    assert "assuming C4 gains significantly" in found.sentence


def test_of_several_to_preserve_the_one_that_gains_most(images):
    found = advice(images, c2=(MIDDLE, LOW, MIDDLE), d4=(HIGH, LOW, HIGH))
    assert found.group == "d4"


@pytest.mark.parametrize(("group", "title"), [("flip", "Flip"), ("c8", "C8")])
def test_reflections_and_any_angle_are_recommended_too(images, group, title):
    found = advice(images, c4=(MIDDLE, LOW, MIDDLE), **{group: (HIGH, LOW, HIGH)})
    assert found.sentence.startswith(f"{title}, assumed: assuming {title} gains")
    assert f'network_students("{group}", 16' in found.code
    assert f'"cloned", "{group}"' in found.code


def test_where_none_is_to_be_preserved_translations_alone_are_assumed(images):
    found = advice(images, c4=(LOW, HIGH, MIDDLE))
    assert (found.group, found.kind) == ("t2", "assumed")
    assert "no rotation or reflection" in found.sentence


def test_what_is_significantly_better_when_free_is_anchored(images):
    found = advice(images, t2=(LOW, LOW, MIDDLE), c4=(LOW, LOW, HIGH))
    assert (found.group, found.kind) == ("c4", "may break")
    assert 'symmetry="anchored"' in found.code


def test_what_costs_is_not_assumed(images):
    found = advice(images, t2=(LOW, HIGH, LOW))
    assert (found.group, found.kind) == ("t2", "may break")
    assert "assuming T(2) costs" in found.sentence


def test_lines_have_the_students_of_the_probe(images):
    verdict = judge("c4", "c4", HIGH, LOW, HIGH, FEW)
    found = {("c4", "assumed"): HIGH, ("t2", "assumed"): LOW}
    arguments = images, [verdict], found, 8, sc.workspace.Workspace()
    assert ', 16, student="local")' in recommend(*arguments).code
    code = recommend(*arguments, student="regional", regions=[2, 3]).code
    assert '"c4", 16, student="regional", regions=(2, 3))' in code
    assert ', student="regional")' in recommend(*arguments, student="regional").code


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["assumed", later("may break")])
def test_lines_run_as_they_are_printed(tmp_path, monkeypatch, kind, local_clones, rng):
    monkeypatch.chdir(tmp_path)
    if kind == "assumed":  # and else the lines make what is missing
        shutil.copytree(local_clones, "exported")
    found = finished("stripes.npz").recommendation
    code = found.code.replace("epochs=8", "epochs=1")
    if kind == "may break":
        assert found.kind == "assumed"
        code = code.replace("width=2)", 'width=2, symmetry="anchored")')
        assert "anchored" in code
    exec(compile(code, "<printed>", "exec"), {})
    model = keras.saving.load_model("recommended.keras")
    images = rng.uniform(0, 255, (4, *model.input_shape[1:])).astype("float32")
    plain = sc.fuse_network(model).model
    # Logits of noise are large, and so is their rounding.
    np.testing.assert_allclose(plain(images), model(images), atol=0.01)
