"""Independent reference implementations: loops over the formulas' indices."""

import fractions
import itertools
import math

import numpy as np

# The elements as functions of arrays, square ones unless the group keeps rectangles, in
# the order of `PointGroup.elements`.
ACTIONS = {
    "t2": [lambda a: a],
    "flip": [lambda a: a, np.fliplr],
    "c2": [lambda a: a, lambda a: np.rot90(a, 2)],
    "d2": [lambda a: a, lambda a: np.rot90(a, 2), np.fliplr, np.flipud],
    "c4": [lambda a, i=i: np.rot90(a, i) for i in range(4)],
    "d4": [
        *(lambda a, i=i: np.rot90(a, i) for i in range(4)),
        *(lambda a, i=i: np.rot90(np.fliplr(a), i) for i in range(4)),
    ],
}


def relative_element(group, h, g):
    """Index of `h⁻¹g`, found by trying all elements on a test pattern; of rotations by
    other angles, from the angles."""
    if group not in ACTIONS:
        rotations = int(group[1:])
        # r^a s^i, and (r^a s^i)⁻¹ · r^b s^j = r^±(b−a) s^(i+j).
        (i, a), (j, b) = divmod(h, rotations), divmod(g, rotations)
        return (i ^ j) * rotations + (b - a if i == 0 else a - b) % rotations
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
    actions = ACTIONS[group] if group in ACTIONS else any_angle_actions(group)
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


