"""Teachers of every kind, and their clones: `python -m benchmarks.teachers`."""

import argparse
import dataclasses
import pathlib

import keras
import numpy as np
from keras import ops
from rich.console import Console

import symclone_tf as sc
from benchmarks.cloning import machine
from benchmarks.groups import power_of_ten
from benchmarks.result_files import write_results
from symclone_tf.symmetry import Permutation, cyclic, permutations_of
from symclone_tf.teachers import TranslationConvTeacher

# What attention is trained with: blocks with two hidden layers.
HIDDEN = {"hidden_units": (64, 64), "activation": "gelu", "steps": 2000}
BOTH = ("inputs", "kernel")
LINEAR = {BOTH: "yes", BOTH[:1]: "in inputs", BOTH[1:]: "in the kernel", (): "no"}


@dataclasses.dataclass(frozen=True)
class Case:
    """A teacher, and the student that it is cloned into.

    Attributes:
        title: String, as the table shows it.
        teacher: `Teacher`.
        student: String, the registered name.
        options: Dictionary, of `clone`.
    """

    title: str
    teacher: sc.Teacher
    student: str = "dense"
    options: dict = dataclasses.field(default_factory=dict)

    @property
    def blocks(self) -> str:
        """The student in a few words."""
        units = self.options.get("hidden_units")
        hidden = f", hidden {'×'.join(map(str, units))}" if units else ""
        return {"dense": "Dense", "local": "local"}[self.student] + hidden


def cases() -> list[Case]:
    """All rows of the table."""
    causal = TranslationConvTeacher(32, padding="causal", dilation_rate=2)
    volume = TranslationConvTeacher((6, 6, 6))
    up = keras.layers.Conv2DTranspose(1, 3, strides=2)
    up = sc.FunctionTeacher.from_layer(up, (8, 8, 1))
    values, everything = attention("values"), attention("everything")
    return [
        Case("convolution, T(2)", sc.ConvTeacher("t2", 12), "local"),
        Case("lifting convolution, C4", sc.ConvTeacher("c4", 12), "local"),
        Case("all that commutes with a ring", sc.OrbitTeacher(cyclic(24))),
        Case("`Conv1D`, causal, dilated", causal, "local"),
        Case("`Conv3D`", volume, "local"),
        Case("`Conv2DTranspose`, strides 2", up, "local"),
        Case("convolution on a masked grid", island(), "local"),
        Case("lifting convolution, hexagons", hexagons(), "local"),
        Case("graph convolution", graph(), "local"),
        Case("attention on C4, kernel: values", values, options={"steps": 1000}),
        Case("attention on C4, kernel: values", values, options=HIDDEN),
        Case(
            "attention on C4, kernel: all", everything, options=HIDDEN | {"steps": 1000}
        ),
    ]


def island(size=11) -> sc.FunctionTeacher:
    """A 3×3 convolution between the positions of a grid that are in a disc."""
    rows, columns = np.indices((size, size)) - size // 2
    land = np.flatnonzero(rows**2 + columns**2 <= (size / 2) ** 2)
    positions = np.eye(size * size, dtype="float32")[land]

    def convolved(inputs, kernel):
        images = ops.einsum("lp,nlc->npc", positions, inputs)
        images = ops.reshape(images, (-1, size, size, inputs.shape[-1]))
        outputs = ops.conv(images, kernel, padding="same")
        outputs = ops.reshape(outputs, (-1, size * size, kernel.shape[-1]))
        return ops.take(outputs, land, axis=1)

    shapes = len(land), (3, 3), len(land)
    return sc.FunctionTeacher(convolved, *shapes, name="island")


