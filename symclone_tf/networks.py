"""The MNIST network, and the students that stand in for its convolutions."""

from symclone_tf.students import DenseStudent
from symclone_tf.teachers import output_size


def network_students(
    group, canvas=28, kernel_size=3, padding="valid", **options
) -> list[DenseStudent]:
    """One student for each convolution of the MNIST network, not yet built.

    The network has two pairs of convolutions, each pair followed by a 2×2 max
    pooling; the first convolution lifts images to the group.

    Args:
        group: String, one of `"t2"`, `"c2"`, `"c4"`, `"d4"`.
        canvas: Integer, height and width of the network's images in pixels.
        kernel_size: Integer, height and width of all kernels.
        padding: String, `"valid"` or `"same"`.
        **options: Of `DenseStudent`.

    Returns:
        List of four `DenseStudent`.

    Raises:
        ValueError: If the canvas is too small for the network, or an option
            is not accepted.

    Example:

    >>> [student.description for student in network_students("c4")]
    ['C4 lifting 28×28', 'C4 group 26×26', 'C4 group 12×12', 'C4 group 10×10']
    """
    students = []
    size = canvas
    for layer in range(4):
        if size < kernel_size:
            raise ValueError(
                f"`canvas` is too small: convolution {layer + 1} of the network "
                f"would read {size}×{size} images with kernels of {kernel_size}×"
                f"{kernel_size}. Received: canvas={canvas}"
            )
        students.append(
            DenseStudent(group, layer == 0, size, kernel_size, padding, **options)
        )
        size = output_size(size, kernel_size, padding)
        if layer % 2:
            size //= 2
    return students
