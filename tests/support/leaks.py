"""Looks for secrets in whatever was left behind: names and numbers of people, and what is on their cards, in every spelling in which they
could lie there."""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from tapwealth.flows.issuing import cards
from tapwealth.issuing.cryptogram import IssuerKeys
from tapwealth.issuing.limited_use import KeyRange
from tapwealth.issuing.store import Token
from tapwealth.kernel.masked import Pan
from tapwealth.wire.emv_crypto import cash_load_key
from tapwealth.wire.emv_data import DEBIT_SERVICE_CODE, Track2

Secrets = Mapping[str, str | bytes]
"""Text by what it is, or a key's bytes."""


def of_card(house: Any, card: Token, ranges: Sequence[KeyRange]) -> dict[str, str | bytes]:
    """What was given with a card of the house."""
    return on_card(cards.issuer_keys(house), cards.number_of(house, card), card.psn, card.expiry, [one.number for one in ranges])


def on_card(issuer: IssuerKeys, pan: Pan, psn: str, expiry: str, numbers: Iterable[int]) -> dict[str, str | bytes]:
    """All that a card pays with: its number, track 2 equivalents, its own key, the load key, and the limited-use keys of these numbers."""
    track2, key = Track2(pan, expiry, DEBIT_SERVICE_CODE), issuer.card_key(cards.KEY_INDEX, pan, psn)
    limited = {f"limited-use key {number}": issuer.key_in_use(cards.KEY_INDEX, pan, psn, number) for number in numbers}
    return {
        "card's number": pan.reveal(),
        "track 2": track2.encode(),
        "track 2 in field 35": track2.field_35(),
        "card key": key,
        "load key": cash_load_key(key),
        **limited,
    }


def spellings(value: str | bytes) -> Iterator[bytes]:
    """How a value could lie in text or in bytes. Digits may be packed in BCD, beginning with either half of a byte."""
    if isinstance(value, bytes):
        yield value
        yield base64.b64encode(value).rstrip(b"=")
        yield from _in_hex(value)
        yield value.hex().encode("utf-16-le")
        return
    for coding in ("utf-8", "gbk", "utf-16-le"):
        plain = value.encode(coding)
        yield plain
        yield from _in_hex(plain)
    yield json.dumps(value).strip('"').encode()
    if len(value) >= _DIGITS and value.isdecimal():
        even = value[: len(value) & ~1]
        yield bytes.fromhex(even)
        yield bytes.fromhex(value[1 : len(value) - (len(value) + 1) % 2])


_DIGITS = 10
"""So many and more make up no bytes by chance."""


def _in_hex(value: bytes) -> Iterator[bytes]:
    """In hexadecimal, and that text's bytes in hexadecimal again."""
    yield value.hex().encode()
    yield value.hex().encode().hex().encode()
    yield value.hex().upper().encode().hex().encode()


def leaks(secrets: Secrets, content: bytes) -> list[str]:
    """Which of the secrets are in there; capitals make no difference."""
    lowered = _NOTHING.sub(rb"\1", content).lower()
    return sorted(what for what, value in secrets.items() if any(one in lowered for one in _lowered(value)))


_NOTHING = re.compile(rb"(\0{64})\0+")
"""Most of a database's pages and logs is still empty; no spelling of anything has as many zeros in a row."""


@cache
def _lowered(value: str | bytes) -> tuple[bytes, ...]:
    return tuple({one.lower() for one in spellings(value)})
