"""What distillation transfers, and what cloning: `python -m benchmarks.distilling`.

One and the same student network, locally connected, gets the symmetry of a network of
group convolutions in several ways: from its answers to digits, or by cloning, from each
layer's answers to noise and random kernels. Every run is a line of a CSV at once, and
what was interrupted continues when it is started again. MNIST has to be there, or to be
downloaded.
"""

import argparse
import dataclasses
import pathlib

import keras
import numpy as np
from rich.console import Console

import symclone_tf as sc
from benchmarks import csv_rows, measured_pages
from benchmarks.relax_time.training import Shuffled
from benchmarks.symmetrizing.methods import transformed
from benchmarks.symmetrizing.report import percent
from benchmarks.tasks import digits
from benchmarks.this_machine import machine

GROUP, TRAINED, EPOCHS, RATE = "c4", 10_000, 8, 1e-3
TESTED_SEED, EVALUATED = 2024, 250
# Of the invariance error.
MEASURED = 500
KEY = ("method", "seed")
SCORES = ("as_they_are", "transformed", "agreement", "error")
FIELDS = (*KEY, "weights", *SCORES)
TEACHER = "group convolutions, the teacher"


@dataclasses.dataclass(frozen=True)
class Method:
    """How a student network is trained.

    Attributes:
        cloned: Boolean, whether each layer was cloned before.
        symmetry: String, of its layers.
        distilled: Boolean, whether it learns what the teacher answers, in place of
            the labels.
        rotated: Boolean, whether its digits are rotated by random multiples of 90°,
            anew in each epoch.
    """

    cloned: bool = False
    symmetry: str = "trainable"
    distilled: bool = False
    rotated: bool = False


METHODS = {
    "student, from labels": Method(),
    "student, distilled": Method(distilled=True),
    "student, from labels, on rotated digits": Method(rotated=True),
    "student, distilled, on rotated digits": Method(distilled=True, rotated=True),
    "student, cloned, frozen, from labels": Method(cloned=True, symmetry="frozen"),
    "student, cloned, trainable, from labels": Method(cloned=True),
}


