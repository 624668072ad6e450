"""The sandbox's registrar as a process for tests: its folder, its admin calls, a bank that keeps what it is asked for, files to leave."""

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from datetime import time as clock_time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from sandbox_partner import SandboxPartner

from tapwealth.funds.exchange_in import Shape
from tapwealth.funds.exchange_out import OutgoingFile, Route, account_file, index_of, order_file
from tapwealth.funds.exchange_values import AccountApplication, BusinessCode, OrderRecord
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.masked import IdentityNumber, PersonName
from tapwealth.wire.ofd import parse_index_name, read_index

MONDAY = date(2014, 2, 24)
ADVANCER, ADVANCE = "00000000000000001", "0100000005"


def after(days: int) -> date:
    return MONDAY + timedelta(days=days)


class Bank:
    """Stands where the bank would: keeps the transfers it was asked for. While `down`, it answers 503."""

    def __init__(self) -> None:
        self.transfers: list[dict[str, Any]] = []
        self.down = False
        bank = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if not bank.down:
                    bank.transfers.append(json.loads(body))
                self.send_response(503 if bank.down else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def got(self, count: int) -> list[dict[str, Any]]:
        """The transfers so far, once there are so many."""
        until = time.monotonic() + 60
        while len(self.transfers) < count and time.monotonic() < until:
            time.sleep(0.01)
        assert len(self.transfers) == count, self.transfers
        return self.transfers

    def got_at_least(self, count: int) -> list[dict[str, Any]]:
        """As `got`, where repetitions may come too."""
        until = time.monotonic() + 60
        while len({one["end_to_end_id"] for one in self.transfers}) < count and time.monotonic() < until:
            time.sleep(0.01)
        return self.transfers


class Registrar:
    """The process, its folder, and how to talk to it."""

    def __init__(self, root: Path, bank: Bank) -> None:
        self.root, self.bank = root, bank
        self.inbox, self.outbox = root / "exchange" / "to_registrar", root / "exchange" / "from_registrar"
        self.partner = SandboxPartner("registrar", root, "--exchange", str(root / "exchange"), "--bank", bank.url)

    @property
    def http(self) -> httpx.Client:
        return self.partner.http

    def start(self) -> None:
        self.partner.start()

    def kill(self) -> None:
        self.partner.kill()

    def clock(self, day: date, hour: int, minute: int = 0) -> None:
        self.partner.clock(shanghai(day, hour, minute).isoformat())

    def faults(self, *faults: tuple[str, int, str]) -> None:
        plan = [{"message": message, "nth": nth, "fault": fault} for message, nth, fault in faults]
        assert self.http.post("/admin/faults", json={"faults": plan, "serial": os.urandom(4).hex()}).status_code == 200

    def get(self, path: str) -> Any:
        return self.http.get(f"/admin/{path}").json()

    def units(self) -> dict[str, int]:
        return {holder["trading_account"]: holder["units"] for holder in self.get("register")["holders"]}

    def leave(self, distributor: str, day: date, *files: OutgoingFile) -> None:
        for file in (*files, index_of(Route(distributor), day, files)):
            put(self.inbox / file.name, file.content)

    def sent(self, file_type: str, day: date, distributor: str = "T01") -> bytes | None:
        """A file that the index of its date names."""
        index = f"OFI_H0_{distributor}_{day:%Y%m%d}.TXT"
        if not (self.outbox / index).exists():
            return None
        names = [str(file) for file in read_index((self.outbox / index).read_bytes(), parse_index_name(index)).files]
        name = f"OFD_H0_{distributor}_{day:%Y%m%d}_{file_type}.TXT"
        return (self.outbox / name).read_bytes() if name in names else None

    def values(self, shape: Shape[Any], day: date, distributor: str = "T01") -> list[Any]:
        content = self.sent(shape.file_type, day, distributor)
        assert content is not None, f"there is no {shape.file_type} of {day} for {distributor}"
        return shape.values(content, f"OFD_H0_{distributor}_{day:%Y%m%d}_{shape.file_type}.TXT")


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name("." + path.name)
    part.write_bytes(content)
    part.rename(path)


@contextmanager
def running(root: Path) -> Iterator[Registrar]:
    bank = Bank()
    registrar = Registrar(root, bank)
    try:
        yield registrar
    finally:
        with suppress(ProcessLookupError):
            registrar.partner.stop()
        bank.server.shutdown()
        bank.server.server_close()


def application(number: int, day: date, **more: Any) -> AccountApplication:
    fields = {
        "serial": f"A{number:04d}", "business_code": BusinessCode.OPEN_ACCOUNT, "trading_account": f"{number:017d}",
        "name": PersonName(f"王{number}"), "identity_number": IdentityNumber(f"11010519491231{number:04d}"), "applied_on": day,
        "applied_at": clock_time(10), "distributor": "T01",
    }  # fmt: skip
    return AccountApplication(**{**fields, **more})


def order(serial: str, code: BusinessCode, number: int, amount: int, day: date, **more: Any) -> OrderRecord:
    fields = {
        "serial": serial, "business_code": code, "trading_account": f"{number:017d}", "ta_account": "", "fund_code": "000198",
        "amount": amount if code is BusinessCode.PURCHASE else 0, "volume": 0 if code is BusinessCode.PURCHASE else amount,
        "ordered_on": day, "ordered_at": clock_time(14), "distributor": "T01",
    }  # fmt: skip
    return OrderRecord(**{**fields, **more})


def purchase(serial: str, number: int, amount: int, day: date, **more: Any) -> OrderRecord:
    return order(serial, BusinessCode.PURCHASE, number, amount, day, **more)


def fast_transfer(serial: str, number: int, units: int, day: date) -> OrderRecord:
    return order(serial, BusinessCode.FAST_TRANSFER, number, units, day, target_trading_account=ADVANCER, target_distributor="T01")


def first_day(registrar: Registrar, *orders: OrderRecord) -> None:
    """The advancer (1) and two customers (2, 3) open on Monday and order; the files leave after the cut."""
    accounts = [application(1, MONDAY, payout_account=ADVANCE), application(2, MONDAY), application(3, MONDAY)]
    registrar.clock(after(1), 0, 30)
    route = Route("T01")
    registrar.leave("T01", MONDAY, account_file(route, MONDAY, accounts), order_file(route, MONDAY, orders))
    registrar.clock(after(1), 9)
