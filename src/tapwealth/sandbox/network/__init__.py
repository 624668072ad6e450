"""The sandbox's card network: what acquirers present, what it cleared of it, and what each institution owes it for a date."""

from tapwealth.sandbox.network.server import main

__all__ = ["main"]
