import numpy as np

import symclone_tf as sc


def test_strokes_are_images_between_0_and_1():
    strokes = sc.data.draw_strokes(28)
    assert strokes.shape == (5, 28, 28)
    assert strokes.min() >= 0
    assert 0.9 < strokes.max() <= 1
    assert 0.03 < strokes.mean() < 0.3


def test_no_rotation_or_reflection_maps_a_stroke_to_itself():
    for image in sc.data.draw_strokes(28)[..., None]:
        for element in range(1, 8):
            transformed = sc.get_group("d4").transform(image[None], element)[0]
            assert np.abs(transformed - image).sum() > 0.3 * image.sum()


def test_margin_leaves_room_for_translations():
    strokes = sc.data.draw_strokes(28)
    assert strokes[:, :5].max() < 0.1
    assert strokes[:, :, -5:].max() < 0.1
