import pytest

import symclone_tf as sc


@pytest.fixture(scope="session")
def local_clones(tmp_path_factory):
    """Local clones of networks on 16×16 pixels, in closed form, as artifacts."""
    root = tmp_path_factory.mktemp("local-clones")
    solve = sc.cloning.Training(solver="closed-form")
    for group in ("t2", "c4"):
        students = sc.experiments.network_students(
            group, 16, student="local", seed=0, dtype="float32"
        )
        list(sc.workspace.clone_and_export(students, solve, root, verbose=0))
    return root
