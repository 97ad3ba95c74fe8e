"""The page computes the layers' outputs, under mouse and keys, in a real browser."""

import configparser
import pathlib
import statistics

import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.figures.explore_page import write_explore_page
from symclone_tf.figures.kernels import kernels_of
from symclone_tf.studies import explore
from symclone_tf.workspace import Workspace

from browsers import DESK, PHONE, driven, looked_at, needs_browser
from cases import later

pytestmark = pytest.mark.slow

ROOT = pathlib.Path(__file__).parents[2]
SIZE = 28


def found_of(tmp_path_factory, group):
    """Of strokes: the folder has no MNIST."""
    folder = tmp_path_factory.mktemp("none")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("socket.getaddrinfo", _refuse)
        return explore(group, SIZE, Workspace(data_dir=folder, verbose=0))


def _refuse(*arguments, **options):
    raise OSError("Name or service not known")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return found_of(tmp_path_factory, "c4")


@pytest.fixture(scope="module")
def page(found, tmp_path_factory):
    return written(found, tmp_path_factory)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with driven(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def opened(browser, page):
    browser.open(page)
    browser.ask("document.getElementById('image').focus()")
    browser.wait("explored().milliseconds > 0")
    yield browser
    assert browser.complaints() == []


def state(browser):
    """What the page shows, once it has drawn the last change."""
    browser.ask("new Promise((done) => setTimeout(() => requestAnimationFrame(done)))")
    return browser.ask("explored()")


def image(browser):
    return np.array(state(browser)["image"]).reshape(SIZE, SIZE)


def choose(browser, name, value):
    browser.ask(
        f"(({name}) => {{ {name}.value = {value!r};"
        f"{name}.dispatchEvent(new Event('change')); }})"
        f"(document.getElementById({name!r}))"
    )


def layers_of(found, name):
    """The layers of a page with one of its kernels, as functions of images."""
    kernel = kernels_of(found.teacher.kernel_size)[name].astype("float32")
    kernel = kernel[..., None, None]

    def of(layer):
        return lambda images: layer(images, kernel)

    named = {"teacher": found.teacher, **found.students}
    return {key: of(layer) for key, layer in named.items()}


def agrees(shown, found, kernel):
    inputs = np.array(shown["image"], "float32").reshape(1, SIZE, SIZE, 1)
    group = found.teacher.group.name
    for key, layer in layers_of(found, kernel).items():
        error = sc.equivariance_error(layer, group, inputs)
        assert shown["errors"][key] == pytest.approx(error, rel=1e-5, abs=1e-5)
        outputs = np.ravel(layer(inputs))
        np.testing.assert_allclose(
            shown["outputs"][key], outputs, atol=1e-5 * max(1, np.abs(outputs).max())
        )


def written(found, tmp_path_factory):
    file = tmp_path_factory.mktemp("page") / "explore.html"
    return write_explore_page(found, file)


def preserves_and_breaks(browser, found):
    """An exact clone preserves the symmetry, a relaxed one does not."""
    title = found.teacher.group.title
    for layer, does in (
        ("teacher", "preserves"),
        ("clone", "preserves"),
        ("relaxed", "breaks"),
    ):
        text = browser.ask(f"document.querySelector('[data-layer={layer}]').innerText")
        assert f"{does} {title}" in text


@needs_browser
@pytest.mark.parametrize("kernel", kernels_of(3))
def test_numbers_are_those_of_the_package(opened, found, kernel):
    choose(opened, "kernel", kernel)
    opened.key("2")
    shown = state(opened)
    np.testing.assert_allclose(shown["image"], found.images[1].ravel(), atol=0.002)
    agrees(shown, found, kernel)
    assert shown["errors"]["clone"] < 1e-5
    assert shown["errors"]["relaxed"] > 0.05


@needs_browser
@pytest.mark.parametrize("group", ["t2", "flip", "d2", "d3", "c16"])
def test_numbers_are_those_of_the_package_for_every_group(
    tmp_path_factory, browser, group
):
    found = found_of(tmp_path_factory, group)
    browser.open(written(found, tmp_path_factory))
    agrees(state(browser), found, "edges")
    preserves_and_breaks(browser, found)
    assert browser.complaints() == []


@pytest.fixture(scope="module")
def interpolated(tmp_path_factory):
    """C8, whose rotations by 45° do not permute pixels."""
    return found_of(tmp_path_factory, "c8")


@pytest.fixture(scope="module")
def interpolating_page(interpolated, tmp_path_factory):
    return written(interpolated, tmp_path_factory)


@pytest.fixture
def interpolating(browser, interpolating_page):
    browser.open(interpolating_page)
    yield browser
    assert browser.complaints() == []


@needs_browser
@pytest.mark.parametrize("kernel", kernels_of(3))
def test_interpolation_adds_as_much_as_in_the_package(
    interpolating, interpolated, kernel
):
    choose(interpolating, "kernel", kernel)
    shown = state(interpolating)
    agrees(shown, interpolated, kernel)
    own = shown["errors"]["teacher"]
    assert own > 0.01
    assert shown["errors"]["clone"] == pytest.approx(own, abs=1e-5)
    preserves_and_breaks(interpolating, interpolated)


@needs_browser
def test_images_are_transformed_by_the_packages_taps(interpolating, interpolated):
    for number, transformation in enumerate(interpolated.teacher.transformations()):
        choose(interpolating, "transformation", str(number))
        shown = state(interpolating)
        drawn = np.reshape(shown["image"], (1, SIZE, SIZE, 1))
        expected = np.ravel(transformation.inputs(drawn))
        np.testing.assert_allclose(shown["transformed"], expected, atol=1e-12)


@needs_browser
def test_quarter_turns_remain_exact_among_others(interpolating):
    shown = state(interpolating)
    for layer in ("teacher", "clone"):
        assert max(shown["each"][layer][1::2]) < 1e-5
        assert min(shown["each"][layer][::2]) > 0.01


@needs_browser
def test_the_teachers_own_error_is_beside_each_clones(interpolating):
    errors = state(interpolating)["errors"]
    own = "document.querySelector('[data-layer={}] .own').innerText"
    assert interpolating.ask(own.format("teacher")) == "by interpolation"
    for layer in ("clone", "fewer", "relaxed"):
        said = interpolating.ask(own.format(layer))
        said = float(said.removeprefix("the teacher's own: "))
        assert said == pytest.approx(errors["teacher"], rel=0.1)


@needs_browser
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_browser_has_no_complaints_about_interpolation(
    interpolating_page, tmp_path, width
):
    assert looked_at(interpolating_page, tmp_path, width)["complaints"] == []


@needs_browser
def test_every_error_is_shown_with_its_layer_and_announced(opened):
    errors = state(opened)["errors"]
    for key, error in errors.items():
        text = opened.ask(f"document.querySelector('[data-layer={key}]').innerText")
        shown = opened.ask(
            f"document.querySelector('[data-layer={key}] .error').innerText"
        )
        assert float(shown) == pytest.approx(error, rel=0.5)
        assert ("preserves C4" if error < 1e-4 else "breaks C4") in text
    opened.wait("document.getElementById('status').innerText.includes('Relaxed: ')")


@needs_browser
def test_an_empty_image_has_no_errors(opened):
    opened.ask("document.querySelector('[data-do=clear]').click()")
    assert not image(opened).any()
    for key in state(opened)["errors"]:
        text = opened.ask(f"document.querySelector('[data-layer={key}]').innerText")
        assert "–" in text
        assert "C4" not in text
        assert "rotated" not in text
    opened.wait("document.getElementById('status').innerText == 'Nothing is drawn.'")


@needs_browser
def test_keys_rotate_translate_and_clear(opened):
    opened.key("1")
    before = image(opened)
    opened.key("r")
    np.testing.assert_allclose(image(opened), np.rot90(before), atol=1e-12)
    for _ in range(3):
        opened.key("r")
    opened.key("ArrowDown")
    opened.key("ArrowLeft")
    np.testing.assert_allclose(image(opened)[1:, :-1], before[:-1, 1:], atol=1e-12)
    opened.key("[")
    opened.key("[")
    opened.key("]")
    assert state(opened)["angle"] == 5
    opened.key("c")
    assert state(opened)["errors"] == dict.fromkeys(state(opened)["errors"], 0)
    assert not image(opened).any()


@needs_browser
@pytest.mark.parametrize("hand", ["drag", "touch"])
def test_mouse_and_finger_draw_where_they_go(opened, found, hand):
    opened.key("c")
    left, top, width, height = opened.box("#image")
    across = np.linspace(0.25, 0.75, 12)
    getattr(opened, hand)([(left + x * width, top + height / 2) for x in across])
    drawn = image(opened)
    assert drawn[12:16, 7:21].max(axis=0).min() > 0.9
    assert max(drawn[:10].max(), drawn[18:].max()) < 1e-6
    agrees(state(opened), found, "edges")


@needs_browser
def test_buttons_and_the_slider_do_what_keys_do(opened, found):
    opened.ask("document.querySelector('#samples button:last-child').click()")
    np.testing.assert_allclose(image(opened), found.images[-1], atol=0.002)
    opened.ask("document.querySelector('[data-do=quarter]').click()")
    assert state(opened)["angle"] == 90
    opened.ask(
        "((angle) => { angle.value = -30; angle.dispatchEvent(new Event('input')); })"
        "(document.getElementById('angle'))"
    )
    assert state(opened)["angle"] == -30
    opened.ask("document.querySelector('[data-do=clear]').click()")
    assert not image(opened).any()


@needs_browser
def test_the_difference_is_that_of_the_chosen_transformation(opened, found):
    seen = []
    for number in range(3):
        choose(opened, "transformation", str(number))
        state(opened)
        canvas = "document.querySelector('[data-layer=relaxed] .differences')"
        seen.append(opened.ask(f"{canvas}.toDataURL()"))
    assert len(set(seen)) == 3


@needs_browser
def test_a_frame_of_a_spinning_digit_is_ready_in_time(opened):
    opened.key("s")
    times, angles = [], []
    for _ in range(30):
        shown = state(opened)
        times.append(shown["milliseconds"])
        angles.append(shown["angle"])
    assert len(set(angles)) > 20
    middle = statistics.median(times)
    print(f"{middle:.1f} ms a frame, of 16.7 at 60 frames a second")
    assert middle < 1000 / 60
    opened.key("s")
    assert not state(opened)["spinning"]


@needs_browser
def test_nothing_spins_where_motion_is_not_wanted(browser, page):
    browser.open(page, prefers_reduced_motion="reduce")
    browser.ask("document.getElementById('image').focus()")
    browser.key("s")
    assert not state(browser)["spinning"]
    assert browser.box("[data-do=spin]")[2:] == [0, 0]


@needs_browser
def test_colours_follow_the_scheme(opened):
    corner = (
        "document.getElementById('image').getContext('2d').getImageData(0, 0, 1, 1)"
    )
    for scheme, condition in (("light", "=== 255"), ("dark", "< 40")):
        opened.media(prefers_color_scheme=scheme)
        opened.wait(f"{corner}.data[0] {condition}")


@needs_browser
@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (PHONE, "dark"),
        (DESK, "light"),
        later(PHONE, "light"),
        later(DESK, "dark"),
    ],
)
def test_browser_has_no_complaints(page, tmp_path, width, scheme):
    seen = looked_at(page, tmp_path, width, scheme)
    assert seen == {"complaints": [], "images": 0, "dark": scheme == "dark"}


