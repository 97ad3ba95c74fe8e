"""Pages of measurements, made of the tables and numbers that are committed."""

import functools
import importlib
import json
import re

from tools.documentation.site_paths import DOCS, RESULTS

MACHINE = re.compile(r"processor .*?, python [\d.]*\d")


def pages() -> dict[str, str]:
    """The pages of all measurements.

    Returns:
        Dictionary from paths on the site to Markdown, in the order of the menu.
    """
    found = {}
    for file in sorted(RESULTS.rglob("*")):
        # Files without a page of their own belong to a table that has one.
        measured = file.suffix in (".csv", ".json")
        if measured and file.with_suffix(".md").is_file():
            name = file.relative_to(RESULTS).with_suffix(".md").as_posix()
            found[f"results/{name}"] = page(file)
    return found


def page(file) -> str:
    """The page of one file.

    Args:
        file: `pathlib.Path`, of a CSV or JSON in `benchmarks/results`.

    Returns:
        String, Markdown.

    Raises:
        ValueError: If nothing here knows how to report it.
    """
    folder = file.relative_to(RESULTS).parts[0]
    if folder in BY_FOLDER:
        return BY_FOLDER[folder](file)
    if file.suffix == ".json":
        module = importlib.import_module(f"benchmarks.{file.stem}")
        return module.report(json.loads(file.read_text("utf-8")))
    if file.stem not in BY_NAME:
        raise ValueError(f"No page is known of {file}: add it to BY_NAME")
    return measured_there(BY_NAME[file.stem](file), file)


def measured_there(text, file) -> str:
    """A page with the machine on which its table was measured, not the build's."""
    machine = MACHINE.search(file.with_suffix(".md").read_text("utf-8"))[0]
    return MACHINE.sub(lambda _: machine, text, count=1)


def almost_symmetric(file) -> str:
    """Methods that preserve or break a symmetry."""
    from benchmarks.almost_symmetric.report import report
    from benchmarks.almost_symmetric.rows import read_all
    from benchmarks.cloning import machine

    text = report(read_all(file, RESULTS / "mnist" / "c4.csv"), machine())
    return text + pictures(file, r"-[a-z]+")


def ring(file) -> str:
    """Signals on a ring."""
    from benchmarks import ring as measured
    from benchmarks.cloning import machine

    return measured.report(measured.read(file), machine()) + pictures(file, "")


def relax_time(file) -> str:
    """When to relax."""
    from benchmarks.cloning import machine
    from benchmarks.relax_time.report import report
    from benchmarks.relax_time.rows import read_rows

    return report(read_rows(file), machine()) + pictures(file, r"(-[\w-]+)?")


def any_angle(file) -> str:
    """Groups of reflections and rotations on images."""
    from benchmarks.any_angle.report import report
    from benchmarks.any_angle.rows import read_rows
    from benchmarks.cloning import machine

    return report(read_rows(file), machine())


def attention(file) -> str:
    """Transformers whose attention begins as a convolution."""
    from benchmarks import attention as measured
    from benchmarks.this_machine import machine

    return measured.report(measured.read_rows(file), machine()) + pictures(
        file, r"-[a-z]+"
    )


def backends(file) -> str:
    """One network on each of Keras' backends."""
    from benchmarks import backends as measured
    from benchmarks.this_machine import machine

    return measured.report(measured.read_rows(file), machine())


def segmenting(file) -> str:
    """U-Nets for touching shapes."""
    from benchmarks import segmenting as measured
    from benchmarks.cloning import machine

    return measured.report(measured.read_rows(file), machine())


def distilling(file) -> str:
    """What distillation transfers, and what cloning."""
    from benchmarks import distilling as measured
    from benchmarks.cloning import machine

    return measured.report(measured.read_rows(file), machine())


def own_images(file) -> str:
    """Classifiers as `train` makes them."""
    from benchmarks import own_images as measured
    from benchmarks.cloning import machine

    return measured.report(measured.read_rows(file), machine())


def strength_search(file) -> str:
    """Several strengths of a network's last layer, in one training."""
    from benchmarks import strength_search as measured
    from benchmarks.almost_symmetric.rows import read
    from benchmarks.cloning import machine

    single = read(RESULTS / "almost_symmetric.csv")
    return measured.report(measured.read_rows(file), single, machine())


