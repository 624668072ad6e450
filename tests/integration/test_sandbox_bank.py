"""The sandbox's bank as a process: messages in, answers pushed, statements of its own books, kills, faults."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from patience import first_line

from tapwealth.bank.reconcile import BreakKind, Movement, OpenInstruction, OurDay, reconcile
from tapwealth.bank.statement import read_statement as keep_statement
from tapwealth.kernel.clock import business_date_of, shanghai
from tapwealth.wire.iso20022.credit_transfer import CreditTransfer, CreditTransferInitiation, write_credit_transfer
from tapwealth.wire.iso20022.direct_debit import DirectDebit, DirectDebitInitiation, write_direct_debit
from tapwealth.wire.iso20022.message_type import MessageType, sniff
from tapwealth.wire.iso20022.notification import Notification, read_notifications
from tapwealth.wire.iso20022.party import Party
from tapwealth.wire.iso20022.statement import Statement, read_statement, write_statement
from tapwealth.wire.iso20022.status_report import PaymentStatus, StatusReason, StatusReport, read_status_report

BANK, TOKEN = "313100000013", "token-of-the-test"
DAY = date(2014, 2, 24)
NEXT = DAY + timedelta(days=1)
RESERVE, COLLECTION, CARD, BILLER = "0100000001", "0100000002", "6210955881234567", "0200000003"
READERS = {MessageType.PAIN_002: read_status_report, MessageType.CAMT_054: lambda body: read_notifications(body)[0]}


class Platform:
    """Stands where the platform would: keeps what the bank pushes. While `down`, it answers 503."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        self.down = False
        platform = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) < length:  # the bank was killed while it sent: no request, and nobody to answer
                    self.close_connection = True
                    return
                taken = not platform.down and self.headers["Authorization"] == f"Bearer {TOKEN}"
                if taken:
                    platform.raw.append(body)
                self.send_response(200 if taken else 503)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def got(self, count: int, patience: float = 60) -> list[StatusReport | Notification]:
        """The messages pushed so far, once there are so many."""
        until = time.monotonic() + patience
        while len(self.raw) < count and time.monotonic() < until:
            time.sleep(0.01)
        assert len(self.raw) == count, [body.decode() for body in self.raw]
        return [READERS[sniff(body)](body) for body in self.raw]

    def got_distinct(self, count: int, patience: float = 60) -> None:
        """So many different messages: one that was on its way when the bank was killed comes again, as it was."""
        until = time.monotonic() + patience
        while len(set(self.raw)) < count and time.monotonic() < until:
            time.sleep(0.01)
        assert len(set(self.raw)) == count, [body.decode() for body in self.raw]

    def stays_at(self, count: int) -> None:
        time.sleep(0.8)
        assert len(self.raw) == count


class Bank:
    """The process, and how to talk to it."""

    def __init__(self, store: Path, platform: Platform) -> None:
        self.store, self.platform = store, platform
        self.start()

    def start(self) -> None:
        arguments = ["--store", str(self.store), "--port", "0", "--platform", self.platform.url, "--token", TOKEN]
        self.process = subprocess.Popen([sys.executable, "-m", "tapwealth.sandbox", "bank", *arguments], stdout=subprocess.PIPE, text=True)
        url = first_line(self.process.stdout, "the sandbox's bank").split()[-1]
        self.http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60, trust_env=False)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.close()

    def close(self) -> None:
        self.http.close()
        self.process.terminate()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def clock(self, now: datetime) -> None:
        assert self.http.post("/admin/clock", json={"now": now.isoformat()}).status_code == 200

    def faults(self, *faults: tuple[str, int, str]) -> None:
        plan = [{"message": message, "nth": nth, "fault": fault} for message, nth, fault in faults]
        assert self.http.post("/admin/faults", json={"faults": plan, "serial": os.urandom(4).hex()}).status_code == 200

    def send(self, *messages: bytes) -> None:
        for message in messages:
            answer = self.http.post("/messages", content=message)
            assert (answer.status_code, answer.content) == (202, b""), answer.text

    def balance(self, number: str) -> tuple[int, int]:
        answer = self.http.get(f"/admin/accounts/{number}").json()
        return answer["balance"], answer["bookings"]

    def statement(self, account: str, day: date) -> Statement:
        answer = self.http.get(f"/statements/{account}/{day}")
        assert answer.status_code == 200, answer.text
        return read_statement(answer.content)

    def transfer(self, end_to_end_id: str, amount: int, debtor: str = CARD, creditor: str = RESERVE) -> httpx.Response:
        body = {"from": debtor, "to": creditor, "amount": amount, "end_to_end_id": end_to_end_id, "text": "hm"}
        return self.http.post("/admin/transfer", json=body)


