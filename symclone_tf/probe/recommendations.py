"""What a probe recommends, and the lines of Keras that build it."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from symclone_tf.data.images import Images
from symclone_tf.probe.candidates import SHARE, Candidate
from symclone_tf.probe.verdicts import Verdict, paired
from symclone_tf.symmetry import get_group
from symclone_tf.workspace import Workspace

HOW = {"assumed": "assumed", "may break": "but free to break it"}


@dataclasses.dataclass(frozen=True)
class Recommendation:
    """The network to start with.

    Attributes:
        group: String.
        kind: String, of `Candidate`.
        sentence: String, the reason.
        code: String, lines of Python that build and train the network.

    Example:

    >>> why = "C4, assumed: assuming C4 gains significantly."
    >>> advice = Recommendation("c4", "assumed", why, code="import keras")
    >>> print(advice.sentence)
    C4, assumed: assuming C4 gains significantly.
    >>> print(advice.code)  # a probe's code runs as it is
    import keras
    """

    group: str
    kind: str
    sentence: str
    code: str


def recommend(
    images: Images,
    verdicts: Sequence[Verdict],
    accuracies: Mapping[tuple[str, str], Sequence[float]],
    epochs: int,
    workspace: Workspace,
    student: str = "local",
    regions: Sequence[int] | None = None,
) -> Recommendation:
    """Chooses among the networks of a probe by what is significant.

    Of the rotations and reflections to preserve, the one that gains most is
    recommended, and translations where there is none. A network that may break the
    symmetry is preferred to one that assumes it where that gains significantly, or
    where assuming the symmetry costs.

    Args:
        images: `Images`.
        verdicts: Sequence of `Verdict`.
        accuracies: Dictionary from pairs of group and kind to accuracies, by seed.
        epochs: Integer, how long to train.
        workspace: `Workspace`, whose folders the lines of Python have.
        student: String, see `Candidate`.
        regions: Pair of integers or `None`, likewise.

    Returns:
        `Recommendation`.
    """
    preserved = [v for v in verdicts if v.verdict == "preserve"]
    rotations = [v for v in preserved if not get_group(v.group).is_trivial]
    group = max(rotations, key=lambda v: v.gain.mean).group if rotations else "t2"
    kind, why = "assumed", f"assuming {get_group(group).title} gains significantly"
    if not rotations:
        why = "assuming no rotation or reflection gains significantly"
    free = [
        (g, k)
        for g, k in accuracies
        if k == "may break"
        and _significantly_better(accuracies[g, k], accuracies[group, "assumed"])
    ]
    if free:
        best = max(free, key=lambda pair: float(np.mean(accuracies[pair])))
        group, kind = best[0], "may break"
        title = get_group(group).title
        why = f"networks that are free to break {title} are significantly better"
    elif group in {v.group for v in verdicts if v.verdict == "break"}:
        kind, why = "may break", f"assuming {get_group(group).title} costs"
    sentence = f"{get_group(group).title}, {HOW[kind]}: {why}."
    clones = f'student="{student}"'
    if regions is not None:
        clones += f", regions={tuple(regions)}"
    code = _code(images, group, kind, epochs, workspace, clones)
    return Recommendation(group, kind, sentence, code)


def _significantly_better(first: Sequence[float], second: Sequence[float]) -> bool:
    return paired(first, second).low > 0


def _code(
    images: Images,
    group: str,
    kind: str,
    epochs: int,
    workspace: Workspace,
    made: str,
) -> str:
    """A few lines of Python that run as they are printed."""
    options = [f"channels={images.channels}, width={Candidate(group, kind).width:.3g}"]
    if kind == "may break":
        options.append(f'symmetry="anchored", anchor_strength={SHARE}')
    where = f"image_size={images.size}"
    if workspace.data_dir is not None:
        where += f", data_dir={str(workspace.data_dir)!r}"
    classes = len(images.class_names)
    return f"""import keras
import symclone_tf as sc

images = sc.data.open_images({images.name!r}, {where})
train, test = (images.batches(split) for split in ("train", "test"))
layers = sc.experiments.network_students("{group}", {images.size}, {made})
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
