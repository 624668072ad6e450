"""The sandbox's bank: accounts, what it was told to pay, and the statements it makes of its own books."""

from tapwealth.sandbox.bank.server import main

__all__ = ["main"]
