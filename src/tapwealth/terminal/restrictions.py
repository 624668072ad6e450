"""Whether a card that approved offline may be used here and today (EMV Book 3, 10.4; Book C-3, 5.5)."""

from collections.abc import Mapping
from typing import NamedTuple

from tapwealth.kernel.refusal import BadInput
from tapwealth.terminal.config import Tap, TerminalConfig
from tapwealth.terminal.outcome import TapReason
from tapwealth.terminal.qualifiers import Tvr
from tapwealth.wire.emv_data import Track2, numeric, read_date
from tapwealth.wire.emv_tags import Tag

_DOMESTIC_GOODS, _INTERNATIONAL_GOODS, _DOMESTIC_SERVICES, _INTERNATIONAL_SERVICES = 0x20, 0x10, 0x08, 0x04
_NOT_AT_A_CASH_MACHINE = 0x01
"""In the first byte of 9F07 (EMV Book 3, annex C2)."""


class Hindrance(NamedTuple):
    """Why a card may not be used offline."""

    reason: TapReason
    detail: str


class Restrictions(NamedTuple):
    """The first hindrance in the order of the checks, and all that was found."""

    hindrance: Hindrance | None
    tvr: Tvr


def restrictions(config: TerminalConfig, tap: Tap, track2: Track2, elements: Mapping[int, bytes]) -> Restrictions:
    """Version, usage, dates, exception list. Raises BadInput on a date that is none. Another version is noted and hinders nobody."""
    tvr = Tvr(0)
    if elements.get(Tag.CARD_VERSION_9F08, config.version) != config.version:
        tvr |= Tvr.OTHER_VERSION
    found = [
        (Tvr.SERVICE_NOT_ALLOWED, _usage(config, elements)),
        (Tvr.NOT_YET_EFFECTIVE, _not_yet(tap, elements)),
        (Tvr.EXPIRED, _expired(tap, elements)),
        (Tvr.ON_EXCEPTION_LIST, _excepted(config, track2)),
    ]
    for bit, hindrance in found:
        tvr |= bit if hindrance else Tvr(0)
    # Expiry comes last of all: the card may want it judged by its issuer, which must not pass over the other hindrances.
    hindrances = [hindrance for _, hindrance in found if hindrance]
    hindrances.sort(key=lambda hindrance: hindrance.reason is TapReason.EXPIRED)
    return Restrictions(hindrances[0] if hindrances else None, tvr)


def _usage(config: TerminalConfig, elements: Mapping[int, bytes]) -> Hindrance | None:
    """9F07 against a purchase at a shop; at home or abroad is told by the issuer's country 5F28, if the card has both."""
    usage = elements.get(Tag.USAGE_9F07)
    if usage is None:
        return None
    if len(usage) != 2:
        raise BadInput(f"{len(usage)} bytes", where="9F07 Application usage control", hint="it has two")
    if not usage[0] & _NOT_AT_A_CASH_MACHINE:
        return Hindrance(TapReason.NOT_FOR_THIS, "it is for cash machines alone")
    issuers_country = elements.get(Tag.ISSUER_COUNTRY_5F28)
    if issuers_country is None:
        return None
    at_home = issuers_country == numeric(config.country, 2)
    allowed = _DOMESTIC_GOODS | _DOMESTIC_SERVICES if at_home else _INTERNATIONAL_GOODS | _INTERNATIONAL_SERVICES
    where = "in its own country" if at_home else "abroad"
    return None if usage[0] & allowed else Hindrance(TapReason.NOT_FOR_THIS, f"it buys nothing {where}")


def _not_yet(tap: Tap, elements: Mapping[int, bytes]) -> Hindrance | None:
    value = elements.get(Tag.EFFECTIVE_5F25)
    first_day = None if value is None else read_date(value, where="5F25 Application effective date")
    return Hindrance(TapReason.NOT_YET_VALID, f"from {first_day}") if first_day is not None and tap.day < first_day else None


def _expired(tap: Tap, elements: Mapping[int, bytes]) -> Hindrance | None:
    """Without an expiry date (5F24) a card has none that could be trusted, and counts as expired."""
    value = elements.get(Tag.EXPIRY_5F24)
    if value is None:
        return Hindrance(TapReason.EXPIRED, "it tells no expiry date")
    last_day = read_date(value, where="5F24 Application expiration date")
    return Hindrance(TapReason.EXPIRED, f"on {last_day}") if tap.day > last_day else None


def _excepted(config: TerminalConfig, track2: Track2) -> Hindrance | None:
    return Hindrance(TapReason.ON_EXCEPTION_LIST, "keep it if that is safe") if config.exceptions.holds(track2.pan) else None