@contextmanager
def running(tmp_path: Path) -> Iterator[Bank]:
    platform = Platform()
    bank = Bank(tmp_path / "bank.db", platform)
    try:
        bank.clock(shanghai(DAY, 9))
        accounts = [
            {"number": RESERVE, "name": "reserve", "balance": 1_000_000},
            {"number": COLLECTION, "name": "collection"},
            {"number": CARD, "name": "张伟", "balance": 500_000},
            {"number": BILLER, "name": "biller"},
        ]
        assert bank.http.post("/admin/accounts", json=accounts).status_code == 200
        yield bank
    finally:
        bank.close()
        platform.server.shutdown()
        platform.server.server_close()


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    with running(tmp_path) as bank:
        yield bank


def pay(end_to_end_id: str, amount: int, creditor: str = BILLER, on: date = DAY, debtor: str = RESERVE, bank: str = BANK) -> bytes:
    transfer = CreditTransfer(end_to_end_id, amount, Party(debtor, bank), Party(creditor, BANK), on)
    return write_credit_transfer(CreditTransferInitiation(f"M-{end_to_end_id}", shanghai(DAY, 9), "Tapwealth", (transfer,)))


def collect(end_to_end_id: str, amount: int, debtor: str = CARD, on: date = DAY, mandated: date = DAY) -> bytes:
    debit = DirectDebit(end_to_end_id, amount, Party(RESERVE, BANK), Party(debtor, BANK), on, "MND-1", mandated)
    return write_direct_debit(DirectDebitInitiation(f"M-{end_to_end_id}", shanghai(DAY, 9), "Tapwealth", (debit,)))


def amounts(statement: Statement) -> dict[str, int]:
    return {entry.end_to_end_id: entry.amount for entry in statement.entries}


def adds_up(statement: Statement) -> bool:
    return statement.head.opening + sum(entry.amount for entry in statement.entries) == statement.head.closing


def test_a_day_at_the_bank(bank):
    bank.send(pay("OUT-1", 30_000), collect("IN-1", 200_000), pay("SWEEP-1", 5_000, COLLECTION))
    assert bank.transfer("GIFT-1", 1_234).json() == {"state": "booked"}
    reports = {}
    for message in bank.platform.got(4):
        if isinstance(message, Notification):
            (entry,) = message.entries
            assert (message.account, entry.end_to_end_id, entry.amount, entry.booked_on) == (RESERVE, "GIFT-1", 1_234, DAY)
            assert (entry.counterparty_account, entry.counterparty_name, entry.text) == (CARD, "张伟", "hm")
            told = entry.reference
        else:
            (outcome,) = message.outcomes
            reports[outcome.end_to_end_id] = (message.original_type, outcome.status, outcome.settled_at)
    settled = PaymentStatus.SETTLED
    assert reports == {
        "OUT-1": (MessageType.PAIN_001, settled, shanghai(DAY, 9)),
        "IN-1": (MessageType.PAIN_008, settled, shanghai(DAY, 9)),
        "SWEEP-1": (MessageType.PAIN_001, settled, shanghai(DAY, 9)),
    }
    early = bank.http.get(f"/statements/{RESERVE}/{DAY}")
    assert (early.status_code, early.text) == (404, "2014-02-24 has not ended at the bank; ask again when it has\n")
    bank.clock(shanghai(DAY, 24))
    statement = bank.statement(RESERVE, DAY)
    assert amounts(statement) == {"OUT-1": -30_000, "IN-1": 200_000, "SWEEP-1": -5_000, "GIFT-1": 1_234}
    assert (statement.head.opening, statement.head.closing) == (1_000_000, 1_166_234)
    assert [entry.reference for entry in statement.entries if entry.end_to_end_id == "GIFT-1"] == [told]
    assert amounts(bank.statement(COLLECTION, DAY)) == {"SWEEP-1": 5_000}
    assert bank.balance(CARD) == (500_000 - 200_000 - 1_234, 2)
    bank.clock(shanghai(NEXT, 24))
    quiet = bank.statement(RESERVE, NEXT)
    assert (quiet.head.opening, quiet.entries, quiet.head.closing) == (1_166_234, (), 1_166_234)


