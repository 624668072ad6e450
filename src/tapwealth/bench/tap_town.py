"""An installation to tap in: merchants' terminals, and people with a card in the phone, a wallet and fund units, made set by set.

Everything about a person or a terminal follows from its number, so that the load, in a process of its own, knows the cards without being
told. Every eighth person has nothing to pay with, and every eighth the smallest coin in the wallet and the rest in the fund.
"""

from collections.abc import Callable, Sequence
from datetime import date
from uuid import UUID

from stdnum import luhn

from tapwealth.acquiring import store as acquiring
from tapwealth.acquiring.store import Merchant
from tapwealth.bank.entries import NUMBER_OF
from tapwealth.bench.load import DAY, NOW
from tapwealth.customers import store as customers
from tapwealth.customers.store import PersonRow
from tapwealth.flows.acquiring import terminals
from tapwealth.flows.bank import receipts
from tapwealth.flows.frame import PLATFORM, Envelope, House, moment, must_post
from tapwealth.flows.issuing import cards
from tapwealth.funds import store as funds
from tapwealth.funds.store import Fund
from tapwealth.issuing import store as issuing
from tapwealth.issuing.entries import Tap
from tapwealth.issuing.limited_use import GOOD_FOR, LAST_ATC, KeyRange
from tapwealth.issuing.store import Token
from tapwealth.kernel.ids import derived, named
from tapwealth.kernel.masked import Pan
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.install import house_accounts
from tapwealth.ledger.port import JournalEntry, Limit, Line, NewAccount, Op

MERCHANT, BATCH, TERMINALS = "898110058120001", "000001", 256
PSN, EXPIRES = "01", date(2019, 2, 1)
KEY_INDEX, KEY_NUMBER = 1, 1
"""A card's one limited-use key is good for all that is measured: asking for fresh ones is not."""

EIGHTHS, PENNILESS, INVESTED = 8, 6, 7
"""What is left of a person's number divided by eight says what they can pay with."""

_AT_ONCE = 8_000
_FUNDED = 10**9
_ENTRY_KIND = 1
_FUND = Fund("100000", Asset(2), "基金", "Fund", "TA", 1, 15, "0000000000")
_UNITS = _FUND.asset


def pan_of(number: int) -> Pan:
    """The card of a person: the issuer's number, seven digits, the check digit."""
    digits = f"{cards.TOKEN_BIN}{number:07d}"
    return Pan(digits + str(luhn.calc_check_digit(digits)))


def terminal_number(number: int) -> str:
    """Field 41."""
    return f"{10_000_000 + number}"


def mac_key(number: int) -> bytes:
    """16 bytes, that of no other terminal."""
    return bytes.fromhex("0123456789ABCDEFFEDCBA9876540000")[:-2] + number.to_bytes(2, "big")


async def found(house: House, people: int, on_progress: Callable[[str], None]) -> None:
    """Fill a fresh house."""
    house.keys.generate(cards.MASTER_KEYS[KEY_INDEX])
    await _open_line(house)
    async with house.database.transaction() as tx:
        merchant = Merchant(named(NOW, 0, MERCHANT), MERCHANT, "bench", "5812", "91110105MA00000000", "0300000009", 0)
        await acquiring.add_merchant(tx, merchant, NOW)
        await funds.put_fund(tx, _FUND, [])
        await house.ledger.open_accounts(tx, house_accounts(house.books, _UNITS))
    for number in range(TERMINALS):
        enrolled = terminals.RegisterTerminal(MERCHANT, terminal_number(number), mac_key(number).hex())
        await terminals.register(house, Envelope(named(NOW, 0, f"terminal {number}"), PLATFORM, NOW), enrolled)
    for first in range(0, people, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, people))
        await _settle(house, numbers)
        if people > 10 * _AT_ONCE and first % (10 * _AT_ONCE) == 0:
            on_progress(f"{numbers.stop:,} of {people:,} cards issued")


