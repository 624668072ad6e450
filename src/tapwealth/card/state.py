"""What the phone's card knows: what it was personalised with, its counter, and where the dialogue stands.

Immutable; a step gives a new one. `to_json` and `from_json` are for the phone's own store, which keeps the card key as it keeps its
other secrets: nothing here shows a PAN or a key in a repr or a message.
"""

import json
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from tapwealth.kernel.masked import Masked, Pan
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.emv_crypto import KEY_LENGTH
from tapwealth.wire.emv_data import Track2, read_track2

LAST_ATC = 0xFFFF
DEBIT_AID = bytes.fromhex("A000000333010101")
"""UnionPay debit (quick debit and credit, QuickPass)."""

_WHERE = "stored card"


class Selected(Enum):
    """What the last successful SELECT chose."""

    NOTHING = "nothing"
    PPSE = "ppse"
    APPLICATION = "application"


@dataclass(frozen=True, slots=True)
class CardState:
    """`icc_mk_ac` is the card key in hex; `psn` two digits; `atc` the counter of the last transaction, 0 before the first.

    `gpo_allowed` holds from a SELECT of the application to its one GET PROCESSING OPTIONS.
    """

    track2: Track2
    psn: str
    icc_mk_ac: Masked
    key_index: int = 1
    aid: bytes = DEBIT_AID
    label: str = "Tapwealth"
    atc: int = 0
    selected: Selected = Selected.NOTHING
    gpo_allowed: bool = False

    def powered_off(self) -> "CardState":
        """As it is when it leaves the field: the counter stays, the dialogue is forgotten."""
        return replace(self, selected=Selected.NOTHING, gpo_allowed=False)


def to_json(state: CardState) -> str:
    """One line with sorted keys, PAN and key in clear: for the phone's protected store alone. The dialogue is not kept."""
    track2 = state.track2
    return json.dumps(
        {
            "aid": state.aid.hex(),
            "atc": state.atc,
            "discretionary": track2.discretionary,
            "expiry": track2.expiry,
            "icc_mk_ac": state.icc_mk_ac.reveal(),
            "key_index": state.key_index,
            "label": state.label,
            "pan": track2.pan.reveal(),
            "psn": state.psn,
            "service_code": track2.service_code,
        },
        sort_keys=True,
    )


def from_json(text: str) -> CardState:
    """The card as it was stored, switched off. Raises BadInput."""
    try:
        stored = json.loads(text)
    except (ValueError, RecursionError):
        raise BadInput("it is not JSON", where=_WHERE, hint="restore the phone's store, or personalise the card anew") from None
    if not isinstance(stored, dict):
        raise BadInput("it is not a JSON object", where=_WHERE, hint="restore the phone's store, or personalise the card anew")
    track2 = Track2(
        Pan(_digits(stored, "pan", 12, 19)),
        _digits(stored, "expiry", 4, 4),
        _digits(stored, "service_code", 3, 3),
        _digits(stored, "discretionary", 0, 21),
    )
    read_track2(track2.encode(), where=_WHERE)
    return CardState(
        track2=track2,
        psn=_digits(stored, "psn", 2, 2),
        icc_mk_ac=Masked(_hex(stored, "icc_mk_ac", KEY_LENGTH, KEY_LENGTH).hex()),
        key_index=_number(stored, "key_index", 0xFF),
        aid=_hex(stored, "aid", 5, 16),
        label=checked_label(stored.get("label")),
        atc=_number(stored, "atc", LAST_ATC),
    )


def checked_label(label: Any) -> str:
    """The application label (50): 1 to 16 letters, digits and spaces. Raises BadInput."""
    plain = isinstance(label, str) and label.isascii() and label.replace(" ", "").isalnum()
    if not plain or len(label) > 16:
        raise BadInput("the application label is not usable", where=_WHERE, hint="give it 1 to 16 letters, digits and spaces")
    return str(label)


def _digits(stored: dict[str, Any], name: str, shortest: int, longest: int) -> str:
    value = stored.get(name)
    good = isinstance(value, str) and (value == "" or (value.isascii() and value.isdecimal()))
    if not good or not shortest <= len(str(value)) <= longest:
        raise BadInput(f"{name} is not {shortest} to {longest} digits", where=_WHERE, hint="personalise the card anew")
    return str(value)


def _hex(stored: dict[str, Any], name: str, shortest: int, longest: int) -> bytes:
    try:
        value = bytes.fromhex(stored.get(name, ""))
    except (ValueError, TypeError):
        value = b""
    if not shortest <= len(value) <= longest:
        raise BadInput(f"{name} is not {shortest} to {longest} bytes in hex", where=_WHERE, hint="personalise the card anew")
    return value


def _number(stored: dict[str, Any], name: str, greatest: int) -> int:
    value = stored.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= greatest:
        raise BadInput(f"{name} is not a number from 0 to {greatest}", where=_WHERE, hint="personalise the card anew")
    return value
