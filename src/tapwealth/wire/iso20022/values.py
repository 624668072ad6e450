"""Texts of the messages ⇄ values: amounts in fen, dates, instants, identifiers. Every defect is BadInput with the element's place.

Narrower than the XSD on purpose: amounts are CNY with at most the two decimals of ISO 4217 and no more than one movement can carry, an
identifier is printable ASCII of 1 to 35 characters (Max35Text) without blanks at its ends, a text has no control characters. Blanks around
a number, a date or an instant mean nothing (XML Schema, whiteSpace collapse). An instant without an offset is the sender's local time
(ISO 20022, ISODateTime): a bank's here, so Shanghai's; 24:00:00 is the beginning of the next day (XML Schema, dateTime).
"""

import re
from datetime import UTC, date, datetime, timedelta

from tapwealth.kernel.clock import SHANGHAI
from tapwealth.kernel.money import MAX_AMOUNT, checked, format_minor
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso20022.guard import hide_cards

CURRENCY = "CNY"
NOT_PROVIDED = "NOTPROVIDED"
ID_LENGTH, ACCOUNT_LENGTH, TEXT_LENGTH = 35, 34, 140
_FEN = re.compile(r"0*([0-9]{1,16})(?:\.([0-9]{0,2}))?", re.ASCII)
_COUNT = re.compile(r"0*([0-9]{1,9})", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_INSTANT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,6})?[0-9]*(Z|[+-][0-9]{2}:[0-9]{2})?", re.ASCII)
_MIDNIGHT, _ONE_DAY = "24:00:00", timedelta(days=1)
_YEARS = range(1970, 2200)
_BLANKS = " \t\r\n"
_IDENTIFIER = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff\ud800-\udfff]")


def _shown(text: str) -> str:
    return repr(hide_cards(text)[:40])


def read_sum(text: str, where: str = "") -> int:
    """A decimal with at most two places, as fen; at least zero, of any size that 18 digits hold (a control sum)."""
    match = _FEN.fullmatch(text.strip(_BLANKS))
    if match is None:
        what = f"{_shown(text)} is not an amount of at least zero with at most two decimals"
        raise BadInput(what, where=where, hint="write it like 1250.00")
    return int(match[1] + (match[2] or "").ljust(2, "0"))


def read_amount(text: str, currency: str | None, where: str = "", *, positive: bool = True) -> int:
    """An amount of CNY in fen, above zero unless `positive` is off."""
    if currency != CURRENCY:
        raise BadInput(f"the currency is {_shown(currency or '')}", where=where, hint="only CNY is taken here")
    return checked(read_sum(text, where), where=where, positive=positive)


def write_sum(fen: int) -> str:
    """Fen as a decimal with two places: 125000 is `1250.00`."""
    assert fen >= 0, "signs go into CdtDbtInd"
    return f"{fen // 100}.{fen % 100:02d}"


def write_amount(fen: int, where: str, *, positive: bool = True) -> str:
    """An amount that one movement can carry."""
    if fen < 0 or fen > MAX_AMOUNT or (positive and fen == 0):
        raise BadInput(f"{format_minor(fen)} cannot be paid", where=where, hint=f"above zero, at most {format_minor(MAX_AMOUNT)}")
    return write_sum(fen)


def read_count(text: str, where: str = "") -> int:
    """NbOfTxs and its like (Max15NumericText): a whole number of at most nine digits that count."""
    match = _COUNT.fullmatch(text)
    if match is None:
        raise BadInput(f"{_shown(text)} is not a count", where=where, hint="write digits only")
    return int(match[1])


def read_date(text: str, where: str = "") -> date:
    """`2014-02-24`, without an offset, of the years that a bank's books can be of."""
    try:
        if not _DATE.fullmatch(text.strip(_BLANKS)):
            raise ValueError
        day = date.fromisoformat(text.strip(_BLANKS))
    except ValueError:
        raise BadInput(f"{_shown(text)} is not a date", where=where, hint="write it like 2014-02-24") from None
    if day.year not in _YEARS:
        raise BadInput(f"{day} is no day of a bank's books", where=where, hint=f"years from {_YEARS[0]} to {_YEARS[-1]} are possible")
    return day


def read_instant(text: str, where: str = "") -> datetime:
    """A date and time as aware UTC; what is finer than a microsecond is cut off."""
    try:
        match = _INSTANT.fullmatch(text.strip(_BLANKS))
        if match is None:
            raise ValueError
        day, time, fraction, offset = match[1], match[2], match[3] or "", match[4] or "+08:00"
        if time == _MIDNIGHT and not fraction.strip(".0"):
            return datetime.fromisoformat(f"{day}T00:00:00{offset}").astimezone(UTC) + _ONE_DAY
        return datetime.fromisoformat(f"{day}T{time}{fraction}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadInput(f"{_shown(text)} is not an instant", where=where, hint="write it like 2014-02-24T09:30:00+08:00") from None


def write_instant(instant: datetime) -> str:
    """In Shanghai's offset, as banks there write it."""
    return instant.astimezone(SHANGHAI).isoformat()


def identifier(text: str, where: str = "", length: int = ID_LENGTH) -> str:
    """The text, if it can stand as an identifier or account number on both sides."""
    if not _IDENTIFIER.fullmatch(text) or len(text) > length:
        raise BadInput(f"{_shown(text)} is no identifier", where=where, hint=f"1 to {length} ASCII characters, no blank at the ends")
    return text


def end_to_end(text: str, where: str = "") -> str:
    """The text, if it names a payment; `NOTPROVIDED` is how a message says that nothing does."""
    if text == NOT_PROVIDED:
        raise BadInput(f"{NOT_PROVIDED} names no payment", where=where, hint="give each payment an id of its own")
    return identifier(text, where)


def seen(text: str) -> str:
    """A free text of somebody else's as one line: what cannot be printed is a blank."""
    return _CONTROL.sub(" ", text)


def name_of_payment(text: str, where: str = "") -> str:
    """An end-to-end id that somebody else gave, without blanks at its ends; empty when it names nothing."""
    name = printable(seen(text).strip(), where, ID_LENGTH)
    return "" if name == NOT_PROVIDED else name


def printable(text: str, where: str = "", length: int = TEXT_LENGTH) -> str:
    """The text, if it is one printable line of bounded length; it may be empty."""
    if len(text) > length or _CONTROL.search(text):
        raise BadInput(f"{_shown(text)} is not one line of at most {length} characters", where=where, hint="shorten it; no line breaks")
    return text
