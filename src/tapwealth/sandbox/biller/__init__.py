"""The sandbox's billers: their bills, the payments they took, and their day-end files. This one is the electricity's."""

from tapwealth.sandbox.biller.server import main

__all__ = ["main"]
