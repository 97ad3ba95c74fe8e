"""Starts the command line again and again, without importing TensorFlow again.

A process that has imported all, and computed nothing, forks for each command.
"""

import contextlib
import json
import os
import subprocess
import sys

SCRIPT = """
import json, os, sys
import keras, tensorflow, tensorflow_datasets
import symclone_tf
for name in symclone_tf.__all__:
    getattr(symclone_tf, name)
from symclone_tf.cloning import checkpoints
from symclone_tf.cli.main import main
checkpoints.SECONDS = 0  # small trainings keep their state too
print("ready", flush=True)
for line in sys.stdin:
    order = json.loads(line)
    child = os.fork()
    if not child:
        os.chdir(order["folder"])
        nowhere = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nowhere, 0)
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        main(order["arguments"])
        os._exit(99)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Nursery:
    """A process that has imported everything.

    Args:
        logs: Folder for what the commands say, in `out` and `err`.
    """

    def __init__(self, process, logs):
        self._process = process
        self._logs = logs

    def start(self, *arguments) -> int:
        """Starts a command, and returns its process number."""
        order = {"folder": str(self._logs), "arguments": [str(a) for a in arguments]}
        print(json.dumps(order), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())

    def wait(self) -> int:
        """Waits for the command, and returns its exit code."""
        return int(self._process.stdout.readline())

    def run(self, *arguments) -> int:
        """Runs a command, and returns its exit code."""
        self.start(*arguments)
        return self.wait()

    @property
    def errors(self) -> str:
        """What the last command said on stderr."""
        return (self._logs / "err").read_text("utf-8", "replace")


@contextlib.contextmanager
def nursery(logs):
    """Gives a `Nursery`, for as long as the context lasts."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", SCRIPT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
        cwd=logs,  # where no package lies beside the installed one
    )
    with process:
        assert process.stdout.readline() == "ready\n"
        yield Nursery(process, logs)
        process.stdin.close()
