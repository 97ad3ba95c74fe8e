"""Convolutions of volumes that are equivariant by construction, as a function."""

from keras import ops

from symclone_tf.symmetry import VolumeGroup, get_volume_group
from symclone_tf.teachers.convolution import channel_groups_of
from symclone_tf.teachers.group_convolution import convolve_with_copies
from symclone_tf.teachers.volume_geometry import VolumeGeometry
from symclone_tf.types import Sizes, Tensor


def group_conv3d(
    inputs: Tensor,
    kernel: Tensor,
    group: str | VolumeGroup,
    padding: str = "valid",
    strides: Sizes = 1,
    dilation_rate: Sizes = 1,
) -> Tensor:
    """Cross-correlates volumes with all transformed copies of a kernel.

    A lifting convolution maps volumes to feature maps on the group,
    `y[n,u,h,o] = Σ_{v,c} x[n,u+v,c] · (h·ψ)[v,c,o]`. A group convolution maps feature
    maps on the group to feature maps on the group,
    `y[n,u,h,o] = Σ_{v,g,c} x[n,u+v,g,c] · (h·ψ)[v,g,c,o]`, where
    `(h·ψ)[v,g] = ψ[h⁻¹v, h⁻¹g]`. All copies are computed by one convolution.

    Args:
        inputs: Tensor of shape `(batch, depth, height, width, in_channels)`, volumes,
            or `(batch, depth, height, width, |G|, in_channels)`, feature maps; equally
            long along axes that the group exchanges.
        kernel: Tensor of shape `(k, k, k, in_channels, filters)` for volumes,
            `(k, k, k, |G|, in_channels, filters)` for feature maps; its sizes may
            differ along axes that the group does not exchange. If it has a fraction of
            the inputs' channels, these are convolved in groups.
        group: String, as `"oh"`, or a `VolumeGroup`.
        padding: String, `"valid"` or `"same"`.
        strides: Integer or triple, voxels between receptive fields, with which the
            group maps the grid of receptive fields onto itself.
        dilation_rate: Integer or triple, voxels between the kernel's entries.

    Returns:
        Tensor of shape `(batch, new_depth, new_height, new_width, |G|, filters)`.

    Raises:
        ValueError: If the shapes do not match each other or the group.

    Example:

    >>> volumes = keras.random.normal((2, 6, 6, 6, 1))
    >>> kernel = keras.random.normal((3, 3, 3, 1, 5))
    >>> group_conv3d(volumes, kernel, "o").shape
    TensorShape([2, 4, 4, 4, 24, 5])

    Reference:

    - [Winkels & Cohen, 2018](https://arxiv.org/abs/1804.04656)
    - [Worrall & Brostow, 2018](https://arxiv.org/abs/1804.04458)
    """
    group = get_volume_group(group)
    lifting = group.check_inputs(inputs.shape)
    on_group = () if lifting else group.representation_shape
    shape = tuple(kernel.shape)
    if len(shape) != 5 + len(on_group) or shape[3:-2] != on_group:
        raise ValueError(
            f"Inputs of shape {tuple(inputs.shape)} need a kernel of shape (k, k, k, "
            f"{'' if lifting else f'{group.order}, '}in_channels, filters). "
            f"Received: kernel of shape {shape}"
        )
    options = padding, strides, dilation_rate
    geometry = VolumeGeometry(group, shape[:3], *options)
    geometry.outputs(inputs.shape[1:4])
    groups = channel_groups_of(inputs.shape[-1], *shape[-2:])
    entries = ops.reshape(kernel, (-1, *shape[-2:]))
    sources = group.kernel_permutations(shape[:3], lifting)
    copies = ops.take(entries, sources, axis=0)
    return convolve_with_copies(inputs, copies, geometry, groups)
