"""`symclone-tf serving-config`."""

import click

from symclone_tf.cli.startup import start


@click.command("serving-config")
@click.argument("directory", type=click.Path(), default="exported")
@click.option(
    "--output",
    type=click.Path(dir_okay=False),
    help="The configuration file.  [default: models.config in DIRECTORY]",
)
@click.option(
    "--warmup",
    is_flag=True,
    help="Add requests with which the server warms up each model. Needs the extra "
    "serving.",
)
def serving_config(directory, output, warmup):
    """Write TensorFlow Serving's configuration for a folder of SavedModels.

    DIRECTORY is exported by default; trained has classifiers. Writes an example of
    a request into each version, and prints the commands that start a server and
    send requests to it.
    """
    sc = start()
    models = sc.serving.write_serving_config(directory, output, warmup)
    config = sc.serving.config_file(directory, output)
    commands = [sc.serving.curl_command(model) for model in models]
    click.echo(f"Wrote {config}. Models in it: {len(models)}. To serve them:\n")
    click.echo(f"{sc.serving.docker_command(directory, config)}\n")
    click.echo(f"or, where it is installed:\n\n{sc.serving.server_command(config)}\n")
    click.echo("Next: send a request to each model, once the server is ready:\n")
    click.echo("\n".join(commands))
