"""Preserving and breaking symmetry: `python -m benchmarks.almost_symmetric`."""
