"""Independent reference implementations: loops over the formulas' indices."""

import itertools

import numpy as np

# The elements as functions of arrays, square ones unless the group keeps rectangles, in
# the order of `PointGroup.elements`.
ACTIONS = {
    "t2": [lambda a: a],
    "c2": [lambda a: a, lambda a: np.rot90(a, 2)],
    "c4": [lambda a, i=i: np.rot90(a, i) for i in range(4)],
    "d4": [
        *(lambda a, i=i: np.rot90(a, i) for i in range(4)),
        *(lambda a, i=i: np.rot90(np.fliplr(a), i) for i in range(4)),
    ],
}


def relative_element(group, h, g):
    """Index of `h⁻¹g`, found by trying all elements on a test pattern."""
    actions = ACTIONS[group]
    pattern = np.arange(9).reshape(3, 3)
    target = actions[g](pattern)
    return next(
        i
        for i, action in enumerate(actions)
        if np.array_equal(actions[h](action(pattern)), target)
    )


def group_conv2d_loops(inputs, kernel, group, padding):
    """The formula, with a loop over each index."""
    actions = ACTIONS[group]
    order, (height, width) = len(actions), kernel.shape[:2]
    lifting = inputs.ndim == 4
    if padding == "same":
        spatial = [(margin // 2, margin // 2) for margin in (height, width)]
        inputs = np.pad(inputs, [(0, 0), *spatial, *[(0, 0)] * (inputs.ndim - 3)])
    if lifting:
        inputs, kernel = inputs[:, :, :, None], kernel[:, :, None]
    batch, rows, columns, sources, channels = inputs.shape
    filters, rows, columns = kernel.shape[-1], rows - height + 1, columns - width + 1
    outputs = np.zeros((batch, rows, columns, order, filters))
    indices = itertools.product(
        range(order), range(sources), range(channels), range(filters)
    )
    for h, g, c, o in indices:
        source = 0 if lifting else relative_element(group, h, g)
        transformed = actions[h](kernel[:, :, source, c, o])
        for i, j in itertools.product(range(rows), range(columns)):
            patch = inputs[:, i : i + height, j : j + width, g, c]
            outputs[:, i, j, h, o] += np.sum(patch * transformed, axis=(1, 2))
    return outputs[:, :, :, 0] if order == 1 else outputs


def closure(generators):
    """All elements of a permutation group, as tuples."""
    found = {tuple(range(len(generators[0])))}
    new = list(found)
    while new:
        element = new.pop()
        for generator in generators:
            product = tuple(element[i] for i in generator)
            if product not in found:
                found.add(product)
                new.append(product)
    return found