def hexagons(radius=3) -> sc.FunctionTeacher:
    """A convolution on hexagons with six rotated kernels, as HexaConv's first layer."""
    steps = range(-radius, radius + 1)
    cells = [(a, b) for a in steps for b in steps if abs(a + b) <= radius]
    position = {cell: number for number, cell in enumerate(cells)}

    def rotated(cell):
        return -cell[1], cell[0] + cell[1]

    around = [(1, 0)]
    for _ in range(5):
        around.append(rotated(around[-1]))
    # A missing neighbour is one more position, of zeros.
    neighbours = [
        [position.get((a + c, b + d), len(cells)) for c, d in [(0, 0), *around]]
        for a, b in cells
    ]
    # The entry of each rotated kernel for each neighbour.
    entries = [[0, *(1 + (i - h) % 6 for i in range(6))] for h in range(6)]

    def lifted(inputs, kernel):
        padded = ops.pad(inputs, ((0, 0), (0, 1), (0, 0)))
        rotated_kernels = ops.take(kernel, np.array(entries), axis=0)
        receptive_fields = ops.take(padded, np.array(neighbours), axis=1)
        return ops.einsum("nqvc,hvco->nqho", receptive_fields, rotated_kernels)

    back = np.argsort([position[rotated(cell)] for cell in cells])
    out = 6 * back[:, None] + np.arange(-1, 5) % 6
    return sc.FunctionTeacher(
        lifted,
        len(cells),
        7,
        (len(cells), 6),
        representation_out=6,
        transformations=[Permutation(back, out.reshape(-1), "rotated by 60°")],
        name="hexagons",
    )


def graph() -> sc.FunctionTeacher:
    """A graph convolution, of three powers of Petersen's graph's adjacency."""
    outer = np.arange(5)
    pairs = [(outer, (outer + 1) % 5), (outer, outer + 5)]
    pairs.append((outer + 5, (outer + 2) % 5 + 5))
    adjacency = np.zeros((10, 10), "float32")
    for one, other in pairs:
        adjacency[one, other] = adjacency[other, one] = 1 / 3
    powers = np.stack([np.linalg.matrix_power(adjacency, k) for k in range(3)])

    def filtered(inputs, kernel):
        return ops.einsum("kqp,npc,kco->nqo", powers, inputs, kernel)

    turn = np.concatenate([np.roll(outer, 1), np.roll(outer, 1) + 5])
    transformations = permutations_of(sc.PermutationGroup([turn], "petersen"))
    return sc.FunctionTeacher(
        filtered, 10, 3, 10, transformations=transformations, name="graph"
    )


def attention(kernel) -> sc.FunctionTeacher:
    """Self-attention over the elements of C4, with relative positions.

    Args:
        kernel: String, what the kernel is: `"values"`, a weight for each relative
            position, of attention by the inputs themselves; or `"everything"`: the
            weights of queries, keys and values, and a bias for each position.
    """
    position = (np.arange(4) - np.arange(4)[:, None]) % 4
    share = np.eye(4, dtype="float32")[position]  # (g, h, position)

    def of_values(inputs, kernel):
        scores = ops.softmax(ops.einsum("ngc,nhc->nghc", inputs, inputs), axis=2)
        weights = ops.einsum("ghk,kco->ghco", share, kernel)
        return ops.einsum("nghc,nhc,ghco->ngo", scores, inputs, weights)

    def of_everything(inputs, kernel):
        query, key, value = (kernel[i] for i in range(3))
        scores = ops.einsum("ngc,nhc,co->nghco", inputs, inputs, query * key)
        scores = scores + ops.einsum("ghk,kco->ghco", share, kernel[3:])
        weights = ops.softmax(scores, axis=2)
        return ops.einsum("nghco,nhc,co->ngo", weights, inputs, value)

    function, entries = {
        "values": (of_values, 4),
        "everything": (of_everything, 7),
    }[kernel]
    transformations = permutations_of(cyclic(4))
    name = f"attention-{kernel}"
    return sc.FunctionTeacher(
        function, 4, entries, 4, transformations=transformations, name=name
    )


