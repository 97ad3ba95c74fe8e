"""Keeping and breaking, by every method: `python -m benchmarks.almost_symmetric`."""
