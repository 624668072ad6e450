"""The command line in the hands of somebody who errs: one line, the right exit code, and nothing made, altered or lost by it."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import asyncpg
import httpx
import pytest
from patience import first_line

from tapwealth.cli.main import main
from tapwealth.storage.embedded import EmbeddedServer

PEOPLE = [{"login": "ops.chen", "display_name": "陈静", "roles": ["operations"], "password": "a long enough password"}]
FIRST = "2014-02-24"
PARTY = ("settlement", "party", "bank", "--from", FIRST, "--to", FIRST)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tapwealth.cli", *arguments]


class Done(NamedTuple):
    """How a call ended and what it said."""

    returncode: int
    stdout: str
    stderr: str


Tapwealth = Callable[..., Done]


@pytest.fixture
def tapwealth(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Tapwealth:
    """The console script, called in this process: a process of its own for each call would take most of a minute."""

    def call(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["tapwealth", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        return Done(int(ended.value.code or 0), *capsys.readouterr())

    return call


@contextmanager
def platform(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running platform and what it says when it is ready."""
    told = ("up", "--data-dir", str(folder), "--http-port", "0", "--terminal-port", "0", "--books", "1", *arguments)
    process = subprocess.Popen(command(*told), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process, first_line(process.stdout, "the platform")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def operators(folder: Path, text: str) -> str:
    path = folder / "people.json"
    path.write_text(text)
    return str(path)


WRONG_USE = {
    "a port that is none": (("up", "--http-port", "70000"), "--http-port"),
    "no book": (("up", "--books", "0"), "--books"),
    "more books than ids carry": (("up", "--books", "100000"), "--books"),
    "an instant without an offset": (("up", "--clock-start", "2014-02-24T00:00"), "write it like 2014-02-24T00:00:00+08:00"),
    "no instant": (("up", "--clock-start", "yesterday"), "write it like 2014-02-24T00:00:00+08:00"),
    "no date": (("day", "close", "2014-13-01"), "write it like 2014-02-24"),
    "no date to audit from": (("audit", "--since", "monday"), "write it like 2014-02-24"),
    "a size that is none": (("bench", "ledger", "--size", "10"), "--size is for the benchmarks purchase, income, clearing, raise, day"),
    "an unknown benchmark": (("bench", "everything"), "there are ledger, history, tap, purchase, income, clearing"),
}


@pytest.mark.parametrize("name", WRONG_USE)
def test_wrong_usage_is_told_and_makes_nothing(tapwealth: Tapwealth, tmp_path: Path, name: str) -> None:
    arguments, said = WRONG_USE[name]
    where = () if arguments[0] == "bench" else ("--data-dir", str(tmp_path / "house"))
    done = tapwealth(*arguments, *where)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "house").exists()


WRONG_PEOPLE = {
    "no JSON": "{",
    "no list": "{}",
    "no password": json.dumps([{key: value for key, value in PEOPLE[0].items() if key != "password"}]),
    "an unknown role": json.dumps([PEOPLE[0] | {"roles": ["king"]}]),
    "an unknown field": json.dumps([PEOPLE[0] | {"shoe": 43}]),
}


@pytest.mark.parametrize("name", WRONG_PEOPLE)
def test_a_wrong_file_of_operators_is_refused_before_anything_is_made(tapwealth: Tapwealth, tmp_path: Path, name: str) -> None:
    path = operators(tmp_path, WRONG_PEOPLE[name])
    done = tapwealth("up", "--data-dir", str(tmp_path / "house"), "--operators", path)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{path}: these are no operators")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "house").exists()


@pytest.mark.parametrize(
    "question",
    [("audit",), ("audit", "--json"), ("day", "status"), ("day", "close", FIRST), ("statement", "13800138000"), ("db", "status"), PARTY],
)
def test_a_question_makes_no_house(tapwealth: Tapwealth, tmp_path: Path, question: tuple[str, ...]) -> None:
    done = tapwealth(*question, "--data-dir", str(tmp_path / "nowhere"))
    assert done.returncode == 1
    assert "there is no Tapwealth data here" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not done.stdout
    assert not (tmp_path / "nowhere").exists()


