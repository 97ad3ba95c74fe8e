"""All figures of a trained network, drawn from images of one's own, and sentences."""

import pathlib
from collections.abc import Iterator

from symclone_tf.artifacts import check_directory
from symclone_tf.checks import one_of
from symclone_tf.figures.deviation_drawings import draw_position_deviations
from symclone_tf.figures.drawings import draw_digits
from symclone_tf.figures.equivariance_curves import draw_equivariance
from symclone_tf.figures.illustrations import INTERPOLATED, Illustration, saved
from symclone_tf.figures.network_drawings import draw_layer_errors, draw_layer_maps
from symclone_tf.figures.style import FORMATS
from symclone_tf.studies import NetworkStudy
from symclone_tf.types import Path

# Images that are shown.
SHOWN = 5


def illustrate_network(study: NetworkStudy) -> list[Illustration]:
    """Draws all figures of a trained network.

    Args:
        study: `NetworkStudy`, see `study_network`.

    Returns:
        List of `Illustration`: those without a figure say what they need.

    Example:

    >>> model = keras.Sequential([keras.Input((9, 9, 1)), GroupConv2D(2, 3, "c4")])
    >>> images = np.random.default_rng(0).random((4, 9, 9, 1))
    >>> made = illustrate_network(study_network(model, images, "c4"))
    >>> [each.name for each in made if each.figure is not None]
    ['images', 'layer-maps', 'layer-errors']
    """
    return [
        _images(study),
        _maps(study),
        _errors(study),
        _deviations(study),
        _history(study),
    ]


def make_network_figures(
    study: NetworkStudy, output: Path = "figures", file_format: str = "svg"
) -> Iterator[tuple[Illustration, pathlib.Path | None]]:
    """Draws all figures of a trained network into a folder.

    Args:
        study: `NetworkStudy`, see `study_network`.
        output: String or path; files of an earlier run are replaced.
        file_format: String, `"png"`, `"svg"` or `"pdf"`.

    Yields:
        Pairs of an `Illustration` and the path of its file, as
        `figures/network-c4-layer-maps.svg`, or `None` where there is no figure.

    Raises:
        ValueError: If the format is none of these.
        ArtifactError: If `output` cannot be written to.
        OSError: If writing fails.

    Example:

    >>> model = keras.Sequential([keras.Input((9, 9, 1)), GroupConv2D(2, 3, "c4")])
    >>> images = np.random.default_rng(0).random((4, 9, 9, 1))
    >>> study = study_network(model, images, "c4")
    >>> [path.name for _, path in make_network_figures(study, directory) if path][0]
    'network-c4-images.svg'
    """
    one_of("file_format", file_format, FORMATS)
    root = check_directory(output)
    start = root / f"{study.name}-{study.group.name}"
    yield from saved(illustrate_network(study), start, file_format)


def network_findings(study: NetworkStudy) -> list[str]:
    """Where a network breaks a symmetry, in sentences.

    Args:
        study: `NetworkStudy`, see `study_network`.

    Returns:
        List of strings.

    Example:

    >>> model = keras.Sequential([keras.Input((9, 9, 1)), GroupConv2D(2, 3, "c4")])
    >>> images = np.random.default_rng(0).random((4, 9, 9, 1))
    >>> network_findings(study_network(model, images, "c4"))[0]
    'The measured layer preserves C4.'
    """
    title, count = study.group.title, len(study.errors)
    found = []
    if not study.errors:
        found.append("No layer could be measured.")
    elif not study.broken:
        layers = "The measured layer preserves"
        if count > 1:
            layers = f"All {count} measured layers preserve"
        found.append(f"{layers} {title}.")
    else:
        worst = max(study.broken, key=lambda name: study.errors[name])
        names = _listed(study.broken)
        verb = "breaks" if len(study.broken) == 1 else "break"
        most = "" if len(study.broken) == 1 else f" at most, of {worst}"
        found.append(
            f"{len(study.broken)} of {count} measured layers {verb} {title}: {names}, "
            f"with an error of {study.errors[worst]:.2g}{most}."
        )
    if study.whole is not None:
        whole = (
            f"The whole network has an error of {study.whole.equivariance_error:.2g}"
        )
        changed = study.whole.changed_classes
        if changed is not None:
            whole += (
                f", and the class of {changed:.1%} of {len(study.images)} images "
                f"changes when they are transformed"
            )
        found.append(whole + ".")
    return found


def _listed(names) -> str:
    """Up to six names."""
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(names[:6]) + more


def _images(study) -> Illustration:
    note = "" if study.group.permutes_pixels else f" {INTERPOLATED}"
    return Illustration(
        "images",
        f"Images as the network takes them, and transformed by {study.group.title}."
        + note,
        draw_digits(study.images[:SHOWN], study.group),
    )


def _maps(study) -> Illustration:
    if study.group.is_trivial:
        needs = (
            "a group of rotations or reflections: behind strides "
            f"{study.group.title} translates maps by parts of pixels"
        )
        return Illustration("layer-maps", needs, None)
    if study.maps is None:
        needs = "rotations or reflections that act on its layers' outputs"
        return Illustration("layer-maps", needs, None)
    note = ""
    if study.maps.interpolates:
        note = " Differences are those within the disc, and of interpolation too."
    return Illustration(
        "layer-maps",
        "What each layer makes of the first image, and of the image "
        f"{study.maps.title}, transformed back. The difference is zero up to the layer "
        "that breaks the symmetry; below it is its norm relative to the maps', of the "
        "network up to here and, the largest over the group, of the layer alone. Shown "
        "are the four channels of the largest norm or, of layers on the group, the "
        f"elements of one; a scale of colours for each row.{note}",
        draw_layer_maps(study.maps),
    )


def _errors(study) -> Illustration:
    if not study.errors and study.whole is None:
        return Illustration("layer-errors", "layers whose error is defined", None)
    note = ""
    if study.own:
        note = " Black lines are the teachers' own errors, by interpolation."
    return Illustration(
        "layer-errors",
        f"How far each layer is from equivariant under {study.group.title}, on "
        f"{len(study.images)} images: the largest ‖h(g·x) − g·h(x)‖ / ‖h(x)‖. Bars to "
        "about 1e-6 are rounding; at about 1 nothing is left of the symmetry."
        f"{note}",
        draw_layer_errors(study),
    )


def _deviations(study) -> Illustration:
    maps = {name: d for name, d in study.deviations.items() if d.ndim in (2, 3)}
    if not maps:
        return Illustration("deviations", "clones of convolutions of images", None)
    return Illustration(
        "deviations",
        "How far each clone has left its teacher, at each position of its outputs: the "
        "norm of the difference for random images and kernels, relative to the norm at "
        "all positions. Each has a scale of its own.",
        draw_position_deviations(maps),
    )


def _history(study) -> Illustration:
    if not study.history:
        needs = "a folder of symclone-tf train, or the history of EquivarianceErrors"
        return Illustration("history", needs, None)
    return Illustration(
        "history",
        "The equivariance error of each layer before training, and after "
        + ("each epoch." if study.points is None else "it."),
        draw_equivariance(study.history, study.points),
    )