def test_a_message_sent_again_is_answered_again_and_booked_once(bank):
    message = pay("OUT-1", 30_000)
    bank.send(message, message)
    first, second = bank.platform.got(2)
    assert first.outcomes == second.outcomes
    assert first.message_id != second.message_id
    assert bank.balance(BILLER) == (30_000, 1)
    bank.send(pay("OUT-1", 30_001))
    third = bank.platform.got(3)[2]
    assert (third.outcomes[0].status, third.outcomes[0].reason) == (PaymentStatus.REJECTED, StatusReason.DUPLICATE)
    assert bank.balance(BILLER) == (30_000, 1)
    assert bank.transfer("GIFT-1", 5).status_code == bank.transfer("GIFT-1", 5).status_code == 200
    assert bank.transfer("GIFT-1", 6).status_code == 409
    bank.platform.got(4)
    assert bank.balance(RESERVE)[0] == 1_000_000 - 30_000 + 5


REJECTED = [
    (pay("X1", 1_000_001), StatusReason.INSUFFICIENT_FUNDS),
    (pay("X2", 1, creditor="0299999999"), StatusReason.INCORRECT_ACCOUNT),
    (pay("X3", 1, debtor="0199999999"), StatusReason.INCORRECT_ACCOUNT),
    (pay("X4", 1, debtor=CARD), StatusReason.FORBIDDEN),
    (pay("X5", 1, creditor=RESERVE), StatusReason.FORBIDDEN),
    (pay("X6", 1, bank="102100099996"), StatusReason.WRONG_BANK),
    (collect("X7", 500_001), StatusReason.INSUFFICIENT_FUNDS),
    (collect("X8", 1, debtor=COLLECTION), StatusReason.FORBIDDEN),
    (collect("X9", 1, mandated=NEXT), StatusReason.NO_MANDATE),
]


def test_what_cannot_be_booked_is_rejected_with_its_reason(bank):
    bank.send(*(message for message, _ in REJECTED))
    outcomes = [report.outcomes[0] for report in bank.platform.got(len(REJECTED))]
    assert [(one.status, one.reason) for one in outcomes] == [(PaymentStatus.REJECTED, reason) for _, reason in REJECTED]
    assert bank.balance(RESERVE) == (1_000_000, 0)


def test_a_payment_waits_for_its_day(bank):
    bank.send(pay("LATER-1", 700, on=NEXT), pay("PAST-1", 300, on=DAY - timedelta(days=3)))
    bank.send(pay("LATER-1", 700, on=NEXT))
    bank.clock(shanghai(NEXT, 10))
    outcomes = [report.outcomes[0] for report in bank.platform.got(4)]
    pending, settled = PaymentStatus.PENDING, PaymentStatus.SETTLED
    assert [(one.end_to_end_id, one.status, one.settled_at) for one in outcomes] == [
        ("LATER-1", pending, None),
        ("PAST-1", settled, shanghai(DAY, 9)),
        ("LATER-1", pending, None),
        ("LATER-1", settled, shanghai(NEXT)),
    ]
    bank.clock(shanghai(NEXT, 24))
    assert amounts(bank.statement(RESERVE, DAY)) == {"PAST-1": -300}
    assert amounts(bank.statement(RESERVE, NEXT)) == {"LATER-1": -700}