async def _new_database(server: EmbeddedServer, name: str) -> str:
    connection = await asyncpg.connect(server.dsn())
    try:
        await connection.execute(f"create database {name}")
    finally:
        await connection.close()
    return server.dsn(database=name)


def test_a_question_alters_no_foreign_database(tapwealth: Tapwealth, server: EmbeddedServer, tmp_path: Path) -> None:
    url = asyncio.run(_new_database(server, "somebody_elses"))
    for question in (("audit",), ("day", "status"), ("day", "close", FIRST), ("statement", "13800138000"), PARTY):
        done = tapwealth(*question, "--data-dir", str(tmp_path), "--database-url", url)
        assert done.returncode == 3
        assert "holds no Tapwealth tables" in done.stderr
        assert done.stderr.count("\n") == 1
    status = json.loads(tapwealth("db", "status", "--json", "--data-dir", str(tmp_path), "--database-url", url).stdout)
    assert status["current"] is None
    assert not list(tmp_path.iterdir())


def test_a_platform_says_where_it_is_and_what_it_cannot_have(tapwealth: Tapwealth, reachable_dir: Path) -> None:
    told = ("--clock-start", f"{FIRST}T00:00:00+08:00", "--operators", operators(reachable_dir, json.dumps(PEOPLE)))
    house = reachable_dir / "house"
    with platform(house, *told) as (_, line):
        address = line.split()[1].rstrip(",")
        assert httpx.get(f"{address}health").json() == {"name": "platform"}
        assert (house / "platform.json").stat().st_mode & 0o077 == 0
        assert tapwealth("day", "status", "--data-dir", str(house)).stdout == "no date has ended yet\n"
        _says(tapwealth, house, FIRST, 1, "ends at 24:00 in Shanghai; it is 2014-02-24 00:00 there")
        _says(tapwealth, house, "2014-02-23", 1, "the first business date here is 2014-02-24")
        taken = address.rsplit(":", 1)[1].rstrip("/")
        for port in ("--http-port", "--terminal-port"):
            done = tapwealth("up", "--data-dir", str(reachable_dir / "other"), "--http-port", "0", "--terminal-port", "0", port, taken)
            assert done.returncode == 3
            assert f"port {taken} cannot be had" in done.stderr.splitlines()[-1]
            assert port in done.stderr
        door = json.loads((house / "platform.json").read_text())
        assert f"{door['url']}/" == address
        _is_nobodys_second_pair_of_eyes(address, door["token"])
        _move_clock(address, "2014-02-26T00:30:00+08:00")
        _says(tapwealth, house, "2014-02-25", 1, "2014-02-24 is not closed yet; close it first")
    assert not (house / "platform.json").exists()
    _says(tapwealth, house, FIRST, 3, "no platform runs on this data")
    _says(tapwealth, house, "2014-02-26", 1, "ends at 24:00 in Shanghai")


ANSWERS: dict[str, tuple[int, dict[str, object]]] = {
    "closed": (200, {"result": {"closed": True, "steps": {"close": {"text": "done", "wrong": []}}}}),
    "unproved": (200, {"result": {"closed": False, "steps": {"prove mirrors": {"text": "5 mirrors", "wrong": ["PAY-1 is lost"]}}}}),
    "refused": (422, {"title": "2014-02-24 is not closed yet; close it first"}),
    "outage": (503, {"title": "the bank cannot be reached"}),
}


