"""Tapwealth: tap to pay, pay bills, put idle money to work, buy insurance; every fen proved against the bank."""

__version__ = "0.1.0"
