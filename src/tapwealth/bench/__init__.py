"""Benchmarks: what the house does in a second, durable and with everything on, beside yardsticks measured in the same run."""
