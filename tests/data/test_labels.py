import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.data.labels import class_names


def named(labels, names=None, trained=None):
    labels = np.array(labels)
    return class_names("it", names, {"train": labels}, labels[trained or slice(None)])


def test_labels_without_names_are_named_after_themselves():
    assert named([0, 2, 1, 0]) == ["0", "1", "2"]
    assert named([0, 1], ["cat", "dog"]) == ["cat", "dog"]
    assert named([0, 1], ()) == ["0", "1"]


@pytest.mark.parametrize(
    ("labels", "missing"), [([1, 2], 0), ([0, 2], 1), ([0, 2 * 10**9], 1)]
)
def test_the_first_label_without_an_image_is_named_however_large_others_are(
    labels, missing
):
    with pytest.raises(sc.DataError, match=f"no training image has label {missing}$"):
        named(labels)


def test_names_without_an_image_to_train_on_are_refused():
    with pytest.raises(sc.DataError, match="no training image has label 2"):
        named([0, 1], list("abc"))
    with pytest.raises(sc.DataError, match="no training image has label 1"):
        named([0, 1], trained=[0])


@pytest.mark.parametrize("names", ["abc", 3, np.array("abc"), [["a"], ["b"]]], ids=str)
def test_names_that_are_no_list_are_refused(names):
    with pytest.raises(sc.DataError, match="class_names must be a list of strings"):
        named([0, 1], names)


def test_labels_beyond_the_names_are_refused():
    with pytest.raises(
        sc.DataError, match=r"from 0 to 1\. Received: train from -1 to 2"
    ):
        named([-1, 2], list("ab"))
