"""The bank's nouns: card numbers and statements."""

import doctest
from datetime import date
from io import BytesIO

import pytest
from stdnum import luhn

from tapwealth.bank import bank_number
from tapwealth.bank.bank_number import CardType, bank_of_card
from tapwealth.bank.statement import StatementLine, pack_lines, read_statement, unpack_lines
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso20022.entry import Entry
from tapwealth.wire.iso20022.statement import Statement, StatementHead, write_statement

DAY = date(2014, 2, 24)


def number(prefix: str, length: int) -> str:
    """A number of that length with its check digit."""
    body = prefix + "0" * (length - len(prefix) - 1)
    return body + luhn.calc_check_digit(body)


def test_the_doctest():
    assert doctest.testmod(bank_number).failed == 0


@pytest.mark.parametrize(
    ("prefix", "length", "bank", "card_type"),
    [
        ("621096", 19, "PSBC", CardType.DEBIT),
        ("623111", 16, "BJBANK", CardType.DEBIT),
        ("522001", 16, "BJBANK", CardType.CREDIT),
        ("622303", 18, "ICBC", CardType.DEBIT),  # the same range: 18 digits here,
        ("622303", 16, "NJCB", CardType.CREDIT),  # 16 there
        ("622516", 16, "SPDB", CardType.DEBIT),  # named twice in the table: the first counts
    ],
)
def test_the_bank_of_a_card(prefix, length, bank, card_type):
    found = bank_of_card(number(prefix, length))
    assert (found.bank_code, found.card_type) == (bank, card_type)
    assert found.bank_name
    assert found.pan.reveal() == number(prefix, length)
    assert found.pan.reveal() not in repr(found)


def test_every_range_of_the_table_is_found_by_its_longest_prefix():
    """The bank found for a range is the range's own, or that of a longer range which the made-up digits fall into."""
    for prefix, by_length in bank_number._ranges().items():
        for length, wanted in by_length.items():
            found = bank_of_card(number(prefix, length))
            longer = any(number(prefix, length).startswith(other) for other in bank_number._ranges() if len(other) > len(prefix))
            assert longer or (found.bank_code, found.bank_name) == (wanted.bank_code, wanted.bank_name)


@pytest.mark.parametrize(
    ("text", "needle"),
    [
        ("", "is not a card number"),
        ("6214-6800", "is not a card number"),
        ("6" * 21, "is not a card number"),
        ("６２１４６８００１２３４５６７２", "is not a card number"),
        ("6214680012345672x", "is not a card number"),
        ("6214680012345673", "the last digit does not fit"),
        (number("777777", 16), "no bank is known by 777777"),
        (number("621468", 19), "it has 19 digits, cards that begin so have 16"),
    ],
)
def test_a_wrong_number_is_refused_without_being_repeated(text, needle):
    with pytest.raises(BadInput) as caught:
        bank_of_card(text)
    assert needle in str(caught.value)
    assert "; " in str(caught.value)
    assert len(text) < 8 or text not in str(caught.value)


def test_a_statement_is_kept_without_card_numbers_and_names():
    head = StatementHead("STM-1", shanghai(DAY, 24), "S-1", "0100000001", DAY, 5, 12)
    entries = (Entry("B-1", "IN-1", 10, DAY, "X", "6210955881234567", "张伟", "hm"), Entry("B-2", "", -3, DAY, "FEE"))
    kept = read_statement(BytesIO(write_statement(Statement(head, entries))))
    assert (kept.account, kept.day, kept.opening, kept.closing) == ("0100000001", DAY, 5, 12)
    assert kept.lines == (
        StatementLine("B-1", "IN-1", 10, DAY, "621095******4567", "*伟", "hm"),
        StatementLine("B-2", "", -3, DAY),
    )
    assert unpack_lines(pack_lines(kept.lines)) == kept.lines
