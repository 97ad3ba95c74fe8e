"""`symclone-tf probe`."""

import pathlib
import shlex

import click

from symclone_tf.cli import options
from symclone_tf.cli.errors import INTERRUPTED
from symclone_tf.cli.startup import start
from symclone_tf.cli.tables import show


class Groups(click.ParamType):
    """Names of groups, separated by commas."""

    name = "groups"

    def convert(self, value, param, ctx):
        """Turns "t2,c4" into ("t2", "c4")."""
        if isinstance(value, tuple):
            return value
        return tuple(
            options.GROUP.convert(part, param, ctx) for part in value.split(",")
        )


@click.command()
@options.DATA
@click.option(
    "--groups",
    type=Groups(),
    metavar="LIST",
    default="t2,flip,c2,c4,d4,c8",
    help=f"Symmetries, separated by commas. {options.GROUP_HELP}",
)
@click.option(
    "--seeds",
    type=click.IntRange(2, 100),
    metavar="N",
    default=5,
    help="How often each network is trained. The third and later seeds are skipped if "
    "time runs short; two exclude nothing.",
)
@click.option(
    "--minutes",
    type=options.POSITIVE,
    metavar="X",
    default=30.0,
    help="Time for the whole probe. It determines the number of training images.",
)
@click.option(
    "--student",
    type=click.Choice(["local", "regional"]),
    default="local",
    help="Kind of student that imitates the convolutions. Regional ones are faster on "
    "large images; with them, T(2) without has a kernel of its own in each region.",
)
@options.REGIONS
@options.KEEP_TOGETHER
@options.IMAGE_SIZE
@options.STRICT
@click.option(
    "--output",
    type=click.Path(file_okay=False),
    default="probe",
    help="Folder for probe.json and probe.html; an existing probe is continued.",
)
@options.DATA_DIR
@options.CLONES
@click.pass_context
def probe(ctx, data, output, clones, data_dir, strict, **choices):
    """Which symmetries do images have, and where do they break?

    For each symmetry, small networks that lack it, assume it, or may break it are
    trained on the same images, with several seeds, and so is an ordinary CNN with
    Keras' layers of augmentation. The verdict for each symmetry is to preserve it,
    break it, or that it cannot tell. The probe then recommends a first network with the
    lines of Keras that build it.

    Networks that assume a symmetry need fewer images where it holds; where it does not,
    they cannot tell transformed images apart. An interrupted probe continues when it is
    started again.

    The first table has accuracies on test images, mean ± standard deviation over seeds.
    The second has the percentage points gained by assuming the symmetry over lacking
    it, and over augmentation, with 95% intervals, which stay valid if you go on with
    more seeds until they tell. The page also has the same with a quarter of the images.
    """
    sc = start()
    page = pathlib.Path(output, "probe.html")
    sc.figures.check_page(page)
    workspace = sc.workspace.Workspace(clones, data_dir, strict=strict)
    try:
        found = sc.probe.probe(data, output=output, workspace=workspace, **choices)
    except KeyboardInterrupt:
        click.echo(
            "Error: Interrupted. All networks that were trained are kept: to continue, "
            "start the same command again.",
            err=True,
        )
        ctx.exit(INTERRUPTED)
    sc.figures.write_probe_page(found, page)
    accuracies, gains = sc.figures.probe_tables(found)
    show(f"Accuracy on test images of {data}", accuracies)
    show("What assuming it changes, in percentage points", gains)
    sizes, plan = found.images.counts, found.plan
    click.echo(
        f"Each network was trained on {plan.train_size} of {sizes['train']} images, in "
        f"{plan.epochs} epochs or fewer, and tested on {plan.test_size}, with "
        f"{found.verdicts[0].gain.count} seeds."
    )
    for verdict in found.verdicts:
        click.echo(verdict.sentence)
    advice = found.recommendation
    click.echo(f"To begin with: {advice.sentence}")
    click.echo(f"\n{advice.code}")
    click.echo(f"Written: {pathlib.Path(output, 'probe.json')} and {page}")
    click.echo(f"Next: open {page} in a browser")
    given = _given(ctx)
    more = sc.probe.continuation(found)
    if "seeds" in more:
        more = {name: max(value, choices[name]) for name, value in more.items()}
        click.echo(f"      symclone-tf probe {_options(given | more)}")
    elif more:
        # A probe keeps its images: more of them are another one.
        folder = {"output": f"{output}-{more['minutes']}-minutes"}
        click.echo(f"      symclone-tf probe {_options(given | more | folder)}")
    click.echo(f"      symclone-tf train {_options(_trained(advice, given))}")


def _given(ctx):
    """The options that were given, by their names."""
    chosen = ctx.get_parameter_source
    default = click.core.ParameterSource.DEFAULT
    return {n: v for n, v in ctx.params.items() if n == "data" or chosen(n) != default}


def _options(values):
    """Options as they are typed."""
    words = []
    for name, value in values.items():
        option = f"--{name.replace('_', '-')}"
        if isinstance(value, bool):
            words += [option] * value
            continue
        if isinstance(value, tuple):
            value = ("x" if name == "regions" else ",").join(map(str, value))
        if isinstance(value, float):
            value = f"{value:g}"
        words += [option, shlex.quote(str(value))]
    return " ".join(words)


def _trained(advice, given):
    """The options of `train` for the network that is recommended."""
    from symclone_tf.probe.augmentation import LAYERS, layers_of
    from symclone_tf.probe.candidates import SHARE

    same = ("data", "image_size", "keep_together", "strict", "data_dir", "clones")
    options = {name: given[name] for name in same if name in given}
    options["group"] = advice.group
    layers = layers_of(advice.kind)
    if layers:
        augment = tuple(LAYERS[name] for name in layers)
        return options | {"architecture": "cnn", "augment": augment}
    if advice.kind == "may break":
        clones = {name: given[name] for name in ("student", "regions") if name in given}
        options |= {"student": "local", "symmetry": "anchored"} | clones
        return options | {"anchor_strength": SHARE}
    return options | {"architecture": "cnn" if advice.group == "t2" else "gcnn"}
