"""The sandbox's issuer of credit cards: a biller with books of its own."""

from collections.abc import Sequence

from tapwealth.sandbox.biller.server import serve
from tapwealth.sandbox.biller.trade import ISSUER


def main(argv: Sequence[str]) -> None:
    """Serve it until SIGTERM."""
    serve(ISSUER, argv)
