"""The sandbox's electricity biller: its bills, the payments it took, and its day-end file."""

from tapwealth.sandbox.biller.server import main

__all__ = ["main"]
