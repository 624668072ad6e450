"""The command line."""

from tapwealth.cli.main import app, main

__all__ = ["app", "main"]
