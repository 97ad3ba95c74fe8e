"""A backend imports no other: TensorFlow takes seconds, and may not be installed."""

import pytest

from other_backends import BACKENDS, installed, run_on

USES = {
    "the package": "import symclone_tf",
    "its rooms": "from symclone_tf import cloning, layers, networks, students",
    "its names": "import symclone_tf as sc; sc.ClonedConv2D, sc.clone, sc.relax",
    "a student": (
        "import numpy as np, symclone_tf as sc; "
        "student = sc.DenseStudent(sc.ConvTeacher('c4', 6)); "
        "student(np.ones((1, 6, 6, 1)), np.ones((3, 3, 1, 2)))"
    ),
}


@pytest.mark.parametrize("backend", BACKENDS[1:])
@pytest.mark.parametrize("use", USES)
def test_other_backends_import_no_tensorflow(backend, use, tmp_path):
    if not installed(backend):
        pytest.skip(f"{backend} is not installed")
    code = f"{USES[use]}\nimport sys; print('tensorflow' in sys.modules)"
    assert run_on(backend, code, tmp_path).split()[-1] == "False"
