"""Making a card: the issuer's data put into a phone, and fresh keys later. `store.from_json` takes in what the token service sends."""

from dataclasses import replace
from datetime import date

from tapwealth.card.state import DEBIT_AID, LAST_ATC, CardState, LimitedUseKey, Stage
from tapwealth.card.store import checked_keys, checked_label
from tapwealth.kernel.masked import Masked, Pan
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.emv_crypto import KEY_LENGTH
from tapwealth.wire.emv_data import DEBIT_SERVICE_CODE, Track2

_WHERE = "personalisation"


def personalise(
    pan: Pan,
    psn: str,
    expiry: date,
    card_key: bytes | tuple[LimitedUseKey, ...],
    *,
    key_index: int = 1,
    aid: bytes = DEBIT_AID,
    label: str = "Tapwealth",
    service_code: str = DEBIT_SERVICE_CODE,
) -> CardState:
    """A plain card that has not been used yet, with its own key and no more: no records, no electronic cash. Raises BadInput.

    It is good to the end of `expiry`'s month. `card_key` are the 16 bytes that the issuer derived for PAN and PSN from the master key of
    number `key_index`, or the limited-use keys that a phone was given in their place.
    """
    digits = pan.reveal()
    if not _is_number(digits) or not 12 <= len(digits) <= 19 or not luhn_holds(digits):
        raise BadInput("the PAN is not 12 to 19 digits with a right check digit", where=_WHERE, hint="ask the issuer for another")
    if not _is_number(psn) or len(psn) != 2:
        raise BadInput("the PAN sequence number is not two digits", where=_WHERE, hint="write it like 01")
    if not _is_number(service_code) or len(service_code) != 3:
        raise BadInput("the service code is not three digits", where=_WHERE, hint=f"write it like {DEBIT_SERVICE_CODE}")
    if isinstance(card_key, bytes) and len(card_key) != KEY_LENGTH:
        raise BadInput(f"the card key has {len(card_key)} bytes", where=_WHERE, hint=f"a two-key triple DES key has {KEY_LENGTH}")
    if not 0 <= key_index <= 0xFF or not 5 <= len(aid) <= 16:
        raise BadInput("the key index or the AID is out of range", where=_WHERE, hint="0 to 255, and 5 to 16 bytes")
    track2 = Track2(pan, f"{expiry:%y%m}", service_code)
    keys = (LimitedUseKey(0, Masked(card_key.hex()), 1, LAST_ATC),) if isinstance(card_key, bytes) else checked_keys(card_key)
    return CardState(track2, psn, keys, key_index=key_index, aid=aid, label=checked_label(label))


def replenished(state: CardState, keys: tuple[LimitedUseKey, ...]) -> CardState:
    """The card with fresh keys. Those that its counter has left behind are dropped; one that comes again is the same. Raises BadInput.

    A transaction over contacts that still stands wants its own counter's key for the cryptograms to come: that one stays.
    """
    needed_from = state.atc + 1 if state.dialogue.stage is Stage.NONE else state.atc
    known = {one.number: one for one in (*state.keys, *keys)}
    return replace(state, keys=checked_keys(tuple(one for one in known.values() if one.last_atc >= needed_from)))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def luhn_holds(digits: str) -> bool:
    """The check digit of a PAN (ISO/IEC 7812-1, annex B)."""
    doubled = (sum(divmod(int(digit) * 2, 10)) for digit in digits[-2::-2])
    return (sum(int(digit) for digit in digits[-1::-2]) + sum(doubled)) % 10 == 0
