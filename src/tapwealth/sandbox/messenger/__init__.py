"""The sandbox's messenger: a gateway that brings text messages and push messages to phones, with books of its own."""

from tapwealth.sandbox.messenger.server import main

__all__ = ["main"]
