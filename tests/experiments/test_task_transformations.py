import pytest

from symclone_tf.experiments.task_transformations import (
    canvas_and_translation,
    task_class_count,
    task_class_names,
)


@pytest.mark.parametrize(
    ("group", "canvas", "max_translation", "expected"),
    [
        ("c4", None, None, (28, 0)),
        ("t2", None, None, (40, 6)),
        ("t2", 48, 15, (48, 15)),
        ("d4", 31, None, (31, 0)),
    ],
)
def test_sizes_have_defaults(group, canvas, max_translation, expected):
    assert canvas_and_translation(group, canvas, max_translation) == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("c4", 20), "at least 28.*canvas=20"),
        (("c4", 28.5), "canvas=28.5"),
        (("c4", 28, 3), "`max_translation` is for `group` t2.*max_translation=3"),
        (("t2", 40, 0), "max_translation=0"),
        (("t2", 40, 20), "less than half.*max_translation=20, canvas=40"),
        (("c65", 40), "group=c65"),
    ],
)
def test_bad_sizes_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        canvas_and_translation(*arguments)


@pytest.mark.parametrize(
    ("group", "canvas", "image_size", "expected"),
    [
        ("c4", None, 64, (64, 0)),
        ("t2", None, 64, (76, 6)),
        ("d4", 80, 64, (80, 0)),
        ("c4", 16, 16, (16, 0)),
        ("t2", None, None, (None, 6)),
        ("c4", 30, None, (30, 0)),
    ],
)
def test_sizes_of_other_images(group, canvas, image_size, expected):
    assert canvas_and_translation(group, canvas, None, image_size) == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("c4", 63, None, 64), "at least 64, the size of the images.*canvas=63"),
        (("c4", 15, None, None), "at least 16.*canvas=15"),
        (("t2", 520, None, 508), "at most 512.*canvas=520"),
        (("c2", None, 2, None), "`max_translation` is for `group` t2"),
    ],
)
def test_sizes_that_do_not_fit_other_images_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        canvas_and_translation(*arguments)


def test_breaking_doubles_the_classes():
    assert (task_class_count("invariance"), task_class_count("breaking")) == (10, 20)
    assert (task_class_count("invariance", 7), task_class_count("breaking", 7)) == (
        7,
        14,
    )
    with pytest.raises(ValueError, match="task=other"):
        task_class_count("other")


@pytest.mark.parametrize(
    ("group", "transformed"),
    [
        ("t2", "translated right"),
        ("c2", "rotated by 180°"),
        ("c4", "rotated by 180° or rotated by 270°"),
        ("d4", "reflected"),
        ("flip", "reflected"),
        ("d2", "reflected"),
        ("c8", "rotated by 180° or more"),
        ("c3", "rotated by 180° or more"),
        ("d8", "reflected"),
    ],
)
def test_classes_of_the_second_half_say_how(group, transformed):
    names = task_class_names("breaking", group, ("cat", "dog"))
    assert names == ["cat", "dog", f"cat, {transformed}", f"dog, {transformed}"]
    assert task_class_names("invariance", group, ("cat", "dog")) == ["cat", "dog"]


@pytest.mark.parametrize(("size", "canvas"), [(16, 28), (500, 512), (510, 512)])
def test_translations_of_large_images_have_the_margin_that_is_left(size, canvas):
    assert canvas_and_translation("t2", image_size=size) == (canvas, 6)
