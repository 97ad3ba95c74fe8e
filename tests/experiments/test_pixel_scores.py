import keras
import numpy as np
import pytest

from symclone_tf.experiments import SegmentationScores, segmentation_scores


def by_loops(labels, given, there, classes):
    """Intersection over union, pixel by pixel."""
    found = []
    for one in range(classes):
        both = either = 0
        for label, mine, counts in zip(labels.flat, given.flat, there.flat):
            if counts:
                both += label == one and mine == one
                either += label == one or mine == one
        found.append(both / either if either else None)
    return found


class Remembered(keras.Model):
    """Says what it was told."""

    def __init__(self, probabilities):
        super().__init__()
        self.probabilities = probabilities

    def call(self, images):
        return keras.ops.convert_to_tensor(self.probabilities)

    @property
    def output_shape(self):
        return self.probabilities.shape


def test_pixels_without_weight_do_not_count(rng):
    probabilities = rng.uniform(size=(3, 5, 6, 4)).astype("float32")
    labels = rng.integers(3, size=(3, 5, 6))
    there = rng.integers(2, size=(3, 5, 6))
    batch = np.zeros((3, 5, 6, 1), "float32"), labels, there
    scores = segmentation_scores(Remembered(probabilities), [batch])
    given = probabilities.argmax(-1)
    assert scores.iou == pytest.approx(by_loops(labels, given, there, 4))
    whole = there > 0
    assert scores.accuracy == pytest.approx((given == labels)[whole].mean())
    assert scores.mean_iou == pytest.approx(np.mean(scores.iou))


def test_agrees_with_keras_metric(rng):
    labels = rng.integers(3, size=200)
    given = rng.integers(3, size=200)
    metric = keras.metrics.MeanIoU(3)
    metric.update_state(labels, given)
    confusion = np.zeros((3, 3), int)
    np.add.at(confusion, (labels, given), 1)
    assert SegmentationScores(confusion).mean_iou == pytest.approx(
        float(metric.result())
    )


def test_classes_that_are_nowhere_have_no_iou():
    scores = SegmentationScores(np.array([[8, 0, 0], [2, 6, 0], [0, 0, 0]]))
    assert scores.iou == [0.8, 0.75, None]
    assert scores.mean_iou == pytest.approx(0.775)


@pytest.mark.parametrize(
    ("confusion", "learned"),
    [
        ([[90, 0], [10, 0]], False),
        ([[90, 0], [8, 2]], True),
        ([[85, 5], [10, 0]], False),
    ],
)
def test_the_largest_class_everywhere_is_not_learned(confusion, learned):
    assert SegmentationScores(np.array(confusion)).learned is learned
