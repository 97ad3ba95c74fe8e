"""What a probe recommends to begin with, and why."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from symclone_tf.data.images import Images
from symclone_tf.probe.augmentation import layers_of
from symclone_tf.probe.candidates import Candidate, augmented
from symclone_tf.probe.intervals import paired
from symclone_tf.probe.keras_code import code_of
from symclone_tf.probe.verdicts import NARROW, Verdict, learned, points
from symclone_tf.symmetry import get_group
from symclone_tf.workspace import Workspace

ORDINARY = ("t2", "assumed")
Accuracies = Mapping[tuple[str, str], Sequence[float]]


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
    accuracies: Accuracies,
    epochs: int,
    workspace: Workspace,
    student: str = "local",
    regions: Sequence[int] | None = None,
    chance: float = 0.0,
    keep_together: str | None = None,
) -> Recommendation:
    """Chooses among the networks of a probe.

    Of the rotations and reflections to preserve, the one that gains most is
    recommended. Where no interval tells of one, it is the network with the highest mean
    accuracy among ordinary CNNs, with augmentation and without, those that assume what
    does not significantly cost, and those that may break what does, unless it hardly
    differs from that of an ordinary CNN; the sentence then says so. Any network that
    may break a symmetry is preferred where it gains significantly, or where assuming
    translations costs, and one with augmentation where it gains significantly.

    Args:
        images: `Images`.
        verdicts: Sequence of `Verdict`.
        accuracies: Dictionary from pairs of group and kind to accuracies, by seed.
        epochs: Integer, how long to train.
        workspace: `Workspace`, whose folder of data the lines of Python have.
        student: String, see `Candidate`.
        regions: Pair of integers or `None`, likewise.
        chance: Float, the share of the most frequent class.
        keep_together: String or `None`, see `open_images`.

    Returns:
        `Recommendation`.
    """
    (group, kind), why = _chosen(verdicts, accuracies, chance)
    clones: dict[str, Any] = {"student": student}
    if regions is not None:
        clones["regions"] = (regions[0], regions[1])
    candidate = Candidate(group, kind, **clones)
    code = code_of(candidate, images, epochs, workspace.data_dir, keep_together)
    return Recommendation(group, kind, f"{name_of(group, kind)}: {why}.", code)


def name_of(group: str, kind: str) -> str:
    """A network by what a user of Keras would call it.

    Args:
        group: String, of `Candidate`.
        kind: String, of `Candidate`.

    Returns:
        String.

    Example:

    >>> print(name_of("c4", "assumed"))
    C4, assumed
    >>> print(name_of("t2", "assumed"))
    T(2), an ordinary CNN
    >>> print(name_of("t2", "with RandomRotation"))
    An ordinary CNN with RandomRotation
    """
    if layers_of(kind):
        return f"An ordinary CNN {kind}"
    if (group, kind) == ORDINARY:
        return f"{get_group(group).title}, an ordinary CNN"
    how = {"assumed": "assumed", "may break": "but free to break it"}
    return f"{get_group(group).title}, {how[kind]}"


def _chosen(
    verdicts: Sequence[Verdict], accuracies: Accuracies, chance: float
) -> tuple[tuple[str, str], str]:
    """The network, as group and kind, and the reason."""
    best = max(accuracies, key=lambda each: _mean(accuracies, each))
    if not learned(_mean(accuracies, best), chance):
        return ORDINARY, "no network has learned enough yet to be preferred to it"
    network, why = _assuming(verdicts, accuracies)
    free = _better(accuracies, network, [n for n in accuracies if n[1] == "may break"])
    broken = {verdict.group for verdict in verdicts if verdict.verdict == "break"}
    if free is not None:
        title = get_group(free[0]).title
        return free, f"networks that are free to break {title} are significantly better"
    if network == ORDINARY and network[0] in broken:
        title = get_group(network[0]).title
        return (network[0], "may break"), f"assuming {title} costs"
    return network, why


def _assuming(
    verdicts: Sequence[Verdict], accuracies: Accuracies
) -> tuple[tuple[str, str], str]:
    """The best network of those that assume a symmetry or learn it by augmentation."""
    with_layers = [n for n in accuracies if layers_of(n[1])]
    rotations = [v for v in verdicts if not get_group(v.group).is_trivial]
    preserved = [v for v in rotations if v.verdict == "preserve"]
    if preserved:
        chosen = max(preserved, key=lambda v: v.gain.mean)
        title = get_group(chosen.group).title
        network = (chosen.group, "assumed")
        better = _better(accuracies, network, with_layers)
        if better is not None:
            gain = paired(accuracies[better], accuracies[network])
            return better, f"it is better than assuming {title}, by {points(gain)}"
        return network, f"assuming {title} gains significantly" + _beside(chosen)
    others = [
        (v.group, "may break" if v.verdict == "break" else "assumed") for v in rotations
    ]
    compared = [ORDINARY, *others, *with_layers]
    best = max(compared, key=lambda each: _mean(accuracies, each))
    if best == ORDINARY:
        return (
            ORDINARY,
            "none that assumes more or learns it has a higher mean accuracy",
        )
    gain = paired(accuracies[best], accuracies[ORDINARY])
    if gain.tells:
        return best, f"it is better than an ordinary CNN, by {points(gain)}"
    if gain.high - gain.low < NARROW:
        other = name_of(*best)
        return ORDINARY, f"{other}, hardly differs from it, by {points(gain)}"
    return best, (
        "it has the highest mean accuracy, though seeds do not tell yet whether it is "
        f"better than T(2), an ordinary CNN: it differs by {points(gain)}"
    )


def _beside(verdict: Verdict) -> str:
    """Whether augmentation would do, where this is not told by another sentence."""
    over, network = verdict.augmentation, augmented(verdict.group)
    if over is None or network is None:
        return ""
    layers = ", ".join(layers_of(network.kind))
    if over.low > 0:
        return f", and more than {layers}"
    return f"; whether {layers} does as well is not told"


def _better(
    accuracies: Accuracies,
    network: tuple[str, str],
    others: Sequence[tuple[str, str]],
) -> tuple[str, str] | None:
    """The best of others that are significantly better than a network, if any."""
    found = [n for n in others if paired(accuracies[n], accuracies[network]).low > 0]
    return max(found, key=lambda each: _mean(accuracies, each), default=None)


def _mean(accuracies: Accuracies, network: tuple[str, str]) -> float:
    return float(np.mean(accuracies[network]))