@needs_browser
def test_on_a_phone_all_errors_are_seen_while_drawing(browser, page):
    browser.open(page, width=400, height=900)
    _, top, _, _ = browser.box("#image")
    _, last, _, height = browser.box("[data-layer=relaxed] .figure")
    assert last + height - top < 900


@needs_browser
@pytest.mark.usefixtures("mnist")
@pytest.mark.slow
def test_with_mnist_a_key_is_the_digit_of_its_name(browser, tmp_path):
    file = write_explore_page(explore("c2"), tmp_path / "explore.html")
    browser.open(file)
    browser.ask("document.getElementById('image').focus()")
    wanted = {}
    for picture, label in sc.data.open_images("mnist").stream("test", 100):
        wanted.setdefault(int(label), picture.numpy()[..., 0] / 255)
    for label in (0, 7):
        browser.key(str(label))
        np.testing.assert_allclose(image(browser), wanted[label], atol=1e-6)


def test_someone_elses_file_is_left_alone(found, tmp_path):
    file = tmp_path / "explore.html"
    file.write_text("mine")
    with pytest.raises(sc.ArtifactError, match="was not written by symclone-tf"):
        write_explore_page(found, file)
    assert file.read_text() == "mine"


def test_what_the_page_is_made_of_is_installed_with_the_package():
    """Also where nothing of the checkout is there."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    kept = settings["options.package_data"]["symclone_tf.figures"].split(",")
    folder = pathlib.Path(sc.figures.__file__).parent
    files = {
        file
        for file in (*folder.iterdir(), *folder.glob("templates/*"))
        if file.is_file() and file.suffix != ".py"
    }
    wanted = {"explore.html", "explore.css", "explore.js", "resampling.js"}
    wanted.add("symclone.mplstyle")
    assert {f.name for f in files} >= wanted
    named = {f for pattern in kept for f in folder.glob(pattern.strip())}
    assert named == files
