"""The sandbox's bank without its process: its books, mandates and answers, worked by hand. What it answers 2xx to is in its store."""

import argparse
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from tapwealth.bank.mandate import BankSaid, MandateOrder, MandateState
from tapwealth.kernel.clock import business_date_of, iso
from tapwealth.sandbox.bank import books, deposit_calls, deposit_register, mandates, payments, server, statements
from tapwealth.sandbox.bank.deposit_register import ANSWER, REGISTER
from tapwealth.sandbox.bank.deposit_terms import TermsBody, set_terms
from tapwealth.sandbox.bank.mandates import Mandate
from tapwealth.sandbox.bank.payments import Order
from tapwealth.sandbox.faults import FAULT_SCHEMA
from tapwealth.sandbox.outbox import OUTBOX_SCHEMA, PLATFORM, owed
from tapwealth.sandbox.process import CLOCK_SCHEMA, Partner
from tapwealth.sandbox.store import Store
from tapwealth.wire.iso20022.credit_transfer import read_credit_transfer
from tapwealth.wire.iso20022.direct_debit import read_direct_debit
from tapwealth.wire.iso20022.message_type import MessageType, sniff
from tapwealth.wire.sealed_csv import SealedCsv


class BankNextDoor:
    """`BankPort`, `DepositoryPort` and `MandatePort` (without reservations) on the sandbox's own books."""

    def __init__(self, root: Path) -> None:
        store = Store(root / "bank.sqlite", CLOCK_SCHEMA + FAULT_SCHEMA + OUTBOX_SCHEMA + server.SCHEMA)
        self.partner = Partner("bank", store, argparse.Namespace())

    @property
    def store(self) -> Store:
        return self.partner.store

    async def clock(self, now: datetime) -> None:
        """Its clock moves; what waited for a day that has come is executed."""
        before = self.partner.now()
        if now > before:
            await server.fall_due(self.partner, before, now)
            with self.store.tx() as tx:
                tx.execute("INSERT INTO partner_clock VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET now = excluded.now", (iso(now),))

    def open_accounts(self, accounts: Sequence[tuple[str, str, int]]) -> None:
        """Number, holder's name, balance; one that is open stays as it is."""
        with self.store.tx() as tx:
            for number, name, balance in accounts:
                books.open_account(tx, number, name, balance, business_date_of(self.partner.now()))

    def transfer(self, end_to_end_id: str, debtor: str, creditor: str, amount: int, text: str) -> None:
        """Somebody of the bank's pays; again it is the same payment."""
        answer = server.transferred(self.partner, Order(end_to_end_id, payments.TRANSFER, debtor, creditor, amount, "", text), None)
        assert answer.status_code == 200, bytes(answer.body)

    def set_terms(self, *terms: TermsBody) -> None:
        """What it has set for its deposits."""
        with self.store.tx() as tx:
            set_terms(tx, terms)
            deposit_calls.open_fund(tx, business_date_of(self.partner.now()))

    def money(self, number: str) -> int:
        with self.store.tx() as tx:
            known = books.account(tx, number)
        assert known is not None, number
        balance: int = known["balance"]
        return balance

    async def tell(self, take: Callable[[bytes], Awaitable[None]]) -> int:
        """Push what it owes to the platform; a message counts as sent when it was taken. How many there were."""
        with self.store.tx() as tx:
            due = owed(tx, PLATFORM, self.partner.now())
        for row in due:
            await take(row["body"])
            with self.store.tx() as tx:
                tx.execute("UPDATE outbox SET copies = copies - 1 WHERE seq = ?", (row["seq"],))
        return len(due)

    # ---- the ports

    async def send(self, message: bytes) -> None:
        kind = sniff(message)
        if kind is MessageType.PAIN_001:
            transfers = read_credit_transfer(message)
            named, orders = transfers.message_id, [payments.from_credit_transfer(one) for one in transfers.transfers]
        else:
            debits = read_direct_debit(message)
            named, orders = debits.message_id, [payments.from_direct_debit(one) for one in debits.debits]
        server.take_payments(self.partner, (named, kind.value), orders, None)

    async def statement(self, account: str, day: date) -> bytes | None:
        with self.store.tx() as tx:
            known = books.account(tx, account)
            there = known is not None and known["opened_on"] <= day.isoformat() < business_date_of(self.partner.now()).isoformat()
            return statements.render(tx, account, day, None) if there else None

    async def list_deposits(self, day: date, file: BinaryIO) -> str:
        deposit_register.check_list(file)
        with self.store.tx() as tx:
            wrong = deposit_register.take(tx, day, file, self.partner.now())
            await deposit_calls.pay_due(self.partner, self.partner.now(), self.partner.now())
        return wrong or ""

    async def deposit_answer(self, day: date, into: BinaryIO) -> bool:
        return self._written(ANSWER, deposit_register.answers_of, day, into)

    async def deposit_register(self, day: date, into: BinaryIO) -> bool:
        return self._written(REGISTER, deposit_register.register_of, day, into)

    def _written(
        self, kind: SealedCsv, records: Callable[[sqlite3.Connection, date], Iterator[list[str]]], day: date, into: BinaryIO
    ) -> bool:
        with self.store.tx() as tx:
            there = deposit_register.came(tx, day)
            if there:
                kind.write_into(into, records(tx, day))
        return there

    async def confirm(self, order: MandateOrder) -> BankSaid:
        asked = Mandate(order.name, order.account.reveal(), order.holder.reveal(), order.per_tap, order.per_day, order.given_on)
        with self.store.tx() as tx:
            said = mandates.confirm(tx, asked)
        return BankSaid(MandateState(said.state), said.reason)

    async def revoke(self, name: str) -> None:
        with self.store.tx() as tx:
            mandates.revoke(tx, name)

    async def balance(self, name: str) -> int:
        with self.store.tx() as tx:
            return mandates.balance(tx, name, self.partner.now())[1]


def transfer_of(body: bytes) -> tuple[str, str, str, int, str]:
    """A transfer that another partner asks the bank for, as `BankNextDoor.transfer` takes it."""
    said = msgspec.json.decode(body)
    return said["end_to_end_id"], said["from"], said["to"], said["amount"], said["text"]
