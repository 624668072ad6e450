"""The sandbox's insurer: the policies it keeps, the refunds it pays by the bank, and its bordereau."""

from tapwealth.sandbox.insurer.server import main

__all__ = ["main"]
