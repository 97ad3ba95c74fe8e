import pytest

import symclone_tf as sc


@pytest.fixture(scope="session")
def network():
    """An MNIST network of frozen and of trainable clones, on small images."""
    students = sc.experiments.network_students("c4", canvas=20, seed=0, dtype="float32")
    for student in students:
        sc.cloning.train(student, sc.cloning.Training(solver="closed-form"), verbose=0)
    return sc.experiments.image_network(
        "cloned", "c4", canvas=20, students=students, symmetry="trainable", seed=0
    )
