"""Useful floating-point operations, counted from shapes."""


def training_step(student, recipe) -> int:
    """Operations of one step: what the method needs, without bookkeeping.

    The blocks forward, and the gradient of their weights; the mixing forward,
    and both of its gradients; the teacher's outputs.
    """
    teacher = student.teacher
    images, kernels = recipe.images_per_step, recipe.kernels_per_step
    rows, outputs = images * teacher.representation_in, images * teacher.positions_out
    representation_out = teacher.representation_out * kernels
    blocks = 2 * rows * student.block_operations
    mixing = (
        2 * outputs * teacher.representation_in * student.blocks * representation_out
    )
    taught = 2 * outputs * teacher.kernel_entries * representation_out
    return 2 * blocks + 3 * mixing + taught


def closed_form(student) -> int:
    """Operations of a solution: the outputs, twice, their Gram matrix, and the
    mixing of the outputs into blocks."""
    teacher = student.teacher
    entries, representation_out = teacher.kernel_entries, teacher.representation_out
    positions = teacher.positions_in * teacher.positions_out
    # Of all pairs of elements, those that share a kernel entry.
    operators = representation_out * entries
    outputs_once = (
        2
        * teacher.representation_in
        * positions
        * entries
        * entries
        * representation_out
    )
    return 2 * outputs_once + 2 * positions * operators * (operators + student.blocks)


def student_forward(student, channels, filters) -> int:
    """Operations of a layer's forward pass, for one image."""
    return 2 * student.operations(channels, filters)


def teacher_forward(student, channels, filters) -> int:
    """Operations of the teacher's forward pass, for one image."""
    teacher = student.teacher
    representation_out = teacher.representation_out * filters
    return (
        2
        * teacher.positions_out
        * teacher.kernel_entries
        * channels
        * representation_out
    )
