"""Labelled images in `tf.data`."""

import numpy as np
import pytest
import tensorflow as tf

import symclone_tf as sc
from symclone_tf.data import open_images

LABELS = np.arange(20) % 4


@pytest.fixture
def images(rng):
    return rng.integers(256, size=(20, 18, 16, 3)).astype("uint8")


def pairs(images, labels=LABELS):
    return tf.data.Dataset.from_tensor_slices((images, labels))


def contents(found, split):
    stream = found.streams[split]().as_numpy_iterator()
    return [(image.tobytes(), int(label)) for image, label in stream]


def test_one_dataset_is_split_in_its_order(images):
    found = open_images(pairs(images))
    assert (found.size, found.channels) == (18, 3)
    assert found.class_names == ("0", "1", "2", "3")
    assert found.counts == {"train": 16, "test": 4}
    whole = [(x.tobytes(), int(y)) for x, y in zip(images, LABELS)]
    train, test = contents(found, "train"), contents(found, "test")
    assert sorted(train + test) == sorted(whole)
    assert train == [pair for pair in whole if pair in train]
    assert contents(found, "train") == train


def test_a_seed_chooses_the_test_images(images):
    first, again, other = (
        contents(open_images(pairs(images), seed=seed), "test") for seed in (0, 0, 1)
    )
    assert first == again != other


def test_batches_are_the_images_in_them(images):
    single, batched = open_images(pairs(images)), open_images(pairs(images).batch(6))
    for split in ("train", "test"):
        assert contents(single, split) == contents(batched, split)


def test_train_and_test_may_be_given(images):
    given = {"train": pairs(images), "test": pairs(images[:5], LABELS[:5]).batch(2)}
    found = open_images(given | {"class_names": list("abcd")})
    assert found.counts == {"train": 20, "test": 5}
    assert found.class_names == ("a", "b", "c", "d")
    assert len(contents(found, "test")) == 5


@pytest.mark.parametrize(("white", "dtype"), [(255, "uint8"), (510, "float32")])
def test_fractions_of_255_become_bytes_and_others_stay(rng, white, dtype):
    levels = rng.integers(256, size=(20, 16, 16))
    shares = (levels / white).astype("float32")
    expected = levels.astype("uint8") if dtype == "uint8" else shares
    for given in (pairs(shares), pairs(shares).batch(3)):
        found = open_images({"train": given, "test": given})
        assert (found.channels, found.dtype) == (1, dtype)
        stored = [image for image, _ in contents(found, "train")]
        assert stored == [image.tobytes() for image in expected]


def test_deep_integers_and_truths_are_scaled_as_in_folders(rng):
    deep = rng.integers(4096, size=(20, 16, 16)).astype("uint16")
    found = open_images(pairs(deep))
    assert found.notes == (f"20 images of integers up to {deep.max()}: 4095 is white",)
    (x, _), *_ = contents(found, "train")
    (first,) = [n for n, each in enumerate(deep) if scaled(each, 4095) == x]
    assert first in range(20)
    found = open_images(pairs(deep > 99))
    assert (found.dtype, len(found.notes)) == ("uint8", 1)
    assert {max(x) for x, _ in contents(found, "train")} == {255}


def scaled(image, white):
    return (image / white).astype("float32").tobytes()


def test_images_of_one_group_stay_together(images):
    groups = np.arange(20) // 4
    stored = {image.tobytes(): group for image, group in zip(images, groups)}
    found = open_images({"train": pairs(images), "groups": groups})
    train, test = ({stored[x] for x, _ in contents(found, s)} for s in found.counts)
    assert (len(train), len(test)) == (4, 1)
    assert not train & test


@pytest.mark.slow
def test_images_of_several_sizes_are_resized():
    def each():
        for number in range(8):
            yield np.full((16 + number, 20, 1), 9, "uint8"), number % 2

    spec = tf.TensorSpec((None, None, 1), tf.uint8), tf.TensorSpec((), tf.int32)
    given = tf.data.Dataset.from_generator(each, output_signature=spec)
    with pytest.raises(sc.DataError, match="images of 8 sizes"):
        open_images(given)
    found = open_images(given, image_size=24)
    assert found.stream("train").element_spec[0].shape == (24, 24, 1)
    assert len(list(found.stream("train"))) == 6


