"""The card as text: what the issuer sends to a new phone, and what the phone keeps.

One line of JSON with sorted keys, PAN and keys in clear: for the phone's protected store and the way to it alone. A card that was never
used may lack `atc`, and most of what has a default. What does not fit together is `BadInput` with the name of the member.
"""

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from tapwealth.card.state import DEBIT_AID, LAST_ATC, LOG_SIZE, CardState, Files, LimitedUseKey, LogEntry, Purse
from tapwealth.kernel.masked import Masked, Pan
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.electronic_cash import CEILING
from tapwealth.wire.emv_crypto import KEY_LENGTH
from tapwealth.wire.emv_data import Track2, read_track2
from tapwealth.wire.emv_profiles import PBOC_CVN, PROFILES
from tapwealth.wire.emv_rsa import private_key

_WHERE = "stored card"
_HINT = "restore the phone's store, or personalise the card anew"
_LONGEST_RECORD = 254
_LARGEST = (1 << 31) - 1
_ROOM_IN_OPTIONS = 170
"""Bytes that an answer of 256 to GET PROCESSING OPTIONS leaves for locator and signature, beside the longest track 2 and all else."""


def to_json(state: CardState) -> str:
    """The dialogue is not kept, nor a consent that was given and not used."""
    track2 = state.track2
    stored: dict[str, Any] = {
        "aid": state.aid.hex(),
        "atc": state.atc,
        "consent_limit": state.consent_limit,
        "cvn": state.cvn,
        "discretionary": track2.discretionary,
        "expiry": track2.expiry,
        "key_index": state.key_index,
        "keys": [
            {"first_atc": one.first_atc, "key": one.key.reveal(), "last_atc": one.last_atc, "number": one.number} for one in state.keys
        ],
        "label": state.label,
        "pan": track2.pan.reveal(),
        "psn": state.psn,
        "service_code": track2.service_code,
    }
    if state.files is not None:
        stored["files"] = _files_out(state.files)
    if state.cash is not None:
        stored["cash"] = _cash_out(state.cash)
    return json.dumps(stored, sort_keys=True)


def from_json(text: str) -> CardState:
    """The card as it was stored, switched off. Raises BadInput."""
    try:
        stored = json.loads(text)
    except (ValueError, RecursionError):
        raise BadInput("it is not JSON", where=_WHERE, hint=_HINT) from None
    if not isinstance(stored, dict):
        raise BadInput("it is not a JSON object", where=_WHERE, hint=_HINT)
    track2 = Track2(
        Pan(_digits(stored, "pan", 12, 19)),
        _digits(stored, "expiry", 4, 4),
        _digits(stored, "service_code", 3, 3),
        _digits(stored, "discretionary", 0, 21),
    )
    read_track2(track2.encode(), where=_WHERE)
    cvn = _number(stored, "cvn", 0xFF) if "cvn" in stored else PBOC_CVN
    if cvn not in PROFILES:
        raise _wrong("cvn")
    return CardState(
        track2=track2,
        psn=_digits(stored, "psn", 2, 2),
        keys=_keys_in(stored),
        key_index=_number(stored, "key_index", 0xFF),
        cvn=cvn,
        aid=_hex(stored, "aid", 5, 16) if "aid" in stored else DEBIT_AID,
        label=checked_label(stored.get("label")),
        atc=_number(stored, "atc", LAST_ATC) if "atc" in stored else 0,
        files=read_files(_member(stored, "files")) if "files" in stored else None,
        cash=read_purse(_member(stored, "cash")) if "cash" in stored else None,
        consent_limit=_number(stored, "consent_limit", _LARGEST) if stored.get("consent_limit") is not None else None,
    )


def checked_label(label: Any) -> str:
    """A label as readers can show it (50). Raises BadInput."""
    if not isinstance(label, str) or not label.isascii() or not label.isprintable() or not 1 <= len(label) <= 16:
        raise BadInput("label is not 1 to 16 plain characters", where=_WHERE, hint="use letters, digits and spaces")
    return label


def checked_keys(keys: tuple[LimitedUseKey, ...]) -> tuple[LimitedUseKey, ...]:
    """In the order of their ranges, which must not overlap. Raises BadInput."""
    ordered = tuple(sorted(keys, key=lambda one: one.first_atc))
    if any(one.first_atc > one.last_atc for one in ordered) or any(left.last_atc >= right.first_atc for left, right in pairwise(ordered)):
        raise BadInput("two keys are for the same counter, or one for none", where=_WHERE, hint="ask the issuer for keys once more")
    return ordered


def _keys_in(stored: Mapping[str, Any]) -> tuple[LimitedUseKey, ...]:
    """The present form, or the one key of a card that was stored before there were several."""
    if "icc_mk_ac" in stored and "keys" not in stored:
        return (LimitedUseKey(0, Masked(_hex(stored, "icc_mk_ac", KEY_LENGTH, KEY_LENGTH).hex()), 1, LAST_ATC),)
    return checked_keys(tuple(read_key(one) for one in _members(stored, "keys")))


def read_key(one: Any) -> LimitedUseKey:
    """A limited-use key as the issuer sends it. Raises BadInput."""
    if not isinstance(one, dict):
        raise _wrong("keys")
    key = Masked(_hex(one, "key", KEY_LENGTH, KEY_LENGTH).hex())
    return LimitedUseKey(_number(one, "number", 0xFFFFFFFF), key, _number(one, "first_atc", LAST_ATC), _number(one, "last_atc", LAST_ATC))


