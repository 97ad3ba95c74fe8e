import pytest

import symclone_tf as sc
from symclone_tf.data import open_segmented
from symclone_tf.experiments import Segmentation
from symclone_tf.workspace import Workspace

from segmented import shapes


def test_sizes_are_those_of_the_images():
    images = open_segmented(shapes(10, size=18))
    found = Segmentation("gcnn", data="cells").complete(images)
    assert (found.image_size, found.canvas) == (18, 20)
    assert (found.train_size, found.test_size) == (8, 2)
    assert found.recipe == "validated"


def test_clones_have_an_option_for_each_convolution():
    options = {"data": "cells", "image_size": 16}
    kinds = ",".join(["frozen"] * 9 + ["anchored"])
    found = Segmentation("cloned", symmetry=kinds, **options).complete()
    assert found.anchor == "transformed-inputs"
    with pytest.raises(ValueError, match="or 10 separated by commas"):
        Segmentation("cloned", symmetry="frozen,anchored", **options).complete()


def test_artifacts_say_what_they_are():
    found = Segmentation("gcnn", "d4", data="cells", image_size=16)
    assert found.name == "d4-cells-segmentation-gcnn"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"architecture": "mlp"}, "`architecture` must be one of cnn, gcnn, cloned"),
        ({"task": "breaking"}, "`task` must be one of segmentation"),
        ({"max_translation": 3}, "`max_translation` is for tasks that transform"),
        ({"canvas": 12}, "`canvas` must be a multiple of 4"),
        ({"canvas": 16, "image_size": 20}, "`canvas` must be at least 20"),
        ({"augment": "turn"}, "`augment` must be"),
    ],
)
def test_what_is_not_accepted_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Segmentation(**{"architecture": "gcnn", "data": "cells"} | options).complete()


def test_data_must_be_given():
    with pytest.raises(sc.DataError, match="Segmentation needs `data`"):
        Segmentation("gcnn").open(Workspace(verbose=0))
