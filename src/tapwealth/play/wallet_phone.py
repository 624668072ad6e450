"""A customer's phone as far as a tap needs it: the applet with its store, and a clone of it for those who try to cheat.

The new state is stored before the answer leaves: a phone that dies in between has spent a counter, and never gives two cryptograms under
one.
"""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from tapwealth.card.applet import step
from tapwealth.card.personalise import personalise
from tapwealth.card.state import CardState
from tapwealth.card.store import read_files
from tapwealth.kernel.masked import Masked, Pan
from tapwealth.phone.store import CardStore


class Phone:
    """`path` is the phone's protected store."""

    def __init__(self, path: Path) -> None:
        self._store = CardStore(path)
        self._state: CardState | None = None

    @property
    def has_card(self) -> bool:
        return self._store.has_card

    def personalise(self, pan: str, psn: str, expiry: str, card_key: str, key_index: int, files: dict[str, Any]) -> None:
        """Take in what the issuer sent; `expiry` is YYMM."""
        until = date(2000 + int(expiry[:2]), int(expiry[2:]), 1)
        plain = personalise(Pan(pan), psn, until, bytes.fromhex(card_key), key_index=key_index)
        self._save(replace(plain, files=read_files(files)))

    def transmit(self, c_apdu: bytes) -> bytes:
        """One command APDU, one response. The dialogue lives as long as the phone is in the field; the counter for good."""
        state, answer = step(self._load(), c_apdu)
        self._save(state)
        return answer

    def leave_field(self) -> None:
        self._save(self._load().powered_off())

    def forged(self) -> "Impostor":
        """Someone who copied everything but the key."""
        return Impostor(with_other_keys(self._load()))

    def replayed(self) -> "Impostor":
        """A copy of the phone from before its last tap: it makes a right cryptogram under a counter that was used."""
        state = self._load()
        return Impostor(replace(state, atc=max(state.atc - 1, 0)))

    def _load(self) -> CardState:
        return self._state or self._store.load()

    def _save(self, state: CardState) -> None:
        self._store.save(state)
        self._state = state


class Impostor:
    """A card of somebody else's making; nothing of it is stored."""

    def __init__(self, state: CardState) -> None:
        self._state = state.powered_off()

    def transmit(self, c_apdu: bytes) -> bytes:
        self._state, answer = step(self._state, c_apdu)
        return answer


def with_other_keys(state: CardState) -> CardState:
    """All of a card but what it proves itself with."""
    keys = (replace(one, key=Masked(bytes(byte ^ 0x5A for byte in bytes.fromhex(one.key.reveal())).hex())) for one in state.keys)
    return replace(state, keys=tuple(keys))
