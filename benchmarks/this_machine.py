"""What the numbers of a benchmark were measured on."""

import os
import pathlib
import platform
import time

from symclone_tf.cloning import versions


def machine() -> dict:
    """What the numbers were measured on."""
    model = platform.processor() or platform.machine()
    information = pathlib.Path("/proc/cpuinfo")
    if information.exists():
        lines = information.read_text().splitlines()
        names = [line for line in lines if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "date": time.strftime("%Y-%m-%d"),
        **versions(),
    }
