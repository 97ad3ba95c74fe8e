"""Networks some of whose layers clones replace, and what is reported of them."""

import copy
import time
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import keras
import psutil
from rich.console import Console
from rich.progress import track

from symclone_tf.errors import RelaxingWarning
from symclone_tf.networks.comparison import check_own_weights, largest_difference
from symclone_tf.networks.compilation import not_compiled
from symclone_tf.networks.copies import all_layers
from symclone_tf.networks.network_inputs import (
    zeros,
)
from symclone_tf.networks.reconstruction import inputs_of, is_network, rebuilt
from symclone_tf.networks.relaxation_report import (
    Relaxation,
    RelaxedLayer,
)
from symclone_tf.networks.relaxed_students import (
    clone_in_closed_form,
)
from symclone_tf.networks.selection import (
    Selection,
    network_shapes,
)
from symclone_tf.students import Student, artifact_name
from symclone_tf.teachers import Teacher

# Copies of trained weights in memory: with gradients and an optimizer's two moments.
COPIES = 4
# Mean and standard deviation of noise, for networks of normalised and of raw pixels.
PIXELS = ((0.0, 1.0), (128.0, 64.0))
# More than rounding in float16 explains, and in bfloat16, an eighth as fine.
MOST_DIFFERENCE, MOST_IN_BFLOAT16 = 0.05, 0.4


def replaced_network(
    model: keras.Model,
    selection: Selection,
    specs: Any,
    shapes: dict[int, list[Any]],
    sized: Any,
    cloned_of: Callable[[keras.layers.Layer, Student], Any],
    row_of: Callable[[str, keras.layers.Layer, Any], RelaxedLayer],
    symmetry: str,
    verbose: int,
    start: float,
    same: bool = True,
    more_notes: Iterable[str] = (),
) -> tuple[keras.Model, Relaxation]:
    """A network whose selected layers others replace, and its report.

    Args:
        selection: `Selection`.
        same: Boolean, whether the outputs are to be those of the given network.
        more_notes: Iterable of strings, for the report.
        model, specs, shapes, sized, cloned_of, row_of, symmetry, verbose, start: See
            `relaxed_network`.

    Returns:
        See `relax`.
    """
    chosen = selection.chosen
    _check_memory(chosen, symmetry)
    notes = (*_notes(model, sized), *more_notes)
    clones = _clones(chosen, verbose)

    relaxed_layers = {}

    def replace(layer):
        if id(layer) not in chosen:
            return None
        copied = copy.deepcopy(clones[_key(chosen[id(layer)][2])])
        cloned = cloned_of(layer, copied)
        relaxed_layers[id(layer)] = cloned
        return cloned

    resized = network_shapes(model, specs, shapes, chosen) if sized is not None else {}
    relaxed = rebuilt(model, replace, resized)
    _check_clones(relaxed, relaxed_layers)
    check_own_weights(model, relaxed, zeros(specs))
    rows = tuple(
        row_of(name, layer, relaxed_layers[key])
        for key, (name, layer, _) in chosen.items()
    )
    difference = max(largest_difference(model, relaxed, specs, *p) for p in PIXELS)
    if same and difference > (most := _most(model)):
        warnings.warn(_differs(difference, rows, most), RelaxingWarning, stacklevel=4)
    seconds = time.perf_counter() - start
    return relaxed, Relaxation(rows, selection.left, difference, seconds, notes)


def _most(model) -> float:
    """The largest difference that rounding explains."""
    coarse = model.compute_dtype == "bfloat16"
    return MOST_IN_BFLOAT16 if coarse else MOST_DIFFERENCE


def _differs(difference, rows, most) -> str:
    """What is said of a network whose outputs are not those of the given one."""
    apart = [row.name for row in rows if row.difference > most]
    said = f"The outputs of the new network differ by {difference:.2g} of the largest"
    if apart:
        return f"{said}, as do those of {', '.join(apart)}."
    return (
        f"{said}, though those of its new layers do not: another layer uses something "
        "that is not copied with it."
    )


def _check_clones(relaxed, relaxed_layers) -> None:
    """Checks that the relaxed network has the clones that were made for it."""
    there = {id(layer) for layer in all_layers(relaxed)}
    for cloned in relaxed_layers.values():
        if id(cloned) not in there:
            raise ValueError(
                f"Layer {cloned.name!r} cannot be relaxed: the layer that it is in "
                "keeps it where it cannot be replaced"
            )


def _notes(model, specs) -> tuple[str, ...]:
    """What the relaxed network has not, or does not do, as the given one does."""
    notes = []
    if is_network(model) and specs is not None:
        pairs = zip(keras.tree.flatten(inputs_of(model)), keras.tree.flatten(specs))
        changed = [(a, b) for a, b in pairs if tuple(a.shape) != tuple(b.shape)]
        several = len(keras.tree.flatten(specs)) > 1
        notes += [
            f"It takes {f'input {old.name!r}' if several else 'inputs'} of shape "
            f"{tuple(new.shape)} only, where the given network takes "
            f"{tuple(old.shape)}."
            for old, new in changed
        ]
    if why := not_compiled(model):
        notes.append(f"It is not compiled, unlike the given network: {why}.")
        warnings.warn(notes[-1], RelaxingWarning, stacklevel=5)
    return tuple(notes)


def _key(student: Student) -> tuple[Teacher, str]:
    """What layers of equal clones have in common."""
    return student.teacher, artifact_name(student)


def _clones(chosen, verbose) -> dict[tuple[Teacher, str], Student]:
    """A clone of each kind that is needed."""
    students = {_key(student): student for _, _, student in chosen.values()}
    console = Console(stderr=True)
    for student in track(
        students.values(), "Cloning", console=console, disable=not verbose
    ):
        clone_in_closed_form(student)
    return students


def _check_memory(chosen, symmetry) -> None:
    """Checks that the clones, and their training, fit into memory."""
    copies = {"frozen": 1, "trainable": COPIES, "anchored": COPIES + 1}[symmetry]
    needed = [
        (4 * copies * student.parameters, layer.name)
        for _, layer, student in chosen.values()
    ]
    total, available = sum(n for n, _ in needed), psutil.virtual_memory().available
    if total > available:
        most, largest = max(needed)
        raise MemoryError(
            f"The {len(needed)} clones take {total / 1e9:.3g} GB of memory when they "
            f"are trained, {most / 1e9:.3g} GB of it for layer {largest!r}, and "
            f"{available / 1e9:.3g} GB are available. Choose fewer with `layers`, or "
            "smaller images."
        )