def _files_out(files: Files) -> dict[str, Any]:
    return {
        "aip": files.aip.hex(),
        "contact_afl": files.contact_afl.hex(),
        "key": {"d": f"{files.key.exponent:x}", "e": files.key.public.exponent, "n": f"{files.key.public.modulus:x}"},
        "offline_afl": files.offline_afl.hex(),
        "records": [{"data": data.hex(), "number": number, "sfi": sfi} for (sfi, number), data in sorted(files.records.items())],
    }


def read_files(stored: Mapping[str, Any]) -> Files:
    """Records, locators and key as the issuer sends them. Raises BadInput."""
    key = _member(stored, "key")
    records = {}
    for one in _members(stored, "records"):
        if not isinstance(one, dict):
            raise _wrong("records")
        records[_number(one, "sfi", 30), _number(one, "number", 0xFF)] = _hex(one, "data", 2, _LONGEST_RECORD)
    files = Files(
        aip=_hex(stored, "aip", 2, 2),
        records=records,
        offline_afl=_locator(stored, "offline_afl", records),
        contact_afl=_locator(stored, "contact_afl", records),
        key=private_key(_big(key, "n"), _number(key, "e", 65_537), _big(key, "d")),
    )
    if len(files.offline_afl) + files.key.public.size > _ROOM_IN_OPTIONS:
        raise BadInput("locator and signature do not fit one answer", where=_WHERE, hint="certify a card key of 1,024 bits")
    return files


def _locator(stored: Mapping[str, Any], name: str, records: Mapping[tuple[int, int], bytes]) -> bytes:
    """A file locator (94) whose records are there; the last one may be the record that the card makes for each tap."""
    locator = _hex(stored, name, 4, 64)
    entries = [locator[at : at + 4] for at in range(0, len(locator), 4)]
    wanted = [(entry[0] >> 3, number) for entry in entries if len(entry) == 4 for number in range(entry[1], entry[2] + 1)]
    if len(locator) % 4 or any(place not in records for place in wanted[:-1]):
        raise _wrong(name)
    return locator


def _cash_out(cash: Purse) -> dict[str, Any]:
    return {
        "balance": cash.balance,
        "balance_limit": cash.balance_limit,
        "load_key": cash.load_key.reveal(),
        "loads": cash.loads,
        "log": [
            {"amount": one.amount, "atc": one.atc, "country": one.country, "currency": one.currency, "day": one.day, "kind": one.kind}
            for one in cash.log
        ],
        "reset_threshold": cash.reset_threshold,
        "single_limit": cash.single_limit,
        "unloads": cash.unloads,
    }


def read_purse(stored: Any) -> Purse:
    """Electronic cash as the issuer sends it or as it was stored. Raises BadInput."""
    if not isinstance(stored, dict):
        raise _wrong("cash")
    limit = _number(stored, "balance_limit", CEILING)
    log = _members(stored, "log") if "log" in stored else []
    if len(log) > LOG_SIZE or not all(isinstance(one, dict) for one in log):
        raise _wrong("log")
    return Purse(
        balance=_number(stored, "balance", limit) if "balance" in stored else 0,
        balance_limit=limit,
        single_limit=_number(stored, "single_limit", CEILING),
        reset_threshold=_number(stored, "reset_threshold", CEILING),
        load_key=Masked(_hex(stored, "load_key", KEY_LENGTH, KEY_LENGTH).hex()),
        loads=_number(stored, "loads", _LARGEST) if "loads" in stored else 0,
        unloads=_number(stored, "unloads", _LARGEST) if "unloads" in stored else 0,
        log=tuple(
            LogEntry(
                _number(one, "amount", CEILING),
                _digits(one, "day", 6, 6),
                _digits(one, "country", 4, 4),
                _digits(one, "currency", 4, 4),
                _digits(one, "kind", 2, 2),
                _number(one, "atc", LAST_ATC),
            )
            for one in log
        ),
    )


def _digits(stored: Mapping[str, Any], name: str, shortest: int, longest: int) -> str:
    value = stored.get(name)
    plain = isinstance(value, str) and value.isascii() and (value.isdecimal() or not value)
    if not plain or not shortest <= len(value or "") <= longest:
        raise _wrong(name)
    return str(value)


def _hex(stored: Mapping[str, Any], name: str, shortest: int, longest: int) -> bytes:
    try:
        value = bytes.fromhex(stored[name])
    except (KeyError, TypeError, ValueError):
        raise _wrong(name) from None
    if not shortest <= len(value) <= longest:
        raise _wrong(name)
    return value


def _big(stored: Mapping[str, Any], name: str) -> int:
    """A number of up to 2,048 bits in hexadecimal digits."""
    value = stored.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= 512:
        raise _wrong(name)
    try:
        return int(value, 16)
    except ValueError:
        raise _wrong(name) from None


def _number(stored: Mapping[str, Any], name: str, largest: int) -> int:
    value = stored.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= largest:
        raise _wrong(name)
    return value


def _member(stored: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = stored.get(name)
    if not isinstance(value, dict):
        raise _wrong(name)
    return value


def _members(stored: Mapping[str, Any], name: str) -> list[Any]:
    value = stored.get(name)
    if not isinstance(value, list):
        raise _wrong(name)
    return value


def _wrong(name: str) -> BadInput:
    return BadInput(f"{name} is missing or out of range", where=_WHERE, hint=_HINT)