def main():
    """Runs what the table lacks, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument(
        "--output",
        type=pathlib.Path,
        default=pathlib.Path("benchmarks/results/distilling.csv"),
    )
    chosen = parser.parse_args()
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    for seed in chosen.seeds:
        done = {tuple(row[name] for name in KEY) for row in read_rows(chosen.output)}
        wanted = [t for t in (TEACHER, *METHODS) if (t, seed) not in done]
        for row in runs(wanted, seed) if wanted else ():
            csv_rows.append(chosen.output, row, FIELDS)
            Console(stderr=True).print(row)
    measured_pages.write(chosen.output, report(read_rows(chosen.output), machine()))


def runs(titles, seed, trained=TRAINED, tested=None, epochs=EPOCHS):
    """Trains a teacher and students, and yields their rows.

    Args:
        titles: Iterable of strings, of `METHODS`, and `TEACHER`.
        seed: Integer.
        trained: Integer, how many digits are trained on.
        tested: Integer, how many are tested on; `None` for all.
        epochs: Integer.
    """
    (x, y), (others, labels) = digits("train", trained), digits("test", tested)
    x, others = x[..., None], others[..., None]
    keras.utils.set_random_seed(seed)
    teacher = sc.experiments.image_network("gcnn", GROUP, seed=seed)
    _fit(teacher, Method(), x, y, seed, epochs)
    answers = _answers(teacher, others)
    for title in titles:
        model = teacher
        if title != TEACHER:
            model = student_network(METHODS[title], seed)
            targets = y
            if METHODS[title].distilled:
                # Of rotated digits as well: the teacher answers alike.
                targets = teacher.predict(x, EVALUATED, verbose=0)
            _fit(model, METHODS[title], x, targets, seed, epochs)
        scores = measured(model, others, labels, answers)
        weights = {"weights": model.count_params()}
        yield {"method": title, "seed": seed, **weights, **scores}


def student_network(method, seed) -> keras.Model:
    """The student network of a method, not yet trained.

    Args:
        method: `Method`.
        seed: Integer.
    """
    students = sc.experiments.network_students(GROUP, student="local", seed=seed)
    rng = np.random.default_rng(seed)
    for student in students:
        sc.cloning.solve(student)
        for weight in () if method.cloned else student.weights:
            # As large as a clone's, so that signals keep their size.
            weight.assign(rng.normal(0, np.std(weight), size=weight.shape))
    return sc.experiments.image_network(
        "cloned", GROUP, students=students, symmetry=method.symmetry, seed=seed
    )


def _fit(model, method, images, targets, seed, epochs):
    loss = "categorical" if targets.ndim > 1 else "sparse_categorical"
    model.compile(
        keras.optimizers.AdamW(RATE), f"{loss}_crossentropy", jit_compile=False
    )
    for epoch in range(epochs):
        drawn = 1000 * seed + epoch
        seen = transformed(images, GROUP, drawn) if method.rotated else images
        batches = Shuffled(seen, targets, drawn)
        model.fit(batches, shuffle=False, verbose=0)


def _answers(model, images):
    """Probabilities of images as they are, and of transformed ones."""
    return [
        model.predict(each, EVALUATED, verbose=0)
        for each in (images, transformed(images, GROUP, TESTED_SEED))
    ]


def measured(model, images, labels, teachers) -> dict:
    """Accuracies, and how near to the teacher, and to invariance, a network is.

    Args:
        model: `keras.Model`.
        images: Array, of digits as they are.
        labels: Array.
        teachers: Pair of arrays, the teacher's probabilities of these digits, and of
            rotated ones.
    """
    plain, rotated = _answers(model, images)
    few, base = images[:MEASURED], plain[:MEASURED]
    group = sc.get_group(GROUP)
    each = [
        model.predict(group.transform(few, element), EVALUATED, verbose=0)
        for element in range(1, group.order)
    ]
    found = {
        "as_they_are": np.mean(plain.argmax(-1) == labels),
        "transformed": np.mean(rotated.argmax(-1) == labels),
        "agreement": np.mean(rotated.argmax(-1) == teachers[1].argmax(-1)),
        "error": max(np.linalg.norm(r - base) / np.linalg.norm(base) for r in each),
    }
    return {name: float(f"{value:.4g}") for name, value in found.items()}


def read_rows(file) -> list[dict]:
    """The rows of a table; none if there is no such file."""
    return csv_rows.read(file, ("seed", "weights"), SCORES)


def report(rows, about) -> str:
    """The Markdown page."""
    text = (
        f"A network of group convolutions under {GROUP.upper()}, the teacher, and one "
        "locally connected student network, which begins with normal random weights "
        "as large as a clone's or, *cloned*, with clones of the teacher's kind of "
        "layers; its kernels begin anew. All are "
        f"trained on {TRAINED:,} digits of MNIST for {EPOCHS} epochs, upright ones but "
        "where it says rotated; *distilled* ones on the teacher's probabilities in "
        "place of the labels. Accuracies are of test digits as they are and rotated "
        "by random multiples of 90°; *agreement* is the share of rotated ones to which "
        "teacher and student give the same class, and the error the largest of "
        "‖f(g·x) − f(x)‖ / ‖f(x)‖ over the group, of probabilities. Mean ± standard "
        "deviation where there are several seeds."
    )
    heads = ["network", "seeds", "weights", "as they are", "rotated", "agreement"]
    sections = [("MNIST", [], [*heads, "invariance error"], table(rows))]
    return measured_pages.page("Distil or clone", about, text, sections)


def table(rows) -> list[list[str]]:
    """A line for each network."""
    lines = []
    for title in (TEACHER, *METHODS):
        kept = [row for row in rows if row["method"] == title]
        if kept:
            shares = (percent([row[name] for row in kept]) for name in SCORES[:-1])
            error = np.mean([row["error"] for row in kept])
            about = [title, str(len(kept)), f"{kept[0]['weights']:,}"]
            lines.append([*about, *shares, f"{error:.1g}"])
    return lines


if __name__ == "__main__":
    main()
