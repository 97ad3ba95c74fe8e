import time

import numpy as np
import pytest

from symclone_tf.data.tfds import read_tfds
from symclone_tf.errors import DataError
from symclone_tf.experiments.tasks import mnist_task


@pytest.mark.usefixtures("offline")
def test_missing_data_offline_says_both_ways_out_at_once(tmp_path):
    start = time.perf_counter()
    with pytest.raises(DataError) as caught:
        mnist_task("invariance", data_dir=tmp_path / "empty")
    message = str(caught.value)
    assert str(tmp_path / "empty") in message
    assert "Name or service not known" in message
    assert "internet" in message
    assert "`data_dir`" in message
    assert "TFDS_DATA_DIR" in message
    assert "\n" not in message
    assert not (tmp_path / "empty").exists()
    assert time.perf_counter() - start < 60


@pytest.mark.parametrize(
    "name",
    ["no_such_data", "my photos", "über", "photos.zip", "no/where", "mnist:9.9.9"],
)
def test_names_of_nothing_are_refused(name):
    with pytest.raises(DataError) as caught:
        read_tfds(name, None, 0.2)
    message = str(caught.value)
    assert message.startswith(f"{name} is not a data set of tensorflow-datasets, and")
    assert "\n" not in message


@pytest.fixture
def stored(tmp_path):
    """Writes a data set as TFDS has them, and returns where it is."""
    import tensorflow_datasets as tfds

    def store(examples, **features):
        tfds.dataset_builders.store_as_tfds_dataset(
            name="birds",
            version="1.0.0",
            features=tfds.features.FeaturesDict(features),
            split_datasets={"train": list(enumerate(examples))},
            data_dir=tmp_path,
            disable_shuffling=True,
        )
        return str(tmp_path)

    return store


@pytest.mark.slow
def test_a_data_set_without_test_images_is_parted(stored, rng):
    import tensorflow_datasets as tfds

    images = rng.integers(256, size=(10, 16, 18, 3)).astype("uint8")
    examples = [{"image": x, "label": n % 2, "age": n} for n, x in enumerate(images)]
    where = stored(
        examples,
        image=tfds.features.Image(shape=(None, None, 3)),
        label=tfds.features.ClassLabel(names=["hen", "pig"]),
        age=np.int64,
    )
    found = read_tfds("birds", where, 0.25)
    assert found.class_names == ["hen", "pig"]
    assert found.counts == {"train": 7, "test": 3}
    assert found.sizes == {(16, 18)}
    pairs = [pair for s in found.streams.values() for pair in s().as_numpy_iterator()]
    np.testing.assert_array_equal([image for image, _ in pairs], images)
    assert [label for _, label in pairs] == [0, 1] * 5


def test_labels_that_are_none_of_classes_are_refused(stored):
    import tensorflow_datasets as tfds

    image = np.zeros((16, 16, 3), "uint8")
    where = stored(
        [{"image": image, "label": 0.5}],
        image=tfds.features.Image(shape=(16, 16, 3)),
        label=np.float32,
    )
    with pytest.raises(DataError, match=r"label, with names\. It has: image, label"):
        read_tfds("birds", where, 0.25)
