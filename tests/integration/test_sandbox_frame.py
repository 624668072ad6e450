"""The frame of the partners as real processes: clock, faults, outbox, bounded and torn bodies, one-line ends."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random

import httpx
import pytest
from sandbox_partner import TOKEN, SandboxPartner, sandbox_partner

from tapwealth.sandbox.messages import MAX_BODY_BYTES

ISSUE = {"product": "ACC1", "insured": {"name": "王芳", "identity_number": "11010519491231002X"}, "premium": 76_000}
COVER = {"from": "2014-02-27", "to": "2015-02-27"}
WISH = {"reason": "wish", "asked_on": "2014-02-26", "received_on": "2014-02-26"}


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxPartner]:
    """A biller for requests that must change nothing."""
    with sandbox_partner("biller", tmp_path_factory.mktemp("untouched")) as partner:
        yield partner


@pytest.fixture
def biller(tmp_path: Path) -> Iterator[SandboxPartner]:
    with sandbox_partner("biller", tmp_path) as partner:
        yield partner


def test_health_tells_name_and_clock_without_a_token(untouched: SandboxPartner) -> None:
    biller = untouched
    assert httpx.get(f"{biller.url}/health").json() == {"name": "biller", "now": "1970-01-01T00:00:00.000000Z"}
    assert httpx.get(f"{biller.url}/bills/payments/x").status_code == 401
    assert httpx.get(f"{biller.url}/bills/payments/x", headers={"Authorization": "Bearer other"}).status_code == 401
    assert biller.get("/bills/payments/x").status_code == 200


def test_the_clock_only_goes_forward_and_survives(biller: SandboxPartner) -> None:
    biller.clock("2014-02-24T09:00:00+08:00")
    biller.clock("2014-02-24T08:00:00+08:00")
    biller.clock("2014-02-24T09:00:00+08:00")
    biller.restart()
    assert biller.get("/health").json()["now"] == "2014-02-24T01:00:00.000000Z"


@pytest.mark.parametrize(
    ("path", "body", "what"),
    [
        ("/admin/clock", b"", "truncated"),
        ("/admin/clock", b'{"now":"2014-02-24T09', "truncated"),
        ("/admin/clock", b'{"now":"2014-02-24T09:00:00"}', "no offset"),
        ("/admin/clock", b'{"now":"2014-02-30T09:00:00+08:00"}', "datetime"),
        ("/admin/clock", b'{"now":"2014-02-24T09:00:00+08:00","x":1}', "unknown field"),
        ("/admin/clock", b'{"now":"\xff"}', "now"),
        ("/admin/clock", b"[" * 100_000, "array"),
        ("/admin/faults", b'{"faults":[{"message":"pay","nth":-1,"fault":"lose"}]}', "nth is -1"),
        ("/admin/faults", b'{"faults":[{"message":"pay","nth":1,"fault":"sulk"}]}', "sulk"),
        ("/bills/pay", b'{"serial":"s","bill_id":"b","account_number":"1234567890","amount":100.50}', "float"),
        ("/bills/pay", b'{"serial":"s","bill_id":"b","account_number":"1234567890","amount":0}', ">= 1"),
        ("/bills/pay", b'{"serial":"s","bill_id":"b","account_number":"1234567890","amount":-5}', ">= 1"),
        ("/bills/pay", b'{"serial":"s","bill_id":"b","account_number":"1234567890","amount":1000000000000001}', "<= 1000000000000000"),
        ("/bills/pay", b'{"serial":"s","bill_id":"b","account_number":"123456789","amount":1}', "account_number"),
        ("/bills/pay", b'{"serial":"s","bill_id":"b","account_number":"1234567890\\n","amount":1}', "account_number"),
        ("/bills/pay", b'{"serial":"a|b","bill_id":"b","account_number":"1234567890","amount":1}', "serial"),
        ("/bills/inquire", b'{"serial":"s"}', "account_number"),
    ],
)
def test_what_cannot_be_read_gets_one_line(untouched: SandboxPartner, path: str, body: bytes, what: str) -> None:
    before = untouched.get("/admin/store").json()
    answer = untouched.http.post(path, content=body)
    assert answer.status_code == 400
    assert what in answer.text
    assert answer.text.count("\n") == 1
    assert untouched.get("/admin/store").json() == before


def test_ways_that_lead_nowhere_get_one_line(untouched: SandboxPartner) -> None:
    for answer, status in ((untouched.get("/nowhere"), 404), (untouched.get("/bills/pay"), 405), (untouched.get("/day-end/20140224"), 400)):
        assert answer.status_code == status
        assert answer.text.count("\n") == 1


def test_a_body_is_bounded(untouched: SandboxPartner) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(MAX_BODY_BYTES // 2**20 + 1):
            yield b" " * 2**20

    answer = untouched.http.post("/bills/pay", content=chunks())
    assert answer.status_code == 413
    assert answer.text.count("\n") == 1


def test_faults_are_counted_over_a_kill_and_a_doubled_plan_is_harmless(biller: SandboxPartner) -> None:
    plan = {"message": "inquire", "nth": 3, "fault": "error"}
    question = {"serial": "i", "account_number": "1234567890"}

    def statuses(count: int) -> list[int]:
        return [biller.post("/bills/inquire", question).status_code for _ in range(count)]

    biller.faults(plan)
    assert statuses(2) == [200, 200]
    biller.restart()
    biller.faults(plan)
    assert statuses(2) == [500, 200]
    assert biller.get("/admin/faults").json() == {"faults": [{**plan, "until": None}], "counts": {"inquire": 4}}
    biller.faults(plan, serial="again")
    assert statuses(3) == [200, 200, 500]
    biller.faults({"message": "inquire", "nth": 0, "fault": "error"})
    assert statuses(2) == [500, 500]
    biller.faults()
    assert statuses(1) == [200]


def end_of(name: str, *options: str) -> tuple[int, str]:
    done = subprocess.run([sys.executable, "-m", "tapwealth.sandbox", name, *options], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr


def test_a_start_that_cannot_be_ends_in_one_line(biller: SandboxPartner, tmp_path: Path) -> None:
    other = str(tmp_path / "other.db")
    taken = biller.url.rsplit(":", 1)[1]
    (tmp_path / "text.db").write_text("this is a letter, no book of any partner" * 30)
    partners = "{bank,registrar,identity,biller,water,carrier,issuer,insurer,network,messenger}"
    cases = [
        (("florist",), 2, f"usage: python -m tapwealth.sandbox {partners}"),
        (("biller", "--port", "0"), 2, "--store"),
        (("biller", "--store", str(biller.store), "--port", "0"), 3, "another process holds this store; stop it first"),
        (("biller", "--store", other, "--port", taken), 3, "name a free --port"),
        (("biller", "--store", other, "--port", "70000"), 3, "name a free --port"),
        (("biller", "--store", str(tmp_path / "text.db"), "--port", "0"), 3, "not a partner's store"),
        (("biller", "--store", str(tmp_path / "text.db" / "x"), "--port", "0"), 3, "name a file in a directory"),
    ]
    for (name, *options), code, line in cases:
        returned, said = end_of(name, *options)
        assert (returned, line in said) == (code, True), said
        assert "Traceback" not in said


def test_sigterm_ends_cleanly_even_with_a_request_held_open(biller: SandboxPartner) -> None:
    biller.faults({"message": "inquire", "nth": 0, "fault": "silent"})
    with socket.create_connection(("127.0.0.1", int(biller.url.rsplit(":", 1)[1]))) as asking:
        body = json.dumps({"serial": "i", "account_number": "1234567890"}).encode()
        head = f"POST /bills/inquire HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {len(body)}\r\n\r\n"
        asking.sendall(head.encode() + body)
        asking.settimeout(0.3)
        with pytest.raises(TimeoutError):
            asking.recv(1)
        assert biller.stop() == 0


def test_a_partner_dies_with_its_parent(tmp_path: Path) -> None:
    program = (
        "import subprocess, sys, time\n"
        f"p = subprocess.Popen([sys.executable, '-m', 'tapwealth.sandbox', 'biller', '--store', {str(tmp_path / 'b.db')!r}, '--port', '0'],"
        " stdout=subprocess.PIPE, text=True)\n"
        "p.stdout.readline(); print(p.pid, flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    until = time.monotonic() + 60
    while running(child) and time.monotonic() < until:
        time.sleep(0.02)
    assert not running(child)


def running(pid: int) -> bool:
    """A process that is neither gone nor a zombie."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


