"""Useful floating-point operations, counted from shapes."""


def training_step(student, recipe) -> int:
    """Operations of one step: what the method needs, without bookkeeping.

    The blocks forward, and the gradient of their weights; the mixing forward,
    and both of its gradients; the teacher's answers.
    """
    images, kernels = recipe.images_per_step, recipe.kernels_per_step
    outputs = images * student.output_size**2
    maps_in, maps_out = student.elements_in, student.group.order * kernels
    blocks = 2 * outputs * maps_in * student.image_size**2 * student.blocks
    mixing = 2 * outputs * maps_in * student.blocks * maps_out
    teacher = 2 * outputs * student.kernel_entries * maps_out
    return 2 * blocks + 3 * mixing + teacher


def closed_form(student) -> int:
    """Operations of a solution: the answers, twice, their Gram matrix, and the
    mixing of the answers into blocks."""
    entries, order = student.kernel_entries, student.group.order
    pixels = student.image_size**2 * student.output_size**2
    # Of all pairs of elements, those that share a kernel entry.
    operators = order * entries
    answers = 2 * student.elements_in * pixels * entries * entries * order
    return 2 * answers + 2 * pixels * operators * (operators + student.blocks)


def student_forward(student, channels, filters) -> int:
    """Operations of a layer's forward pass, for one image."""
    maps_in, maps_out = student.elements_in * channels, student.group.order * filters
    pixels, outputs = student.image_size**2, student.output_size**2
    fewer = min(
        maps_in * outputs * (pixels + maps_out), maps_out * pixels * (outputs + maps_in)
    )
    return 2 * student.blocks * fewer


def teacher_forward(student, channels, filters) -> int:
    """Operations of the teacher's forward pass, for one image."""
    maps_out = student.group.order * filters
    return 2 * student.output_size**2 * student.kernel_entries * channels * maps_out
