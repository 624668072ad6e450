"""The sandbox's registrar: transfer agent `H0` of fund 000198, with a register of its own.

It knows what came to it as files in its folder, and answers with files. No arithmetic of the product is in it.
"""

from tapwealth.sandbox.registrar.server import main

__all__ = ["main"]