KILLS, LEAST_COMMANDS = 6, 20


class Taker:
    """Takes what a partner pushes; while `down`, it answers 503."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, dict[str, object]]] = []
        self.down = False
        taker = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if not taker.down:
                    taker.taken.append((self.path, json.loads(body)))
                self.send_response(503 if taker.down else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def ids(self, count: int) -> list[object]:
        """The end-to-end ids taken, in their order, once there are so many different ones."""
        until = time.monotonic() + 60
        while len({str(body["end_to_end_id"]) for _, body in self.taken}) < count and time.monotonic() < until:
            time.sleep(0.01)
        return [body["end_to_end_id"] for _, body in self.taken]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def bank() -> Iterator[Taker]:
    with closing(Taker()) as taker:
        yield taker


@pytest.fixture
def insurer(tmp_path: Path, bank: Taker) -> Iterator[SandboxPartner]:
    with sandbox_partner("insurer", tmp_path, "--bank", bank.url) as partner:
        partner.clock("2014-02-26T09:00:00+08:00")
        yield partner


def cancelled(insurer: SandboxPartner, name: str, refund: int = 1_000) -> None:
    number = insurer.post("/policies", {"serial": f"issue-{name}", **ISSUE, **COVER}).json()["policy_number"]
    answer = insurer.post(f"/policies/{number}/cancel", {"serial": name, "refund": refund, **WISH})
    assert answer.json()["state"] == "cancelled"


def test_what_is_owed_is_paid_once_over_kills_and_outages(insurer: SandboxPartner, bank: Taker) -> None:
    bank.down = True
    cancelled(insurer, "c1")
    cancelled(insurer, "c2")
    insurer.restart()
    assert [row["key"] for row in insurer.get("/admin/outbox").json()] == ["refund c1", "refund c2"]
    bank.down = False
    assert sorted(map(str, bank.ids(2))) == ["c1", "c2"]
    path, body = bank.taken[0]
    assert path == "/admin/transfer"
    assert body == {"from": "0200000002", "to": "0100000001", "amount": 1_000, "end_to_end_id": body["end_to_end_id"], "text": "refund"}
    insurer.restart()
    cancelled(insurer, "c3")
    assert "c3" in bank.ids(3)
    assert set(bank.ids(3)) == {"c1", "c2", "c3"}, "one may be sent twice after a kill, under the same id"
    assert insurer.get("/admin/outbox").json() == []


def test_faults_of_what_is_pushed(insurer: SandboxPartner, bank: Taker) -> None:
    plan = [(1, "lose"), (2, "double"), (3, "delay"), (4, "one_fen")]
    insurer.faults(*({"message": "refund", "nth": nth, "fault": fault} for nth, fault in plan))
    for name in ("lost", "doubled", "delayed", "dear", "plain"):
        cancelled(insurer, name)
    assert bank.ids(4) == ["doubled", "doubled-2", "dear", "plain"]
    assert [body["amount"] for _, body in bank.taken] == [1_000, 1_000, 1_001, 1_000]
    insurer.clock("2014-02-26T09:59:59+08:00")
    time.sleep(0.3)
    assert len(bank.taken) == 4
    insurer.clock("2014-02-26T10:00:00+08:00")
    assert bank.ids(5)[4:] == ["delayed"]


def test_kills_at_any_instant_lose_nothing_that_was_acknowledged(insurer: SandboxPartner, bank: Taker) -> None:
    """Issue and cancel under fire: each request is repeated until it is answered, and in the end each stands once."""
    chance, fired, over = Random(2014), threading.Event(), threading.Event()

    def fire() -> None:
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.02, 0.15))
            insurer.restart()
        fired.set()
        over.wait(60)  # a partner dies with the thread that started it

    gun = threading.Thread(target=fire)
    gun.start()
    number = 0
    while not fired.is_set() or number < LEAST_COMMANDS:
        issue_and_cancel(insurer, number)
        number += 1
    over.set()
    gun.join()
    insurer.restart()
    dump = insurer.get("/admin/store").json()
    assert len(dump["policies"]) == number
    assert sorted(amount for _, event, amount, _ in dump["events"] if event == "cancelled") == [1_000 + one for one in range(number)]
    assert set(bank.ids(number)) == {f"k{one}" for one in range(number)}, "one may be sent twice after a kill, under the same id"


def issue_and_cancel(insurer: SandboxPartner, number: int) -> None:
    policy = answered(insurer, "/policies", {"serial": f"issue-k{number}", **ISSUE, **COVER})["policy_number"]
    cancel = {"serial": f"k{number}", "refund": 1_000 + number, **WISH}
    assert answered(insurer, f"/policies/{policy}/cancel", cancel)["state"] == "cancelled"


def answered(partner: SandboxPartner, path: str, content: dict[str, object]) -> dict[str, object]:
    """Ask until there is an answer. A plain connection each time: the partner moves from port to port."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with closing(HTTPConnection(partner.url.removeprefix("http://"), timeout=2)) as asking:
            try:
                asking.request("POST", path, json.dumps(content), {"Authorization": f"Bearer {TOKEN}"})
                return dict(json.loads(asking.getresponse().read()))
            except (OSError, HTTPException):
                time.sleep(0.01)
    raise AssertionError(f"{path} was never answered")


def test_the_store_is_sound_after_the_kill(insurer: SandboxPartner) -> None:
    cancelled(insurer, "c1")
    insurer.kill()
    with closing(sqlite3.connect(insurer.store)) as books:
        assert books.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert books.execute("SELECT state FROM policy").fetchall() == [("cancelled",)]
    insurer.start()