def symmetrizing(file) -> str:
    """Trained networks that got a symmetry."""
    from benchmarks.cloning import machine
    from benchmarks.symmetrizing.report import report
    from benchmarks.symmetrizing.runs import read_rows

    return report(read_rows(file), machine()) + pictures(file, r"-[a-z]+")


def architectures(file) -> str:
    """Architectures that were relaxed whole."""
    from benchmarks import architectures as measured

    return measured.page(measured.read(file))


def mnist(file) -> str:
    """A table of `symclone-tf benchmark`."""
    import symclone_tf as sc

    rows = sc.experiments.read_benchmark(file)
    group = {"c4": "C4", "t2": "T(2)"}[file.stem]
    canvas = file.parent.name.partition("canvas-")[2]
    where = f", canvas of {canvas} pixels" if canvas else ""
    up = "../" * len(file.relative_to(RESULTS.parent.parent).parts[:-1])
    return (
        f"# MNIST networks under {group}{where}\n\n"
        "Accuracy on the two tasks of [symmetry "
        f"breaking]({up}docs/symmetry-breaking.md), "
        "mean ± standard deviation where there are several seeds, and equivariance "
        "errors of each convolution before and after training. Every run is a line of "
        f"[{file.name}]({file.name}).\n\n{sc.experiments.markdown(rows)}"
    )


def probe(file) -> str:
    """A probe of images whose symmetries are known."""
    import symclone_tf as sc
    from benchmarks.probes import EXPECTED, read

    probe, record = read(file), json.loads(file.read_text("utf-8"))
    rows = sc.figures.probe_table(probe)
    table = [
        list(rows[0]),
        ["---"] * len(rows[0]),
        *(list(row.values()) for row in rows),
    ]
    name = file.parent.name
    versions = ", ".join(f"{k} {v}" for k, v in record["versions"].items())
    text = [
        f"# Probe: {name.replace('-', ' ')}\n",
        f"Expected: {EXPECTED[name]}\n",
        f"{len({run.seed for run in probe.runs})} seeds, {record['seconds'] / 60:.0f} "
        f"minutes, {probe.plan.train_size:,} images to train on, "
        f"{probe.plan.test_size:,} to test on, at most {probe.plan.epochs} epochs; "
        f"{versions}.\n",
        *(f"| {' | '.join(cells)} |" for cells in table),
        "",
        *(f"- {verdict.sentence}" for verdict in probe.verdicts),
        f"- To begin with: {record['recommendation']['sentence']}\n",
    ]
    shown = re.findall(r"^!\[.*$", file.with_suffix(".md").read_text("utf-8"), re.M)
    return "\n".join([*text, *(f"{picture}\n" for picture in shown)])


def pictures(file, pattern) -> str:
    """The pictures that are drawn of a table, below it."""
    names = [
        picture.name
        for picture in sorted(file.parent.glob("*.svg"))
        if re.fullmatch(file.stem + pattern, picture.stem)
    ]
    by_name = captions()
    return "".join(
        f"\n![{by_name.get(name) or plain(name)}]({name})\n" for name in names
    )


@functools.cache
def captions() -> dict[str, str]:
    """The captions that pages give to pictures of measurements, by file name."""
    text = "".join(page.read_text("utf-8") for page in sorted(DOCS.rglob("*.md")))
    picture = r"!\[([^\]]+)\]\([^)\s]*benchmarks/results/([\w-]+\.svg)\)"
    found = re.findall(picture, text)
    return {name: caption for caption, name in found}


def plain(name) -> str:
    """The name of a picture in words.

    >>> plain("relax_time-cifar10-10000-where.svg")
    'relax time, cifar10, 10000, where'
    """
    return name.removesuffix(".svg").replace("_", " ").replace("-", ", ")


BY_FOLDER = {"mnist": mnist, "probes": probe}
BY_NAME = {
    "almost_symmetric": almost_symmetric,
    "any_angle": any_angle,
    "backends": backends,
    "ring": ring,
    "relax_time": relax_time,
    "architectures": architectures,
    "attention": attention,
    "distilling": distilling,
    "own_images": own_images,
    "segmenting": segmenting,
    "strength_search": strength_search,
    "symmetrizing": symmetrizing,
}
