"""The sandbox's identity channels: population register, bank, telecom, tax and education, each with its own knowledge of people."""

from tapwealth.sandbox.identity.server import main

__all__ = ["main"]
