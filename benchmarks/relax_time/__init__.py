"""When relaxing a trained CNN pays: `python -m benchmarks.relax_time`."""
