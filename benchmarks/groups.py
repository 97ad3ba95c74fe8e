"""Permutation groups, and their clones: `python -m benchmarks.groups`."""

import argparse
import pathlib
import time

from rich.console import Console

import symclone_tf as sc
from benchmarks.cloning import machine
from benchmarks.result_files import write_results
from symclone_tf.symmetry import (
    cyclic,
    dihedral,
    hexagonal,
    icosahedron,
    orbits_of_pairs,
    product,
    symmetric,
    torus,
)

# Weights of the largest student that is cloned.
MOST_WEIGHTS = 10**7
TRIES = 3


def cases() -> dict:
    """Pairs of groups, acting on inputs and outputs, by the call that makes them."""
    return {
        "cyclic(24)": (cyclic(24), None),
        "cyclic(1024)": (cyclic(1024), None),
        "dihedral(24)": (dihedral(24), None),
        "symmetric(24)": (symmetric(24), None),
        "symmetric(1024)": (symmetric(1024), None),
        "torus(6, 8)": (torus(6, 8), None),
        "torus(8, 8, rotations=True)": (torus(8, 8, rotations=True), None),
        "torus(32, 32, rotations=True)": (torus(32, 32, rotations=True), None),
        "hexagonal(3)": (hexagonal(3), None),
        "icosahedron(12)": (icosahedron(12), None),
        "icosahedron(20)": (icosahedron(20), None),
        "icosahedron(30)": (icosahedron(30), None),
        "icosahedron(12), icosahedron(20)": (icosahedron(12), icosahedron(20)),
        "product(symmetric(6), cyclic(8))": (product(symmetric(6), cyclic(8)), None),
    }


def main():
    """Measures every group, and writes a table and the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", default="benchmarks/results", type=pathlib.Path)
    arguments = parser.parse_args()
    results = {"machine": machine(), "rows": collect(cases())}
    write_results(arguments.output, "groups", results, report)


def collect(chosen) -> list[dict]:
    """A row for each group."""
    orbits_of_pairs(cyclic(2))  # imports what finds them
    rows = []
    for call, groups in chosen.items():
        Console(stderr=True).print(f"{call} …")
        rows.append({"call": call, **measure(*groups)})
    return rows


def measure(group, group_out=None) -> dict:
    """Seconds to find a group's orbits of pairs, and how well its layers are cloned."""
    seconds = []
    for _ in range(TRIES):
        orbits_of_pairs.cache_clear()
        start = time.perf_counter()
        orbits_of_pairs(group, group_out)
        seconds.append(time.perf_counter() - start)
    teacher = sc.OrbitTeacher(group, group_out)
    row = {
        "positions_in": teacher.positions_in,
        "positions_out": teacher.positions_out,
        "generators": len(group.generators),
        "entries": teacher.kernel_entries,
        "seconds": min(seconds),
        "nmse": None,
        "equivariance_error": None,
    }
    if sc.DenseStudent(teacher).parameters <= MOST_WEIGHTS:
        _, found = sc.clone(teacher, solver="closed-form", verbose=0)
        row |= {"nmse": found.nmse, "equivariance_error": found.equivariance_error}
    return row


def cells(row) -> list[str]:
    """A row as tables have it."""
    positions = {row["positions_in"]: None, row["positions_out"]: None}
    figures = (row["nmse"], row["equivariance_error"])
    return [
        f"`{row['call']}`",
        " → ".join(f"{count:,}" for count in positions),
        str(row["generators"]),
        f"{row['entries']:,}",
        f"{row['seconds']:.2g}" if row["seconds"] >= 0.01 else "< 0.01",
        *map(power_of_ten, figures),
    ]


def power_of_ten(value) -> str:
    """A small figure, to its power of ten."""
    if value is None:
        return "–"
    return f"{value:.0e}" if value else "0"


def report(results) -> str:
    """The Markdown page."""
    about = ", ".join(f"{k} {v}" for k, v in results["machine"].items())
    lines = [
        "# Groups of permutations",
        "",
        f"Machine: {about}.",
        "",
        "Orbits of pairs are the entries of a kernel; the seconds are those to find "
        f"them, the best of {TRIES}. Clones are Dense, solved in closed form, where "
        f"they have at most {MOST_WEIGHTS:,} weights.",
        "",
        "| group | positions | generators | orbits of pairs | seconds | NMSE | "
        "equivariance error |",
        "|---|" + "---:|" * 6,
    ]
    lines += [f"| {' | '.join(cells(row))} |" for row in results["rows"]]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
