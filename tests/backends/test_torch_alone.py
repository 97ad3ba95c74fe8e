"""PyTorch's own files, which Keras writes on PyTorch alone."""

import keras
import numpy as np
import pytest
from packaging.version import Version

import symclone_tf as sc
from symclone_tf import layers, teachers

from clones import relative, solved
from networks import on_group, plain
from other_backends import BACKEND

pytestmark = pytest.mark.skipif(
    Version(keras.__version__) < Version("3.15"), reason="an older Keras writes none"
)
on_torch = pytest.mark.skipif(BACKEND != "torch", reason="it is PyTorch's")


def clones(student, symmetry):
    def made():
        found = solved("c4", image_size=8, student=student)
        return keras.Sequential(
            [keras.Input((8, 8, 2)), layers.ClonedConv2D(3, found, symmetry)]
        )

    return made


def attention(**options):
    def made():
        teacher = teachers.ConvTeacher("t2", 4, padding="same")
        how = {"student": "relative-attention", "solver": "closed-form", "verbose": 0}
        student, _ = sc.clone(teacher, **how)
        layer = layers.ClonedAttention(student, 4, content_share=0.3, **options)
        return keras.Sequential([keras.Input((16, 9)), layer])

    return made


def group_convolutions():
    convolutions = [
        layers.GroupConv2D(3, 3, group="d4", padding="same"),
        layers.CentredMaxPooling2D(),
        layers.UntiedGroupConv2D(2, 3, group="d4"),
    ]
    return keras.Sequential([keras.Input((9, 9, 2)), *convolutions])


NETWORKS = {
    "Dense clones, frozen": clones("dense", "frozen"),
    "local clones, trainable": clones("local", "trainable"),
    "regional clones, anchored": clones("regional", "anchored"),
    "attention": attention(),
    "attention of other values": attention(value_dim=3),
    "group convolutions": group_convolutions,
    "on a group": lambda: on_group("c4"),
    "relaxed": lambda: sc.relax(plain(), verbose=0)[0],
    "invariant": lambda: sc.symmetrize(plain(), "c4")[0],
}


@on_torch
# PyTorch's own, of weights that are parts of one tensor.
@pytest.mark.filterwarnings("ignore:No complete tensor found in the group")
@pytest.mark.parametrize("name", NETWORKS)
def test_files_compute_what_networks_do_for_any_number_of_images(name, tmp_path, rng):
    import torch

    model = NETWORKS[name]()
    file = str(tmp_path / "model.pt2")
    many = {0: torch.export.Dim("batch", min=1, max=64)}
    model.export(file, format="torch", verbose=False, dynamic_shapes=many)
    program = torch.export.load(file).module()
    for count in (1, 5):
        images = rng.normal(size=(count, *model.input_shape[1:])).astype("float32")
        found = program(torch.tensor(images)).detach().numpy()
        assert relative(found, np.asarray(model(images))) < 1e-6


@pytest.mark.skipif(BACKEND == "torch", reason="PyTorch writes them")
def test_others_do_not_write_them(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    with pytest.raises(ValueError, match="requires PyTorch"):
        model.export(str(tmp_path / "model.pt2"), format="torch")