def rotated_kernel(kernel, turn, reflected=False, width=0.45, most=2.5):
    """A kernel, reflected or not, and rotated by a fraction of a turn: fitted by rings
    times complex exponentials, whose phases are shifted."""
    size = len(kernel)
    if reflected:
        kernel = kernel[:, ::-1]
    radii = [j + (0 if size % 2 else 0.5) for j in range((size + 1) // 2)]
    terms = [
        (radius, m)
        for radius in radii
        for m in range(-int(most * radius), int(most * radius) + 1)
    ]
    values = np.zeros((size, size, len(terms)), complex)
    for row, column, (term, (radius, m)) in itertools.product(
        range(size), range(size), enumerate(terms)
    ):
        y, x = (size - 1) / 2 - row, column - (size - 1) / 2
        z = complex(x, y)
        if m and z == 0:
            continue
        ring = math.exp(-((abs(z) - radius) ** 2) / (2 * width**2))
        values[row, column, term] = ring * ((z / abs(z)) ** m if m else 1)
    values = values.reshape(-1, len(terms))
    fitted = np.linalg.lstsq(values, kernel.reshape(-1), rcond=None)[0]
    phases = np.exp([-2j * np.pi * m * turn for _, m in terms])
    return (values @ (phases * fitted)).real.reshape(size, size)


def any_angle_actions(name):
    """The actions of `"cN"` or `"dN"` on kernels, as `ACTIONS`."""
    rotations = int(name[1:])
    return [
        lambda a, i=i, reflected=reflected: rotated_kernel(a, i / rotations, reflected)
        for reflected in ([False, True] if name[0] == "d" else [False])
        for i in range(rotations)
    ]


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


def region_edges(count, regions):
    """Edges of intervals as equal as possible; halves are rounded away from the
    middle, and the middle itself down."""
    edges = []
    for k in range(regions + 1):
        edge = fractions.Fraction(k * count, regions)
        up = edge.denominator == 2 and 2 * k > regions
        half = fractions.Fraction(1, 2)
        edges.append(math.floor(edge + half) if up else math.ceil(edge - half))
    return edges


def region_of(position, shape, regions):
    """The number of the region that a position is in, by trying all of them."""
    index = np.unravel_index(position, shape)
    edges = [region_edges(*pair) for pair in zip(shape, regions)]
    for number, region in enumerate(np.ndindex(*regions)):
        axes = zip(index, region, edges)
        if all(edge[r] <= i < edge[r + 1] for i, r, edge in axes):
            return number
    raise AssertionError("no region")


def regional_loops(inputs, kernel, weights, encoder, teacher, regions):
    """`y = Σ_b φ_b α_b` with `φ_b(x)[p] = Σ_v W[t(p),v,b] · x[receptive_field(p)[v]]`,
    with a loop over positions, their receptive fields, blocks and filters."""
    sizes = teacher.representation_in, teacher.representation_out
    blocks, channels, filters = weights.shape[-1], *kernel.shape[-2:]
    x = inputs.reshape(len(inputs), teacher.positions_in, sizes[0], -1)
    groups = x.shape[-1] // channels
    psi = kernel.reshape(-1, channels, filters)
    alpha = encoder.reshape(len(psi), blocks, *sizes)
    alpha = np.einsum("eco,ebgh->bghco", psi, alpha)
    plane = teacher.output_shape[: len(regions)]
    outputs = np.zeros((len(x), teacher.positions_out, sizes[1], filters))
    for p, field in enumerate(teacher.receptive_fields):
        t = region_of(p, plane, regions)
        for b in range(blocks):
            phi = np.zeros((len(x), *x.shape[2:]))
            for v, position in enumerate(field):
                if position >= 0:
                    phi += weights[t, v, b] * x[:, position]
            for o in range(filters):
                first = o // (filters // groups) * channels
                seen = phi[:, :, first : first + channels]
                outputs[:, p, :, o] += np.einsum("ngc,ghc->nh", seen, alpha[b, ..., o])
    return outputs.reshape(len(x), *teacher.output_shape, filters)


# Generators of groups of volumes as functions of arrays, in the order of their groups.
VOLUME_GENERATORS = {
    "flip3d": [lambda a: np.flip(a, 2)],
    "d2h": [lambda a, i=i: np.flip(a, i) for i in (2, 1, 0)],
    "o": [lambda a: np.rot90(a, 1, (1, 2)), lambda a: np.rot90(a, 1, (2, 0))],
}
VOLUME_GENERATORS["oh"] = [*VOLUME_GENERATORS["o"], lambda a: a[::-1, ::-1, ::-1]]


def _composed(second, first):
    return lambda a: second(first(a))


def volume_actions(name):
    """The elements of a group of volumes as functions of `(depth, height, width, …)`
    arrays, in the order of `VolumeGroup.elements`: words of the generators, those of
    the first ones first."""
    generators, pattern = VOLUME_GENERATORS[name], np.arange(27).reshape(3, 3, 3)
    actions = {pattern.tobytes(): lambda a: a}
    for used in range(1, len(generators) + 1):
        words = list(actions.values())
        for word in words:
            for generator in generators[:used]:
                action = _composed(word, generator)
                key = action(pattern).tobytes()
                if key not in actions:
                    actions[key] = action
                    words.append(action)
    return list(actions.values())


def relative_volume_elements(actions):
    """Indices of `h⁻¹g` for all h and g, found by trying all elements on a pattern."""
    patterns = [action(np.arange(27).reshape(3, 3, 3)) for action in actions]
    index = {pattern.tobytes(): i for i, pattern in enumerate(patterns)}
    found = np.zeros((len(actions), len(actions)), int)
    for h, action in enumerate(actions):
        for i, pattern in enumerate(patterns):
            found[h, index[action(pattern).tobytes()]] = i
    return found


def group_conv3d_loops(inputs, kernel, group, padding="valid", strides=1, dilation=1):
    """The formula, with a loop over each index but the voxels of a receptive field."""
    actions, lifting = volume_actions(group), inputs.ndim == 5
    relative, size = relative_volume_elements(actions), np.array(kernel.shape[:3])
    extent = (size - 1) * dilation + 1
    if padding == "same":
        margins = [(int(each) // 2,) * 2 for each in extent]
        inputs = np.pad(inputs, [(0, 0), *margins, *[(0, 0)] * (inputs.ndim - 4)])
    if lifting:
        inputs, kernel = inputs[..., None, :], kernel[:, :, :, None]
    batch, *grid, sources, channels = inputs.shape
    shape = tuple((np.array(grid) - extent) // strides + 1)
    outputs = np.zeros((batch, *shape, len(actions), kernel.shape[-1]))
    indices = itertools.product(*map(range, (len(actions), sources, channels)))
    for h, g, c in indices:
        transformed = actions[h](kernel[..., 0 if lifting else relative[h, g], c, :])
        for voxel in np.ndindex(shape):
            starts = zip(np.array(voxel) * strides, extent)
            field = tuple(slice(i, i + n, dilation) for i, n in starts)
            patch = inputs[(slice(None), *field, g, c)]
            outputs[(slice(None), *voxel, h)] += np.tensordot(patch, transformed, 3)
    return outputs
