"""Measurements, beside the peers and in one run: `python -m benchmarks`."""