@pytest.mark.parametrize(
    ("answer", "code", "said"), [("closed", 0, "done"), ("unproved", 1, "  ! PAY-1 is lost"), ("refused", 1, ""), ("outage", 3, "")]
)
def test_a_date_is_closed_by_the_platform_that_serves_the_folder(
    tapwealth: Tapwealth, tmp_path: Path, answer: str, code: int, said: str
) -> None:
    asked: list[tuple[str, str | None, bytes]] = []

    class Platform(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append((self.path, self.headers["Authorization"], self.rfile.read(int(self.headers["Content-Length"]))))
            status, body = ANSWERS[answer]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Platform) as server:
        (tmp_path / "platform.json").write_text(json.dumps({"url": f"http://127.0.0.1:{server.server_port}", "token": "of its own"}))
        Thread(target=server.handle_request, daemon=True).start()
        done = tapwealth("day", "close", FIRST, "--data-dir", str(tmp_path))
    assert asked == [("/commands/close_day", "Bearer of its own", b'{"business_date":"2014-02-24"}')]
    assert done.returncode == code
    assert done.stderr == (f"{ANSWERS[answer][1]['title']}\n" if "title" in ANSWERS[answer][1] else "")
    assert said in done.stdout


def _is_nobodys_second_pair_of_eyes(address: str, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "00000000-0000-4000-8000-000000000001"}
    for name in ("approve", "propose_acceptance", "advance_clock", "move_in"):
        assert httpx.post(f"{address}commands/{name}", json={}, headers=headers).status_code == httpx.codes.FORBIDDEN


def _move_clock(address: str, now: str) -> None:
    token = httpx.post(f"{address}login", json={"login": "ops.chen", "password": PEOPLE[0]["password"]}).json()["token"]
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "00000000-0000-4000-8000-000000000002"}
    httpx.post(f"{address}commands/advance_clock", json={"now": now}, headers=headers).raise_for_status()


def _says(tapwealth: Tapwealth, house: Path, day: str, code: int, text: str) -> None:
    done = tapwealth("day", "close", day, "--data-dir", str(house))
    assert (done.returncode, done.stderr.count("\n")) == (code, 1), done.stderr
    assert text in done.stderr


def test_a_second_player_in_the_same_folder_is_turned_away(tapwealth: Tapwealth, tmp_path: Path) -> None:
    with _playing(tmp_path):
        for more in ((), ("--fresh",)):
            done = tapwealth("demo", "--data-dir", str(tmp_path), *more)
            assert done.returncode == 3
            assert "a week is being played or served in" in done.stderr
            assert done.stderr.count("\n") == 1
        assert sorted(os.listdir(tmp_path)) == ["billing.json", "playing.lock"]


@contextmanager
def _playing(folder: Path) -> Iterator[None]:
    """Somebody else's process, a player of this folder as far as others can see."""
    (folder / "billing.json").write_text("{}")
    holds = "import fcntl, sys, time; f = open(sys.argv[1], 'a'); fcntl.flock(f, fcntl.LOCK_EX); print(1, flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", holds, str(folder / "playing.lock")], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("where", ["nowhere/week.json", "."])
def test_a_week_is_not_played_for_figures_that_cannot_be_written(tapwealth: Tapwealth, tmp_path: Path, where: str) -> None:
    done = tapwealth("demo", "--data-dir", str(tmp_path / "house"), "--json", str(tmp_path / where))
    assert done.returncode == 1
    assert "the file cannot be written there" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "house").exists()


def test_a_data_folder_that_cannot_be_is_one_line(tapwealth: Tapwealth, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = tapwealth("demo", "--data-dir", str(tmp_path / "file"))
    assert done.returncode == 3
    assert str(tmp_path / "file") in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_stopped_demo_has_proved_nothing(reachable_dir: Path) -> None:
    told = command("demo", "--data-dir", str(reachable_dir / "house"), "--days", "1", "--books", "1")
    with subprocess.Popen(told, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        assert "Tapwealth plays" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert "stopped; everything is kept" in process.stderr.read()
    assert process.returncode == 3


async def test_a_port_that_somebody_else_has_is_exchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tapwealth.play import processes

    monkeypatch.setattr(processes, "_PORTS_WITHIN", 0)
    first = await processes.ports(tmp_path, ("platform", "bank"))
    assert await processes.ports(tmp_path, ("platform", "bank")) == first
    with socket.create_server(("127.0.0.1", first["bank"])):
        second = await processes.ports(tmp_path, ("platform", "bank"))
    assert second["platform"] == first["platform"]
    assert second["bank"] != first["bank"]
