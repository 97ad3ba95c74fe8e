"""NIfTI files, written by nibabel."""

import itertools

import nibabel
import numpy as np
import pytest

from symclone_tf.data.decoded import SEVERAL_SLICES, Unreadable
from symclone_tf.data.nifti_files import TURNED, read_nifti

from image_files import slope


def write(file, volume, affine=None, **options):
    affine = np.eye(4) if affine is None else affine
    nibabel.save(nibabel.Nifti1Image(volume, affine, **options), file)
    return str(file)


# Whatever axes a file has, and whichever way they run.
WAYS = [
    (axes, signs)
    for axes in itertools.permutations(range(3))
    for signs in itertools.product((1, -1), repeat=3)
]


@pytest.mark.parametrize("flat", [0, 1, 2])
def test_one_rule_turns_slices_of_any_orientation(tmp_path, flat):
    # In the patient: x to the right, y to the front, z to the head.
    shape = np.insert([22, 17], flat, 1)
    patient = np.arange(22 * 17).reshape(shape).astype("int16")
    seen = patient.squeeze(flat)
    # The first axis runs to the right, the second to the top.
    expected = np.array([[seen[x, y] for x in range(22)] for y in range(17)[::-1]])
    for axes, signs in WAYS:
        affine = np.eye(4)
        affine[:3, :3] = np.diag(signs)[:, list(axes)]
        stored = patient.transpose(axes)
        for axis, sign in enumerate(np.array(signs)[list(axes)]):
            stored = np.flip(stored, axis) if sign < 0 else stored
        found = read_nifti(write(tmp_path / "a.nii", stored, affine))
        np.testing.assert_array_equal(found.pixels[..., 0], expected)
        assert found.notes == (TURNED,)


def test_files_of_two_axes_and_compressed_ones_are_read(tmp_path):
    image = slope("int16")
    for name in ("a.nii", "a.nii.gz"):
        found = read_nifti(write(tmp_path / name, image.T[:, ::-1]))
        np.testing.assert_array_equal(found.pixels[..., 0], image)
        assert found.pixels.dtype == np.int16


def test_fractions_are_scaled(tmp_path):
    image = slope("uint16") / 777
    made = nibabel.Nifti1Image(image[..., None], np.eye(4))
    made.set_data_dtype("int16")
    nibabel.save(made, tmp_path / "a.nii")
    found = read_nifti(str(tmp_path / "a.nii")).pixels
    assert found.dtype.kind == "f"
    np.testing.assert_allclose(found[..., 0], image.T[::-1], atol=2e-3)


@pytest.mark.parametrize("intent", ["none", "label"])
def test_labels_that_a_scale_made_fractions_of_are_integers(tmp_path, intent):
    labels = slope(most=4)[..., None]
    made = nibabel.Nifti1Image(10.0 * labels, np.eye(4))
    made.header.set_intent(intent)
    made.header.set_slope_inter(0.1, 0)
    made.set_data_dtype("int16")
    nibabel.save(made, tmp_path / "a.nii")
    stored = nibabel.load(tmp_path / "a.nii").get_fdata()
    assert (stored != np.rint(stored)).any()
    found = read_nifti(str(tmp_path / "a.nii")).pixels
    assert found.dtype.kind == "i"
    np.testing.assert_array_equal(found[..., 0], labels[..., 0].T[::-1])


def test_colours_are_read(tmp_path):
    image = slope(channels=3)
    stored = np.zeros((22, 17, 1), [(name, "u1") for name in "RGB"])
    for channel, name in enumerate("RGB"):
        stored[name][..., 0] = image[::-1, :, channel].T
    found = read_nifti(write(tmp_path / "a.nii", stored))
    np.testing.assert_array_equal(found.pixels, image)


@pytest.mark.parametrize("shape", [(17, 22, 3), (17, 22, 1, 5), (1, 17, 22, 2)])
def test_more_than_one_slice_is_refused(tmp_path, shape):
    file = write(tmp_path / "a.nii", np.zeros(shape, "int16"))
    with pytest.raises(Unreadable, match=SEVERAL_SLICES):
        read_nifti(file)


def test_what_is_too_large_is_refused_before_it_is_read(tmp_path):
    header = nibabel.Nifti1Header()
    header.set_data_shape((30_000, 30_000, 1))
    header["magic"], header["vox_offset"] = b"n+1", 352
    (tmp_path / "a.nii").write_bytes(header.binaryblock + b"\0" * 400)
    with pytest.raises(Unreadable, match="of more than 100,000,000 pixels"):
        read_nifti(str(tmp_path / "a.nii"))
