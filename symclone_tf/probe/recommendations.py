"""What a probe recommends, and the lines of Keras that build it."""

import dataclasses

import numpy as np

from symclone_tf.probe.candidates import SHARE, Candidate
from symclone_tf.probe.verdicts import paired
from symclone_tf.symmetry import get_group

HOW = {"assumed": "assumed", "may leave": "but free to leave it"}


@dataclasses.dataclass(frozen=True)
class Recommendation:
    """The network to begin with.

    Attributes:
        group: String.
        kind: String, of `Candidate`.
        sentence: String, why.
        code: String, lines of Python that build and train it.

    Example:

    >>> why = "C4, assumed: C4 is to be kept."
    >>> advice = Recommendation("c4", "assumed", why, code="import keras")
    >>> print(advice.sentence)
    C4, assumed: C4 is to be kept.
    >>> print(advice.code)  # a probe's has all lines, to be run as they are
    import keras
    """

    group: str
    kind: str
    sentence: str
    code: str


def recommend(images, verdicts, accuracies, epochs, workspace) -> Recommendation:
    """Chooses among the networks of a probe by what is sure.

    A symmetry to keep goes before one that costs nothing, and one that gains more
    before one that gains less; what may leave it goes before what assumes it, where
    that gains for sure, or assuming it costs.

    Args:
        images: `Images`.
        verdicts: List of `Verdict`.
        accuracies: Dictionary from pairs of group and kind to lists of floats.
        epochs: Integer, how long to train.
        workspace: `Workspace`, of whose folders the lines are.

    Returns:
        `Recommendation`.
    """
    kept = [v for v in verdicts if v.verdict == "keep"]
    turns = [v for v in kept if not get_group(v.group).is_trivial]
    group = max(turns, key=lambda v: v.gain.mean).group if turns else "t2"
    kind, why = "assumed", f"{get_group(group).title} is to be kept"
    if not turns:
        why = "no turn or mirror is to be kept for sure"
    free = [
        (g, k)
        for g, k in accuracies
        if k == "may leave" and _surely_better(accuracies, (g, k), (group, "assumed"))
    ]
    if free:
        best = max(free, key=lambda pair: float(np.mean(accuracies[pair])))
        group, kind = best[0], "may leave"
        why = f"networks free to leave {get_group(group).title} are better for sure"
    elif group in {v.group for v in verdicts if v.verdict == "break"}:
        kind, why = "may leave", f"assuming {get_group(group).title} costs"
    sentence = f"{get_group(group).title}, {HOW[kind]}: {why}."
    code = _code(images, group, kind, epochs, workspace)
    return Recommendation(group, kind, sentence, code)


def _surely_better(accuracies, first, second) -> bool:
    return paired(accuracies[first], accuracies[second]).low > 0


def _code(images, group, kind, epochs, workspace) -> str:
    """Few lines, which run as they are printed."""
    options = [f"channels={images.channels}, width={Candidate(group, kind).width:.3g}"]
    if kind == "may leave":
        options.append(f'symmetry="anchored", anchor_strength={SHARE}')
    where = f"image_size={images.size}"
    if workspace.data_dir is not None:
        where += f", data_dir={str(workspace.data_dir)!r}"
    classes = len(images.class_names)
    return f"""import keras
import symclone_tf as sc

images = sc.data.open_images({images.name!r}, {where})
train, test = (images.batches(split) for split in ("train", "test"))
layers = sc.experiments.network_students("{group}", {images.size}, student="local")
clones = sc.workspace.load_or_clone(layers, {str(workspace.clones)!r})
network = sc.experiments.image_network(
    "cloned", "{group}", {classes}, {images.size}, clones, {", ".join(options)})
pixels = keras.layers.Normalization()
pixels.adapt(train.take(100).map(lambda image, label: image))
model = keras.Sequential([pixels, network])
model.compile("adamw", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train, validation_data=test, epochs={epochs}, shuffle=False)
model.save("recommended.keras")
"""
