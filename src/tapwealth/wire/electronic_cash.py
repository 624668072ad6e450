"""What proves orders of electronic cash: eight bytes of MAC under the card's load key (`emv_crypto.cash_load_key`). The layout is our own.

The issuer makes them for a load, the card for an unload; each checks the other's.
"""

from tapwealth.wire.emv_crypto import Padding, retail_mac
from tapwealth.wire.emv_data import numeric

CEILING = 100_000
"""Fen: electronic cash never holds more (PBOC 3.0 part 13; the central bank's rule of 1,000 yuan)."""


def load_mac(load_key: bytes, number: int, amount: int) -> bytes:
    """What makes a load order genuine: "LOAD", the number in 4 bytes, the amount in 6 bytes of packed digits."""
    return retail_mac(load_key, b"LOAD" + number.to_bytes(4, "big") + numeric(amount, 6), Padding.MARKED)


def unload_mac(load_key: bytes, number: int, amount: int, balance: int, loads: int) -> bytes:
    """What makes an unload proof genuine: "UNLD", number, amount and balance as above, and in 4 bytes the number of the last load taken."""
    counted = number.to_bytes(4, "big") + numeric(amount, 6) + numeric(balance, 6) + loads.to_bytes(4, "big")
    return retail_mac(load_key, b"UNLD" + counted, Padding.MARKED)