def main():
    """Clones every teacher, and writes a table and the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", default="benchmarks/results", type=pathlib.Path)
    arguments = parser.parse_args()
    results = {"machine": machine(), "rows": collect(cases())}
    write_results(arguments.output, "teachers", results, report)


def collect(chosen) -> list[dict]:
    """A row for each case."""
    rows = []
    for case in chosen:
        Console(stderr=True).print(f"{case.title} …")
        rows.append(measure(case))
    return rows


def measure(case) -> dict:
    """What a teacher is found to be, and how well it is cloned."""
    teacher = case.teacher
    options = case.options or {"solver": "closed-form"}
    _, found = sc.clone(teacher, student=case.student, verbose=0, **options)
    transformations = bool(list(teacher.transformations()))
    linear = list(sc.teachers.linear_in(teacher))
    return {
        "teacher": case.title,
        "positions_in": teacher.positions_in,
        "positions_out": teacher.positions_out,
        "representation_out": teacher.representation_out,
        "entries": teacher.kernel_entries,
        "linear": linear,
        "student": case.blocks,
        "solver": found.solver,
        "steps": found.steps,
        "seconds": found.seconds,
        "nmse": found.nmse,
        "floor": None if linear[-1:] == ["kernel"] else floor(teacher),
        "equivariance_error": found.equivariance_error if transformations else None,
        "caveat": found.caveat,
    }


def floor(teacher, inputs=256, kernels=8192) -> float:
    """The NMSE of the best outputs that are linear in the kernel.

    For N(0, I) kernels these are, for each input, the mean products of its outputs and
    the entries.
    """
    rng = np.random.default_rng(0)
    shapes = (inputs, *teacher.input_shape, 1), (*teacher.kernel_shape, 1, kernels)
    inputs, kernel = (rng.normal(size=shape).astype("float32") for shape in shapes)
    outputs = np.reshape(teacher(inputs, kernel), (-1, kernels)).astype("float64")
    entries = kernel.reshape(-1, kernels)
    linear = np.linalg.lstsq(entries.T, outputs.T, rcond=None)[0].T @ entries
    return float(np.sum(np.square(outputs - linear)) / np.sum(np.square(outputs)))


def cells(row) -> list[str]:
    """A row of the table."""
    maps = f"×{row['representation_out']}" if row["representation_out"] > 1 else ""
    exact = row["nmse"] < 1e-6
    best = "" if row["floor"] is None else f", at best {row['floor']:.2g}"
    return [
        row["teacher"],
        f"{row['positions_in']} → {row['positions_out']}{maps}",
        str(row["entries"]),
        LINEAR[tuple(row["linear"])],
        row["student"],
        row["solver"],
        f"{row['seconds']:.1f}" if row["seconds"] >= 0.05 else "< 0.1",
        power_of_ten(row["nmse"]) if exact else f"{row['nmse']:.2g}{best}",
        power_of_ten(row["equivariance_error"])
        if exact or row["equivariance_error"] is None
        else f"{row['equivariance_error']:.2g}",
    ]


def report(results) -> str:
    """The Markdown page."""
    about = ", ".join(f"{k} {v}" for k, v in results["machine"].items())
    lines = [
        "# Teachers of every kind",
        "",
        f"Machine: {about}.",
        "",
        "Whether a teacher is linear, in inputs and in the kernel, is found by "
        "evaluating it. The NMSE is on fresh pairs, the equivariance error over the "
        "transformations that the teacher declares; – where it declares none. At best: "
        "the floor of what is linear in the kernel, as all students are.",
        "",
        "| teacher | positions | kernel | linear | student | solver | seconds | NMSE | "
        "equivariance error |",
        "|---|---:|---:|---|---|---|---:|---:|---:|",
    ]
    lines += [f"| {' | '.join(cells(row))} |" for row in results["rows"]]
    caveats = dict.fromkeys(row["caveat"] for row in results["rows"] if row["caveat"])
    return "\n".join([*lines, "", *(f"- {caveat}" for caveat in caveats), ""])


if __name__ == "__main__":
    main()
