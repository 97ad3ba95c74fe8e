"""Students of attention, for several tests."""

import copy

import pytest

import symclone_tf as sc


@pytest.fixture(scope="session")
def solved():
    options = {"student": "relative-attention", "solver": "closed-form", "verbose": 0}
    teachers = {
        "t2": sc.ConvTeacher("t2", (4, 3), padding="same"),
        "c4": sc.ConvTeacher("c4", 4, lifting=False, padding="same"),
    }
    return {name: sc.clone(t, **options)[0] for name, t in teachers.items()}


@pytest.fixture
def students(solved):
    """Copies, which a test's layers may treat as they like."""
    return copy.deepcopy(solved)