async def _open_line(house: House) -> None:
    """The bank's advance, out of which the fund part of a tap is paid, in equal parts for the books."""
    pushed = receipts.Pushed("BENCH-LINE", NUMBER_OF[Kind.ADVANCE], _FUNDED * house.books, DAY, "Bank", "line")
    await receipts.receive(house, [pushed], ())


async def _settle(house: House, numbers: Sequence[int]) -> None:
    """These people, in one transaction."""
    rows = [_person(house, number) for number in numbers]
    tokens = [_token(house, row, pan_of(number)) for row, number in zip(rows, numbers, strict=True)]
    invested = [row for row, number in zip(rows, numbers, strict=True) if number % EIGHTHS == INVESTED]
    within = Limit.DEBITS_WITHIN_CREDITS
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, house.all_books)
        await customers.add_persons(tx, rows)
        await issuing.add_tokens(tx, tokens, NOW)
        key = KeyRange(KEY_NUMBER, 1, LAST_ATC, _FUNDED, 0, NOW + GOOD_FOR)
        await issuing.add_keys(tx, [(one.book, one.id, key) for one in tokens], 0)
        wallets = await house.ledger.open_accounts(tx, [NewAccount(row.book, Kind.WALLET, row.id, Asset.CNY, within) for row in rows])
        holdings = await house.ledger.open_accounts(tx, [NewAccount(row.book, Kind.HOLDING, row.id, _UNITS, within) for row in invested])
        funded = [
            _funding(row, wallet, Asset.CNY, Kind.CUSTOMER_RESERVE, 1 if number % EIGHTHS == INVESTED else _FUNDED)
            for row, number, wallet in zip(rows, numbers, wallets, strict=True)
            if number % EIGHTHS != PENNILESS
        ]
        funded += [_funding(row, holding, _UNITS, Kind.REGISTRAR_MIRROR, _FUNDED) for row, holding in zip(invested, holdings, strict=True)]
        await must_post(house, tx, await moment(tx), funded)


async def one_fen_taps(house: House, people: int, most: int) -> list[Tap]:
    """The money side of taps of one fen, by people whose wallet pays."""
    paying = [number for number in range(people) if number % EIGHTHS not in (INVESTED, PENNILESS)][:most]
    rows = [_person(house, number) for number in paying]
    merchant, within = named(NOW, 0, MERCHANT), Limit.DEBITS_WITHIN_CREDITS
    wanted = [NewAccount(row.book, Kind.WALLET, row.id, Asset.CNY, within) for row in rows]
    wanted += [NewAccount(row.book, Kind.MERCHANT, merchant, Asset.CNY, within) for row in rows]
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, house.all_books)
        accounts = await house.ledger.open_accounts(tx, wanted)
    return [
        Tap(row.book, derived(row.id, "part"), wallet, shop, 1)
        for row, wallet, shop in zip(rows, accounts[: len(rows)], accounts[len(rows) :], strict=True)
    ]


def _person(house: House, number: int) -> PersonRow:
    book = 1 + number % house.books
    identifier = named(NOW, book, f"person {number}")
    return PersonRow(book, identifier, identifier.bytes, house.keys.seal("person", b"{}", identifier.bytes), "*", 3, NOW)


def _token(house: House, row: PersonRow, pan: Pan) -> Token:
    identifier = derived(row.id, "card token")
    return Token(
        book=row.book,
        id=identifier,
        person=row.id,
        token_lookup=cards.token_lookup(house, pan),
        sealed=house.keys.seal("pan", pan.reveal().encode(), b"card_token" + identifier.bytes),
        masked_token=str(pan),
        psn=PSN,
        expiry=f"{EXPIRES:%y%m}",
        master_key=cards.MASTER_KEYS[KEY_INDEX],
        last_atc=0,
        state="active",
        device_key=b"\x04" + identifier.bytes * 4,
    )


def _funding(row: PersonRow, account: int, asset: Asset, source: Kind, amount: int) -> JournalEntry:
    line = Line(Op.POST, house_account(row.book, source, asset), account, asset, amount)
    key: UUID = derived(row.id, f"funded {int(asset)}")
    return JournalEntry(row.book, key, _ENTRY_KIND, DAY, 0, None, (line,))
