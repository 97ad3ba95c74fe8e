"""Smoke plumes that rise in four directions, and match less and less.

A simulation of the project's own, in NumPy: smoke is carried by a flow without
divergence, which its buoyancy drives. After the ladder of approximate symmetries in
[Wang, Walters & Yu, 2022](https://arxiv.org/abs/2201.11969).
"""

import numpy as np

SIZE = 32
FRAMES = 40
RUNGS = 10
BUOYANCY = 0.005
# Where smoke comes from, in pixels from the middle, against the buoyancy.
SOURCE, RADIUS = 8, 3


def plume(buoyancy, quarter_turns=0, offset=0.0, frames=FRAMES, size=SIZE):
    """Simulates a plume.

    Args:
        buoyancy: Float, the acceleration of smoke of density 1, in pixels per step.
        quarter_turns: Integer, rotations by 90°: with 0 smoke rises upwards.
        offset: Float, pixels that the source lies off the middle line.
        frames: Integer, how many steps.
        size: Integer, pixels of each side, with periodic boundaries.

    Returns:
        Pair of arrays: smoke, `(frames, size, size)`, and flow, `(frames, 2, size,
        size)`, down and to the right in pixels per step.
    """
    up = np.array([(-1.0, 0.0), (0.0, -1.0), (1.0, 0.0), (0.0, 1.0)])[quarter_turns % 4]
    right = np.array([-up[1], up[0]])
    source = _source(-SOURCE * up + offset * right, size)
    smoke, flow = np.zeros((size, size)), np.zeros((2, size, size))
    frames_so_far = []
    for _ in range(frames):
        smoke = np.maximum(smoke, source)
        flow = without_divergence(flow + buoyancy * smoke * up[:, None, None])
        smoke, *parts = (carried(field, flow) for field in (smoke, *flow))
        flow = without_divergence(np.stack(parts))
        frames_so_far.append((smoke, flow))
    return tuple(np.stack(part) for part in zip(*frames_so_far))


def _source(middle, size):
    """A disk of smoke with a soft edge."""
    line = np.arange(size) - (size - 1) / 2
    distance = np.hypot(line[:, None] - middle[0], line - middle[1])
    return np.clip(RADIUS + 0.5 - distance, 0, 1)


def carried(field, flow):
    """A field after the flow has carried it for a step, read where it came from."""
    size = len(field)
    positions = np.stack(np.meshgrid(*[np.arange(size)] * 2, indexing="ij")) - flow
    corner = np.floor(positions).astype(int)
    down, right = positions - corner
    rows, columns = corner % size
    below, beside = (rows + 1) % size, (columns + 1) % size
    upper = (1 - right) * field[rows, columns] + right * field[rows, beside]
    lower = (1 - right) * field[below, columns] + right * field[below, beside]
    return (1 - down) * upper + down * lower


def _waves(size):
    """Wave numbers down and to the right, without the shortest, that has no sign."""
    line = np.fft.fftfreq(size, 1 / size)
    line[np.abs(line) == size / 2] = 0
    return np.stack(np.meshgrid(line, line, indexing="ij"))


def without_divergence(flow):
    """The nearest flow without divergence."""
    waves = _waves(flow.shape[-1])
    spectrum = np.fft.fft2(flow)
    squared = np.sum(waves**2, axis=0)
    along = np.sum(waves * spectrum, axis=0) / np.where(squared, squared, 1)
    return np.fft.ifft2(spectrum - waves * along).real


def divergence(flow):
    """The divergence of a flow, per step, by its spectrum."""
    waves = _waves(flow.shape[-1])
    spectrum = 2j * np.pi / flow.shape[-1] * np.sum(waves * np.fft.fft2(flow), axis=-3)
    return np.fft.ifft2(spectrum).real


def rung(number, plumes=4, seed=0):
    """Plumes that rise in four directions, on a rung of the ladder.

    Plumes that rise or fall have one buoyancy, plumes to either side another: the
    same on rung 0, and ten times as large on rung 9.

    Args:
        number: Integer, from 0 to 9.
        plumes: Integer, how many of each direction, with different sources.
        seed: Integer, of the sources.

    Returns:
        Array of smoke, `(plumes, 4, frames, size, size)`.
    """
    if number not in range(RUNGS):
        raise ValueError(f"A rung is from 0 to {RUNGS - 1}. Received: number={number}")
    offsets = np.random.default_rng(seed).uniform(-6, 6, plumes)
    return np.stack(
        [
            [
                plume(BUOYANCY * (1 + number * (turns % 2)), turns, offset)[0]
                for turns in range(4)
            ]
            for offset in offsets
        ]
    )


def data_error(smoke) -> float:
    """The relative distance of the plumes of a rung from rotated plumes.

    Args:
        smoke: Array, see `rung`.

    Returns:
        Float, 0 where rotating one plume gives the next.
    """
    first = smoke[:, 0]
    distances = [
        np.linalg.norm(np.rot90(smoke[:, turns], -turns, (-2, -1)) - first)
        for turns in range(1, 4)
    ]
    return float(np.max(distances) / np.linalg.norm(first))


def steps(smoke, ahead=1):
    """Inputs and targets of a network: a frame, and a later one.

    One frame does not show how fast smoke rises, which differs by direction.

    Args:
        smoke: Array of shape `(…, frames, size, size)`.
        ahead: Integer, how many frames later.

    Returns:
        Pair of arrays of shape `(count, size, size, 1)`.
    """
    runs = smoke.reshape(-1, *smoke.shape[-3:], 1).astype("float32")
    pairs = runs[:, :-ahead], runs[:, ahead:]
    return tuple(frames.reshape(-1, *frames.shape[2:]) for frames in pairs)