@pytest.mark.slow
def test_networks_train_on_their_batches(images):
    found = open_images(pairs(images))
    ((x, y),) = found.batches("train", 16).as_numpy_iterator()
    assert (x.shape, x.dtype) == ((16, 18, 18, 3), np.float32)
    assert 0 <= x.min() <= x.max() <= 1
    task = sc.experiments.image_task(found, "breaking", "c4", batch_size=16)
    ((_, y),) = task.as_numpy_iterator()
    assert 4 <= y.max() < 8


def test_labels_may_stand_in_columns_as_those_of_keras_do(images):
    column, expected = LABELS[:, None], open_images(pairs(images))
    for given in (pairs(images, column), pairs(images, column).batch(6)):
        found = open_images(given)
        for split in ("train", "test"):
            assert contents(found, split) == contents(expected, split)


def test_datasets_that_may_have_no_end_are_refused(images, monkeypatch):
    monkeypatch.setattr("symclone_tf.data.tf_data.MOST_UNKNOWN", 50)
    kept = pairs(images).filter(lambda image, label: label >= 0)
    assert open_images(kept).counts["train"] == 16
    endless = pairs(images).repeat().filter(lambda *_: True)
    with pytest.raises(sc.DataError, match=r"more than 50 images.*assert_cardinality"):
        open_images(endless)
    many = pairs(images).repeat(3).filter(lambda *_: True)
    counted = many.apply(tf.data.experimental.assert_cardinality(60))
    assert open_images(counted).counts == {"train": 48, "test": 12}


def test_shuffled_datasets_would_mix_train_and_test(images):
    with pytest.raises(sc.DataError, match="train has other images in each pass"):
        open_images(pairs(images).shuffle(20))
    once = pairs(images).shuffle(20, seed=0, reshuffle_each_iteration=False)
    assert open_images(once).counts["train"] == 16


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: tf.data.Dataset.from_tensor_slices(x), "must have pairs (image,"),
        (lambda x, y: pairs(x, y / 2), "one integer as the label of each"),
        (lambda x, y: pairs(x[:, 0, 0]), "must have images of shape"),
        (lambda x, y: pairs(x[..., :2]), "1 or 3 channels"),
        (lambda x, y: pairs(x).repeat(), "repeats without end: leave repeat() out"),
        (lambda x, y: pairs(x).take(0), "train has no images"),
        # Three columns or channels with as many labels: one image, not a batch.
        (lambda x, y: pairs(x, np.eye(4, dtype=int)[y]), "one integer as the label"),
        (lambda x, y: pairs(x[..., :1], np.zeros((20, 18), int)), "one integer as the"),
        (lambda x, y: pairs(x, np.eye(4, dtype=int)[y]).batch(4), "one integer as the"),
        (lambda x, y: pairs(tf.ragged.stack(list(x[..., 0]))), "dense tensors"),
        (lambda x, y: pairs(1j * x), "train image 0 must have numbers as pixels"),
        (lambda x, y: pairs(x + np.inf), "pixels are not numbers, but NaN or infinite"),
        (lambda x, y: pairs(x, y - 1), "must be from 0 to 2. Received: train"),
        (lambda x, y: pairs(x, 2 * y), "no training image has label 1"),
        (lambda x, y: pairs(x, 0 * y), "one class only"),
        (lambda x, y: pairs(x).take(1), "label 0 has one image only"),
        (
            lambda x, y: {"train": pairs(x), "test": pairs(x[..., :1])},
            "train has images of 3 channels, and test of 1",
        ),
        (
            lambda x, y: {"train": pairs(x), "test": pairs(x, y + 1)},
            "must be from 0 to 3. Received: test from 1 to 4",
        ),
        (lambda x, y: {"train": pairs(x), "validation": pairs(x)}, "validation"),
        (lambda x, y: {"train": pairs(x), "test": (x, y)}, "test must have pairs"),
        (
            lambda x, y: pairs(x).map(
                lambda x, y: (x, y + tf.cast(tf.strings.to_number("a"), y.dtype))
            ),
            "train cannot be read",
        ),
    ],
)
def test_what_is_not_images_and_labels_is_refused(images, change, message):
    with pytest.raises(sc.DataError) as error:
        open_images(change(images, LABELS))
    assert message in str(error.value)
    assert "\n" not in str(error.value)
