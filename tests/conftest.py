import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# pytest starts a process for each core: threads of their own only slow them down.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
# XLA takes longer to optimise what tests compile than to compute it.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
# For the benchmarks, behind the installed package, which stands beside them too.
sys.path.append(str(pathlib.Path(__file__).parent.parent))

import keras
import numpy as np
import pytest

from symclone_tf.cli.startup import start

from clones import dense
from other_backends import (
    BACKEND,
    forbid_tensorflow,
    imports_tensorflow,
    let_tests_read_tensors,
)
from pictures import no_mnist
from samples import sampled, sampled_tests

if BACKEND == "tensorflow":
    start()
else:
    keras.config.disable_interactive_logging()
    forbid_tensorflow()
if BACKEND == "torch":
    let_tests_read_tensors()


def pytest_ignore_collect(collection_path):
    """Leaves out what tests TensorFlow, where Keras is on another backend."""
    if BACKEND != "tensorflow" and imports_tensorflow(collection_path):
        return True
    return None


# Tests of pages and of docstrings, whose parameters repeat nothing: all are run.
EACH = ("tests/docs/", "tests/test_docstrings.py")

# What skips a test where there is no data, and none can be downloaded.
DATA = {"mnist", "fashion", "cifar10"}


def pytest_addoption(parser):
    parser.addoption(
        "--sample",
        type=int,
        default=1,
        metavar="N",
        help="run each test with one in N of its parameters, at least one",
    )
    parser.addoption(
        "--slow-tests",
        type=int,
        default=1,
        metavar="N",
        help="run one in N of each file's slow tests that need no data, at least one",
    )


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config, items):
    """Marks tests that need data, and skips TensorFlow's on other backends; of those
    that are chosen by their marks, keeps a sample."""
    for item in items:
        if DATA & set(item.fixturenames):
            item.add_marker("data")
        if BACKEND != "tensorflow" and item.get_closest_marker("tensorflow"):
            item.add_marker(pytest.mark.skip(reason="only TensorFlow does this"))
    yield
    some = [item for item in items if not item.nodeid.startswith(EACH)]
    names = [item.nodeid for item in some]
    left = set(names) - sampled(names, config.getoption("--sample"))
    slow = [item.nodeid for item in some if _repeats(item)]
    left |= set(slow) - sampled_tests(slow, config.getoption("--slow-tests"))
    config.hook.pytest_deselected(items=[i for i in items if i.nodeid in left])
    items[:] = [item for item in items if item.nodeid not in left]


def _repeats(item):
    return item.get_closest_marker("slow") and not item.get_closest_marker("data")


@pytest.fixture(autouse=True)
def _as_new():
    """Every test draws from the same seed, and leaves Keras' precision as it was."""
    keras.utils.set_random_seed(0)
    policy = keras.config.dtype_policy()
    yield
    keras.config.set_dtype_policy(policy)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def shared_clone():
    """A C4 lifting layer on 8×8 images, cloned to float32's floor."""
    import symclone_tf as sc

    return sc.clone("c4", image_size=8, verbose=0)


@pytest.fixture
def small_clone(shared_clone):
    """The same, for one test to freeze or to train."""
    student, report = shared_clone
    twin = type(student).from_config(student.get_config())
    twin.build()
    twin.set_weights(student.get_weights())
    return twin, report


@pytest.fixture(scope="session")
def mnist():
    """Skips where there is no MNIST and none can be downloaded."""
    import symclone_tf as sc

    try:
        sc.experiments.mnist_task("invariance", size=1)
    except sc.DataError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def clones(tmp_path_factory):
    """The C4 network's four layers, cloned in closed form, as artifacts."""
    import symclone_tf as sc

    root = tmp_path_factory.mktemp("clones")
    students = sc.experiments.network_students("c4", seed=0, dtype="float32")
    solve = sc.cloning.Training(solver="closed-form")
    assert (
        len(list(sc.workspace.clone_and_export(students, solve, root, verbose=0))) == 4
    )
    return root


@pytest.fixture(scope="session")
def local_clones(tmp_path_factory):
    """Locally connected clones of networks on 16×16 pixels, in closed form."""
    return _add_local_clones(tmp_path_factory.mktemp("local-clones"), ("t2", "c4"))


@pytest.fixture(scope="session")
def more_local_clones(local_clones):
    """The same, and those of groups that slow tests need."""
    return _add_local_clones(local_clones, ("flip", "c8"))


def _add_local_clones(root, groups):
    import symclone_tf as sc

    solve = sc.cloning.Training(solver="closed-form")
    for group in groups:
        students = sc.experiments.network_students(
            group, 16, student="local", seed=0, dtype="float32"
        )
        list(sc.workspace.clone_and_export(students, solve, root, verbose=0))
    return root


@pytest.fixture
def without_mnist():
    """MNIST is neither there nor to be had."""
    with no_mnist():
        yield


@pytest.fixture(scope="session")
def figure_clones(tmp_path_factory):
    """The C4 clones that figures are drawn from."""
    import symclone_tf as sc

    root = tmp_path_factory.mktemp("figure-clones")
    kinds = ({}, {"blocks": 7}, {"image_size": 10})
    students = [dense("c4", seed=0, dtype="float32", **k) for k in kinds]
    solve = sc.cloning.Training(solver="closed-form")
    assert (
        len(list(sc.workspace.clone_and_export(students, solve, root, verbose=0))) == 3
    )
    return root


@pytest.fixture(scope="session")
def drawn_from(tmp_path_factory, figure_clones):
    """What figures are drawn from: clones, and a benchmark of one row."""
    import symclone_tf as sc
    from symclone_tf.experiments import tables

    experiment = sc.experiments.Experiment("gcnn").complete()
    figures = dict.fromkeys(tables.FIGURES, 0.5) | {"parameters": 1}
    folder = tmp_path_factory.mktemp("benchmark")
    tables.append_row(folder / "c4.csv", sc.experiments.Row(experiment, figures))
    workspace = sc.workspace.Workspace(figure_clones, verbose=0)
    return {"workspace": workspace, "benchmark": folder}


@pytest.fixture(scope="session")
def study(drawn_from):
    """A study of C4, of strokes."""
    import symclone_tf as sc

    with no_mnist():
        return sc.studies.study_group("c4", **drawn_from)


@pytest.fixture
def offline(monkeypatch):
    """No connection: as on a machine without the internet."""

    def refuse(*arguments, **options):
        raise OSError("Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", refuse)
    return monkeypatch


@pytest.fixture(scope="session")
def fashion():
    """Skips where there is no Fashion-MNIST and none can be downloaded."""
    import symclone_tf as sc

    try:
        return sc.data.open_images("fashion_mnist")
    except sc.DataError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def cifar10():
    """The .npz file of CIFAR-10's images, in the folder that SYMCLONE_TF_DATA names."""
    folder = os.environ.get("SYMCLONE_TF_DATA")
    if not folder:
        pytest.skip("SYMCLONE_TF_DATA names no folder with cifar10.npz")
    file = pathlib.Path(folder, "cifar10.npz")
    if not file.is_file():
        pytest.skip(f"there is no {file}")
    return file
