"""TensorFloat-32 is off where full float32 is needed, and nowhere else."""

import threading

import pytest
import tensorflow as tf

from symclone_tf.teachers import precision
from symclone_tf.teachers.precision import full_float32, has_accelerator

enabled = tf.config.experimental.tensor_float_32_execution_enabled


@pytest.fixture
def accelerator(monkeypatch):
    monkeypatch.setattr(precision, "has_accelerator", lambda: True)


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.usefixtures("accelerator")
def test_it_is_off_meanwhile_and_restored_even_after_an_error(before):
    found = []

    def fail():
        with full_float32():
            found.append(enabled())
            raise KeyError

    tf.config.experimental.enable_tensor_float_32_execution(before)
    try:
        with pytest.raises(KeyError):
            fail()
        assert found == [False]
        assert enabled() == before
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(True)


@pytest.mark.usefixtures("accelerator")
def test_it_stays_off_until_the_outermost_context_ends():
    with full_float32():
        with full_float32():
            assert not enabled()
        assert not enabled()
    assert enabled()


@pytest.mark.usefixtures("accelerator")
def test_it_stays_off_until_the_last_of_overlapping_threads_ends():
    entered, leave = threading.Event(), threading.Event()

    def hold():
        with full_float32():
            entered.set()
            leave.wait(timeout=60)

    thread = threading.Thread(target=hold)
    with full_float32():
        thread.start()
        assert entered.wait(timeout=60)
    assert not enabled()  # the thread still needs it
    leave.set()
    thread.join()
    assert enabled()


def test_it_is_left_alone_without_an_accelerator(monkeypatch):
    monkeypatch.setattr(precision, "has_accelerator", lambda: False)
    with full_float32():
        assert enabled()


def test_an_accelerator_is_a_device_other_than_a_cpu(monkeypatch):
    devices = [tf.config.PhysicalDevice("/physical_device:CPU:0", "CPU")]
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda: devices)
    assert not has_accelerator()
    devices.append(tf.config.PhysicalDevice("/physical_device:GPU:0", "GPU"))
    assert has_accelerator()
