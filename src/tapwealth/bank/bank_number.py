"""Which bank a card number belongs to: the longest known prefix whose cards have that many digits (ISO/IEC 7812-1).

The table is `data/bank_bin.csv`, whose README names the source. A number passes the Luhn check before a bank is looked for, so that a
mistyped digit is called a mistyped digit.
"""

import csv
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from stdnum import luhn

from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import BadInput

_WHERE = "card number"
_NUMBER = re.compile(r"[0-9]{12,20}", re.ASCII)
_ACCOUNT = re.compile(r"[0-9]{10,19}", re.ASCII)
_BLANKS = re.compile(r"[ -]")


class CardType(StrEnum):
    """What kind of card a range is for."""

    DEBIT = "DC"
    CREDIT = "CC"
    QUASI_CREDIT = "SCC"
    PREPAID = "PC"


@dataclass(frozen=True, slots=True)
class BankCard:
    """A card number and whose it is. `bank_code` as UnionPay's members are called in the table, `BJBANK` for Bank of Beijing."""

    pan: Pan
    bank_code: str
    bank_name: str
    card_type: CardType


@dataclass(frozen=True, slots=True)
class _Range:
    bank_code: str
    bank_name: str
    card_type: CardType


@cache
def _ranges() -> dict[str, dict[int, _Range]]:
    """Prefix to length to bank; of two banks with the same range the first."""
    found: dict[str, dict[int, _Range]] = {}
    text = (files("tapwealth.bank") / "data" / "bank_bin.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        by_length = found.setdefault(row["bin"], {})
        by_length.setdefault(int(row["card_len"]), _Range(row["bank_code"], row["bank_name"], CardType(row["card_type"])))
    return found


def check_account_number(number: str, where: str) -> None:
    """Raises BadInput for what no account at a bank can be called."""
    if not _ACCOUNT.fullmatch(number):
        raise BadInput("it is no bank account number", where=where, hint="10 to 19 digits")


def is_in_a_cards_range(number: str) -> bool:
    """Whether cards of a known bank begin as these digits do and have as many: an account number that looks like a card's is one."""
    return any(len(number) in _ranges()[number[:size]] for size in range(len(number), 0, -1) if number[:size] in _ranges())


def bank_of_card(text: str) -> BankCard:
    """The card behind a number as a person types it (blanks and hyphens between digits allowed).

    Raises BadInput, in this order: not 12 to 20 digits, a wrong check digit, no bank with that prefix, a length that its cards do not have.

    >>> bank_of_card("6214 6800 1234 5672").bank_name
    '北京银行'
    """
    number = _BLANKS.sub("", text.strip())
    if not _NUMBER.fullmatch(number):
        raise BadInput("it is not a card number", where=_WHERE, hint="type the 12 to 20 digits on the card")
    if not luhn.is_valid(number):
        raise BadInput("the last digit does not fit the others", where=_WHERE, hint="compare each digit with the card")
    known = [_ranges()[number[:size]] for size in range(len(number), 0, -1) if number[:size] in _ranges()]
    if not known:
        raise BadInput(f"no bank is known by {number[:6]}", where=_WHERE, hint="use a card of a Chinese bank")
    for by_length in known:
        if len(number) in by_length:
            found = by_length[len(number)]
            return BankCard(Pan(number), found.bank_code, found.bank_name, found.card_type)
    lengths = sorted({length for by_length in known for length in by_length})
    wanted = " or ".join(map(str, lengths))
    raise BadInput(f"it has {len(number)} digits, cards that begin so have {wanted}", where=_WHERE, hint="compare it with the card")
