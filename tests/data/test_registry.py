import numpy as np
import pytest
import tensorflow as tf

import symclone_tf as sc
from symclone_tf.data.registry import BUILT_IN, find_source
from symclone_tf.data.sources import SOURCES

ARRAYS = np.zeros((4, 16, 16), "uint8"), np.arange(4) % 2


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ("mnist", "tfds"),
        ("cifar10", "tfds"),
        (".", "folder"),
        ("photos.npz", "npz"),
        (ARRAYS, "arrays"),
        (dict(zip(("x_train", "y_train"), ARRAYS)), "arrays"),
        (tf.data.Dataset.from_tensors(ARRAYS), "tf.data"),
        ({"train": tf.data.Dataset.from_tensors(ARRAYS)}, "tf.data"),
    ],
    ids=str,
)
def test_each_kind_of_data_has_one_source(data, kind):
    assert find_source(data).kind == kind
    assert [cls.kind for cls in BUILT_IN if cls.takes(data)] == [kind]


@pytest.mark.parametrize("data", [None, 3, {}, {"test": 1}, (1, 2, 3)], ids=str)
def test_what_no_source_takes_is_refused_with_what_is_accepted(data):
    with pytest.raises(sc.DataError) as error:
        find_source(data)
    message = str(error.value)
    assert all(cls.accepted in message for cls in BUILT_IN)
    assert message.endswith(f"Received: an object of type {type(data).__name__}")
    assert "\n" not in message


def test_a_registered_source_goes_before_those_built_in(tmp_path):
    before = dict(SOURCES)
    (tmp_path / "blank").mkdir()
    try:

        @sc.data.Source.register("blank")
        class Blank(sc.data.Source):
            accepted = "a path that ends in blank"

            @classmethod
            def takes(cls, data):
                return str(data).endswith("blank")

            def read(self, reading):
                return find_source(ARRAYS).read(reading)

        found = sc.data.open_images(tmp_path / "blank")
        assert found.counts == {"train": 2, "test": 2}
        assert found.name == str(tmp_path / "blank")
    finally:
        SOURCES.clear()
        SOURCES.update(before)
