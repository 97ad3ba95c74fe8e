import numpy as np
import pytest

from symclone_tf.experiments import unet, unet_canvas, unet_filters, unet_teachers
from symclone_tf.networks import network_error
from symclone_tf.students import make_student
from symclone_tf.symmetry import get_group

from cases import later


def images(size, count=2, channels=1):
    rng = np.random.default_rng(size)
    return rng.normal(size=(count, size, size, channels)).astype("float32")


def errors(model, group, x):
    """‖f(g·x) − g·f(x)‖ / ‖f(x)‖ of each element."""
    group = get_group(group)
    outputs = np.asarray(model(x))
    for element in range(1, group.order):
        moved = np.asarray(model(group.transform(x, element)))
        wanted = group.transform(outputs, element)
        yield np.linalg.norm(moved - wanted) / np.linalg.norm(wanted)


@pytest.mark.parametrize(
    ("group", "size"),
    [("c4", 16), ("flip", 20), later("d4", 24), later("d4", 72), later("c2", 72)],
)
def test_masks_move_as_images_do(group, size):
    model = unet("gcnn", group, classes=3, canvas=size, seed=0, width=0.4)
    assert max(errors(model, group, images(size))) < 1e-5


def test_a_plain_unet_does_not():
    model = unet("cnn", "c4", canvas=16, seed=0, width=0.4)
    assert max(errors(model, "c4", images(16))) > 1e-3


@pytest.mark.slow
def test_rotations_by_other_angles_are_kept_up_to_interpolation():
    rows, columns = np.mgrid[-15.5:16, -15.5:16]
    blob = np.exp(-((rows - 3) ** 2 + (columns / 2) ** 2) / 20)
    x = 4 * blob[None, ..., None].astype("float32")
    found = {}
    for kind in ("cnn", "gcnn"):
        model = unet(kind, "c8", canvas=32, seed=0, width=0.4)
        found[kind] = network_error(model, x, "c8").equivariance_error
    assert found["gcnn"] < found["cnn"] / 2


def test_filters_double_on_the_way_down():
    assert unet_filters(16, 0.5) == (5, 5, 10, 10, 20, 20, 10, 10, 5, 5)
    assert unet_filters(128) == (
        *(10, 10, 20, 20, 40, 40, 80, 80),
        *(40, 40, 20, 20, 10, 10),
    )


@pytest.mark.parametrize(
    ("size", "step"),
    [(16, 4), (64, 4), (65, 8), (128, 8), (129, 16), (256, 16), (257, 32), (512, 32)],
)
def test_each_doubling_adds_a_level(size, step):
    assert unet_canvas(size) == step


def test_teachers_have_the_shapes_of_the_network():
    model = unet("gcnn", "c4", canvas=16, seed=0)
    convs = [layer for layer in model.layers if layer.name.startswith("conv_")]
    for layer, teacher in zip(convs, unet_teachers("c4", 16), strict=True):
        assert layer.input.shape[1:-1] == teacher.input_shape
        assert layer.output.shape[1:-1] == teacher.output_shape


def test_a_seed_gives_the_same_network():
    one, same, other = (unet("gcnn", "c2", canvas=16, seed=s) for s in (3, 3, 4))
    assert all(map(np.array_equal, one.get_weights(), same.get_weights()))
    assert not all(map(np.array_equal, one.get_weights(), other.get_weights()))


def test_dropout_drops_all_elements_of_a_feature_map_alike():
    model = unet("gcnn", "c4", canvas=16, seed=0, dropout=0.5)
    (layer,) = [layer for layer in model.layers if "dropout" in layer.name]
    dropped = np.asarray(layer(np.ones((4, 4, 4, 4, 40)), training=True))
    assert (dropped == dropped[:, :1, :1, :1]).all()
    assert 0.3 < (dropped == 0).mean() < 0.7


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"architecture": "mlp"}, "`architecture` must be one of cnn, gcnn, cloned"),
        ({"canvas": 18}, "`canvas` must be a multiple of 4 from 16 on"),
        ({"canvas": 68}, "`canvas` must be a multiple of 8"),
        ({"canvas": 12}, "Received: canvas=12"),
        ({"architecture": "cloned"}, "`students` are for `architecture` cloned"),
        ({"width": 0}, "`width`"),
        ({"symmetry": "frozen,frozen"}, "or 10 separated by commas"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, message):
    options = {"architecture": "gcnn", "canvas": 16} | arguments
    with pytest.raises(ValueError, match=message):
        unet(**options)


def test_students_of_other_teachers_are_refused():
    students = [make_student("dense", t, seed=0) for t in unet_teachers("c2", 16)]
    with pytest.raises(ValueError, match="The network needs students of c4-lifting"):
        unet("cloned", "c4", canvas=16, students=students)
