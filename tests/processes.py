"""The command line in processes of its own, that say when training has begun."""

import json
import os
import socket
import subprocess
import sys

SCRIPT = """
import signal
import sys
from symclone_tf.cloning import progress
# As in a terminal: what a shell starts in the background ignores interruptions.
signal.signal(signal.SIGINT, signal.default_int_handler)
shown = progress.TrainingProgress.on_train_batch_end
def announce(self, *arguments, **options):
    shown(self, *arguments, **options)
    print("training", flush=True)
progress.TrainingProgress.on_train_batch_end = announce
from symclone_tf.cli.main import main
main(sys.argv[1:], prog_name="symclone-tf")
"""


def run_script(script, folder):
    """Runs Python in a process of its own, without GPUs, until it is done."""
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=180,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
    )


def announcing(arguments, **options):
    """Starts a command that prints "training" after each piece of training."""
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def cluster(count):
    """Environments of the workers of a cluster on free loopback ports."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    hosts = [f"127.0.0.1:{s.getsockname()[1]}" for s in sockets]
    for s in sockets:
        s.close()
    for index in range(count):
        task = {"type": "worker", "index": index}
        config = json.dumps({"cluster": {"worker": hosts}, "task": task})
        yield {**os.environ, "TF_CONFIG": config}
