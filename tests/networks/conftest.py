import pytest


@pytest.fixture
def images(rng):
    return rng.normal(size=(6, 8, 8, 1)).astype("float32")