def test_what_cannot_be_read_is_refused_in_one_line(bank):
    for body in (b"", b"<a/>", b"<!DOCTYPE a><a/>", pay("OUT-1", 1)[:-20], pay("OUT-1", 100).replace(b"1.00", b"1.001")):
        answer = bank.http.post("/messages", content=body)
        assert answer.status_code == 400
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.text.count("\n") == 1
    bank.clock(shanghai(DAY, 24))
    own = bank.http.get(f"/statements/{RESERVE}/{DAY}").content
    assert bank.http.post("/messages", content=own).status_code == 400
    assert bank.http.get(f"/statements/{RESERVE}/2014-02-30").status_code == 400
    assert bank.http.get(f"/statements/0199999999/{DAY}").status_code == 404
    assert bank.http.get(f"/statements/{RESERVE}/2014-02-23").status_code == 404
    assert bank.http.get("/admin/accounts/0199999999").status_code == 404
    assert bank.transfer("X" * 36, 5).status_code == 400
    assert bank.transfer("X", 0).status_code == 400
    assert bank.http.post("/messages", content=pay("OUT-1", 1), headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert bank.balance(RESERVE) == (1_000_000, 0)


def test_a_refused_transfer_may_be_tried_again(bank):
    assert bank.transfer("GIFT-1", 500_001).status_code == 409
    assert bank.transfer("GIFT-1", 1, debtor=RESERVE, creditor=COLLECTION).status_code == 409
    assert bank.transfer("GIFT-1", 500_000).status_code == 200
    assert bank.balance(CARD)[0] == 0


def test_what_the_bank_charges_is_taken_once_and_told_as_a_debit(bank):
    body = {"from": RESERVE, "to": BILLER, "amount": 125, "end_to_end_id": "INT-1", "text": "interest"}
    for _ in range(2):
        assert bank.http.post("/admin/charge", json=body).json() == {"state": "booked"}
    (told,) = bank.platform.got(1)
    (entry,) = told.entries
    assert (told.account, entry.end_to_end_id, entry.amount, entry.booked_on) == (RESERVE, "INT-1", -125, DAY)
    assert bank.balance(RESERVE) == (1_000_000 - 125, 1)
    assert bank.http.post("/admin/charge", json=body | {"from": CARD, "end_to_end_id": "INT-2"}).status_code == 409, "not from a customer"


def test_accounts_are_opened_once(bank):
    again = [{"number": RESERVE, "name": "another", "balance": 7}]
    assert bank.http.post("/admin/accounts", json=again).status_code == 200
    assert bank.balance(RESERVE) == (1_000_000, 0)
    for wrong in ([{"number": "x", "name": "y"}], [{"number": "0200000009", "name": "y", "balance": -1}], {"number": "0200000009"}):
        assert bank.http.post("/admin/accounts", json=wrong).status_code == 400


def test_a_platform_that_is_down_hears_of_it_later(bank):
    bank.platform.down = True
    bank.send(pay("OUT-1", 30_000))
    bank.platform.stays_at(0)
    bank.platform.down = False
    bank.platform.got(1)


def test_kills_lose_nothing_acknowledged_and_do_nothing_twice(bank):
    """Killed after each message and in the middle of a stream of them; what was not acknowledged is sent again."""
    bank.send(pay("OUT-0", 1_000))
    bank.kill()
    bank.start()
    assert bank.balance(BILLER) == (1_000, 1)
    bank.platform.got_distinct(1)
    acknowledged: list[str] = []

    def stream() -> None:
        for number in range(1, 200):
            try:
                bank.send(pay(f"OUT-{number}", 10))
            except httpx.HTTPError:
                return
            acknowledged.append(f"OUT-{number}")

    sender = threading.Thread(target=stream)
    sender.start()
    while len(acknowledged) < 5:
        time.sleep(0.001)
    bank.process.send_signal(signal.SIGKILL)
    sender.join()
    bank.close()
    bank.start()
    kept = {row[3] for row in bank.http.get("/admin/store").json()["bookings"]}
    assert set(acknowledged) <= kept
    assert len(kept) <= 2 + len(acknowledged)
    for number in range(len(acknowledged) + 3):
        bank.send(pay(f"OUT-{number}", 1_000 if number == 0 else 10))
    count = len(acknowledged) + 3
    assert bank.balance(BILLER) == (1_000 + 10 * (count - 1), count)
    until = time.monotonic() + 60
    while bank.http.get("/admin/outbox").json() and time.monotonic() < until:
        time.sleep(0.05)
    heard = {read_status_report(body).outcomes[0].end_to_end_id for body in bank.platform.raw}
    assert heard == {f"OUT-{number}" for number in range(count)}


def test_a_kill_while_payments_fall_due_changes_nothing(tmp_path):
    dumps = []
    for killed in (False, True):
        (tmp_path / str(killed)).mkdir()
        with running(tmp_path / str(killed)) as bank:
            for number in range(50):
                bank.send(pay(f"LATER-{number}", 10, on=NEXT))
            if killed:
                threading.Timer(0.005, bank.process.kill).start()
                with suppress(httpx.HTTPError):
                    bank.clock(shanghai(NEXT, 1))
                bank.kill()
                bank.start()
            bank.clock(shanghai(NEXT, 24))
            bank.platform.got_distinct(100)
            dumps.append(bank.http.get("/admin/store").json())
            dumps.append(bank.http.get(f"/statements/{RESERVE}/{NEXT}").content.decode())
    assert dumps[:2] == dumps[2:]


def test_a_lost_message_is_acknowledged_and_forgotten_until_it_is_sent_again(bank):
    bank.faults(("pain.001", 2, "lose"))
    bank.send(pay("OUT-1", 100), pay("OUT-2", 100), pay("OUT-3", 100))
    assert {report.outcomes[0].end_to_end_id for report in bank.platform.got(2)} == {"OUT-1", "OUT-3"}
    assert bank.balance(BILLER) == (200, 2)
    bank.send(pay("OUT-2", 100))
    bank.platform.got(3)
    assert bank.balance(BILLER) == (300, 3)


def test_a_payment_is_altered_under_its_name_whenever_it_comes(bank):
    """Named ones are counted apart from the others; a name comes before a number, and holds when the payment falls due later."""
    bank.faults(("pain.001 FEE-", 2, "one_fen"), ("pain.001 MER-1", 1, "lose"), ("pain.001", 2, "wrong_day"), ("pain.001", 6, "lose"))
    bank.send(pay("MER-2", 10), pay("FEE-1", 20), pay("MER-1", 30), pay("FEE-2", 40, on=NEXT), pay("FEE-3", 50), pay("MER-3", 60))
    assert bank.balance(BILLER) == (10 + 20 + 50, 3)
    bank.clock(shanghai(NEXT, 24))
    assert amounts(bank.statement(BILLER, NEXT)) == {"FEE-1": 20, "FEE-2": 41}
    bank.send(pay("MER-1", 30))
    assert bank.balance(BILLER)[0] == 10 + 20 + 30 + 41 + 50


def test_bookings_by_fault(bank):
    bank.faults(("pain.001", 1, "one_fen"), ("pain.001", 2, "wrong_day"), ("pain.008", 1, "double"))
    bank.send(pay("OUT-1", 100), pay("OUT-2", 200), collect("IN-1", 50))
    for report in bank.platform.got(3):
        assert report.outcomes[0].settled_at == shanghai(DAY, 9)
    bank.clock(shanghai(NEXT, 24))
    today, tomorrow = bank.statement(RESERVE, DAY), bank.statement(RESERVE, NEXT)
    assert sorted((entry.end_to_end_id, entry.amount) for entry in today.entries) == [("IN-1", 50), ("IN-1", 50), ("OUT-1", -101)]
    assert amounts(tomorrow) == {"OUT-2": -200}
    assert adds_up(today)
    assert adds_up(tomorrow)
    assert tomorrow.head.opening == today.head.closing


def test_pushes_by_fault(bank):
    bank.faults(
        ("pain.002", 1, "double"), ("pain.002", 2, "lose"), ("pain.001", 3, "delay"), ("camt.054", 1, "one_fen"), ("camt.054", 2, "delay")
    )
    bank.send(pay("OUT-1", 100))
    bank.platform.got(2)
    bank.send(pay("OUT-2", 100), pay("OUT-3", 100))
    bank.transfer("GIFT-1", 5)
    assert bank.platform.got(3)[2].entries[0].amount == 6
    bank.transfer("GIFT-2", 5)
    bank.clock(shanghai(NEXT, 8))
    bank.platform.stays_at(3)
    assert bank.balance(RESERVE) == (1_000_000 - 300 + 10, 5)
    bank.clock(shanghai(NEXT, 9))
    late = bank.platform.got(5)[3:]
    assert late[0].outcomes[0].settled_at == shanghai(DAY, 9)
    assert late[1].entries[0].booked_on == DAY


def test_statements_by_fault(bank):
    bank.send(pay("OUT-1", 100), pay("OUT-2", 200))
    bank.faults(("camt.053", 1, "short_file"), ("camt.053", 2, "one_fen"), ("camt.053", 3, "lose"))
    bank.clock(shanghai(NEXT, 24))
    short = bank.statement(RESERVE, DAY)
    assert amounts(short) == {"OUT-2": -200}
    assert not adds_up(short)
    assert amounts(bank.statement(BILLER, DAY)) == {"OUT-1": 101, "OUT-2": 200}
    assert bank.http.get(f"/statements/{COLLECTION}/{DAY}").status_code == 404
    assert adds_up(bank.statement(RESERVE, NEXT))
    assert amounts(bank.statement(RESERVE, DAY)) == {"OUT-2": -200}


def test_http_by_fault(bank):
    bank.faults(("pain.001", 1, "error"), ("pain.001", 2, "silent"), ("pain.001", 3, "silent_unprocessed"))
    assert bank.http.post("/messages", content=pay("OUT-1", 1)).status_code == 500
    for name in ("OUT-2", "OUT-3"):
        with pytest.raises(httpx.TimeoutException):
            bank.http.post("/messages", content=pay(name, 1), timeout=0.5)
    assert bank.balance(BILLER) == (1, 1)
    bank.send(pay("OUT-1", 1), pay("OUT-2", 1), pay("OUT-3", 1))
    assert bank.balance(BILLER) == (3, 3)


def test_a_fen_changed_by_hand_shows_in_the_statement(bank):
    bank.send(pay("OUT-1", 100))
    bank.clock(shanghai(DAY, 24))
    assert adds_up(bank.statement(RESERVE, DAY))
    with sqlite3.connect(bank.store) as store:
        for damage, repair in (
            (
                "UPDATE booking SET amount = amount + 1 WHERE account = '0100000001'",
                "UPDATE booking SET amount = -100 WHERE account = '0100000001'",
            ),
            (
                "UPDATE account SET balance = balance + 1 WHERE number = '0100000001'",
                "UPDATE account SET balance = 999900 WHERE number = '0100000001'",
            ),
            ("UPDATE account SET opening = opening + 1 WHERE number = '0100000001'", "DELETE FROM booking WHERE account = '0100000001'"),
        ):
            assert store.execute(damage).rowcount == 1
            store.commit()
            assert not adds_up(bank.statement(RESERVE, DAY))
            assert store.execute(repair).rowcount == 1
            store.commit()
    store.close()
    assert not adds_up(bank.statement(RESERVE, DAY))


def test_without_a_clock_the_bank_takes_nothing(tmp_path):
    platform = Platform()
    bank = Bank(tmp_path / "bank.db", platform)
    try:
        answer = bank.http.post("/messages", content=pay("OUT-1", 1))
        assert (answer.status_code, answer.text) == (503, "the bank's clock is not set; POST /admin/clock first\n")
    finally:
        bank.close()
        platform.server.shutdown()
        platform.server.server_close()


def test_statements_are_the_same_whatever_the_order_of_arrival(tmp_path):
    seen = set()
    messages = [pay("OUT-1", 100), collect("IN-1", 50), pay("OUT-2", 7)]
    for order in (messages, messages[::-1]):
        with running(tmp_path / str(len(seen))) as bank:
            bank.send(*order)
            bank.clock(shanghai(DAY, 24))
            statement = bank.statement(RESERVE, DAY)
            assert write_statement(replace(statement)) == bank.http.get(f"/statements/{RESERVE}/{DAY}").content
            seen.add(json.dumps(bank.http.get("/admin/store").json()) + repr(statement))
    assert len(seen) == 1


SEEN = {
    ("pain.001", "lose"): {BreakKind.NOT_EXECUTED},
    ("pain.001", "double"): {BreakKind.DOUBLED},
    ("pain.001", "delay"): {BreakKind.ANSWER_MISSING},
    ("pain.001", "one_fen"): {BreakKind.AMOUNT_DIFFERS},
    ("pain.001", "wrong_day"): {BreakKind.WE_HAVE_MORE},
    ("pain.008", "lose"): {BreakKind.NOT_EXECUTED},
    ("pain.008", "double"): {BreakKind.DOUBLED},
    ("pain.008", "one_fen"): {BreakKind.AMOUNT_DIFFERS},
    ("transfer", "double"): {BreakKind.DOUBLED},
    ("transfer", "delay"): {BreakKind.BANK_HAS_MORE},
    ("transfer", "one_fen"): {BreakKind.AMOUNT_DIFFERS},
    ("transfer", "wrong_day"): {BreakKind.WE_HAVE_MORE},
    ("pain.002", "lose"): {BreakKind.ANSWER_MISSING},
    ("pain.002", "double"): set(),
    ("camt.054", "lose"): {BreakKind.BANK_HAS_MORE},
    ("camt.054", "double"): set(),
    ("camt.054", "one_fen"): {BreakKind.AMOUNT_DIFFERS},
    ("camt.054", "wrong_day"): {BreakKind.BANK_HAS_MORE},
    ("camt.053", "short_file"): {BreakKind.CLOSING_BALANCE_DIFFERS, BreakKind.WE_HAVE_MORE},
    ("camt.053", "double"): {BreakKind.CLOSING_BALANCE_DIFFERS, BreakKind.DOUBLED},
    ("camt.053", "one_fen"): {BreakKind.CLOSING_BALANCE_DIFFERS, BreakKind.AMOUNT_DIFFERS},
    ("camt.053", "wrong_day"): {BreakKind.WRONG_DAY},
}


class Mirror:
    """The least that keeps books beside the bank: what it ordered, and what it was told, by the bank's dates."""

    def __init__(self) -> None:
        self.ordered: dict[str, OpenInstruction] = {}
        self.moved: dict[str, tuple[date, int]] = {}

    def hear(self, message: StatusReport | Notification) -> None:
        if isinstance(message, Notification):
            self.moved |= {entry.end_to_end_id: (entry.booked_on, entry.amount) for entry in message.entries}
            return
        for outcome in message.outcomes:
            assert outcome.settled_at is not None, outcome
            self.moved[outcome.end_to_end_id] = (business_date_of(outcome.settled_at), self.ordered[outcome.end_to_end_id].amount)

    def day(self, day: date, opening: int) -> OurDay:
        movements = [Movement(name, amount) for name, (booked_on, amount) in sorted(self.moved.items()) if booked_on == day]
        waiting = [one for name, one in self.ordered.items() if name not in self.moved]
        return OurDay(RESERVE, day, opening, opening + sum(one.amount for one in movements), movements, waiting)


@pytest.mark.parametrize("message", ["pain.001", "pain.008", "transfer", "pain.002", "camt.054", "camt.053"])
def test_what_a_fault_looks_like_in_the_reconciliation(bank, message):
    """A day for each fault, the mirror beginning at the bank's own balance: exactly the breaks that the fault should leave."""
    bank.faults()
    for number, (_, fault) in enumerate(pair for pair in SEEN if pair[0] == message):
        day, mirror, platform = DAY + timedelta(days=3 * number), Mirror(), bank.platform
        bank.clock(shanghai(day, 9))
        platform.raw.clear()
        opening = bank.balance(RESERVE)[0]
        bank.faults((message, 1, fault))
        names = [f"OUT-{number}", f"IN-{number}", f"GIFT-{number}"]
        mirror.ordered = {names[0]: OpenInstruction(names[0], -100, day), names[1]: OpenInstruction(names[1], 50, day)}
        bank.send(pay(names[0], 100, on=day), collect(names[1], 50, on=day))
        bank.transfer(names[2], 7)
        late = fault == "delay" or (fault == "lose" and message != "camt.053")
        for pushed in platform.got(3 - late + (fault == "double" and message in ("pain.002", "camt.054"))):
            mirror.hear(pushed)
        bank.clock(shanghai(day, 24))
        statement = bank.http.get(f"/statements/{RESERVE}/{day}").content
        found = reconcile(mirror.day(day, opening), keep_statement(BytesIO(statement)))
        assert {one.kind for one in found.breaks} == SEEN[message, fault], (message, fault, found.breaks)
        bank.clock(shanghai(day, 48))
        platform.got(3 - (late and fault == "lose") + (fault == "double" and message in ("pain.002", "camt.054")))
