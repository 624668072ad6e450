"""A PC/SC daemon with a virtual reader, a phone in it, and phones' files: what the tests with readers begin from.

pcscd has one place for its socket on a machine, so one test at a time has it, over all suites that run there; the lock says who. A test
that cannot have it is skipped (under CI=true that is a failure): `make card-reader` installs what is missing.
"""

import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from issued_card import issued, keys

from tapwealth.phone.store import CardStore

ROOT = Path(__file__).resolve().parents[2]
PAN = "6222000000000009"
DRIVER = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
COMM = Path("/run/pcscd/pcscd.comm")
INDEPENDENT = ROOT / "build" / "independent-reader" / "bin"
WITHIN_S = 60


def make_store(path: Path) -> Path:
    """A phone's file with a card that has everything, and keys for a thousand taps and some."""
    CardStore(path).save(replace(issued(), keys=keys((1, 500), (501, 2_000))))
    return path


def secrets_of(store: Path) -> list[str]:
    """Every key in a phone's file, in capital hex."""

    def of(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            for name, inner in value.items():
                yield from (text for text in of(inner) if name not in ("records", "modulus", "aip", "aid"))
        elif isinstance(value, list):
            for inner in value:
                yield from of(inner)
        elif isinstance(value, str) and len(value) >= 32:
            yield value.upper()

    found = list(of(json.loads(store.read_text())))
    assert len(found) >= 3, "keys for taps, for cash, and the card's own"
    return found


def _program() -> str | None:
    return shutil.which("pcscd") or shutil.which("pcscd", path="/usr/sbin")


def require_readers() -> None:
    """Skip where a part is missing."""
    pytest.importorskip("smartcard.System", reason="pyscard is missing: run 'make card-reader'")
    if _program() is None or not Path(DRIVER).exists():
        pytest.skip("pcscd or its virtual reader is missing: run 'make card-reader'")
    if os.geteuid() != 0:
        pytest.skip("pcscd makes its socket in /run: run the tests as root to have this one too")


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Wait for something that comes by itself."""
    until = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < until, f"{what} did not come"
        time.sleep(0.02)


def _two_free_ports() -> int:
    """The driver takes a port for each of its two slots, one after the other."""
    for _ in range(200):
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            try:
                two.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return int(port)
    raise AssertionError("no two free ports")


_WITH_US = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
"""A daemon that outlives a killed run would keep all later ones from having their own."""


def _answers() -> bool:
    """Whether a daemon listens; a socket file alone may be left from one that was killed."""
    with socket.socket(socket.AF_UNIX) as line:
        try:
            line.connect(str(COMM))
        except OSError:
            return False
        return True


class Daemon:
    """pcscd with the virtual reader at `port`; can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self.port = _two_free_ports()
        self._log = folder / "pcscd.log"
        self._conf = folder / "readers"
        self._conf.mkdir()
        channel = f"0x{self.port:04X}"
        lines = ('FRIENDLYNAME "Virtual PCD"', f"DEVICENAME /dev/null:{channel}", f"LIBPATH {DRIVER}", f"CHANNELID {channel}")
        (self._conf / "vpcd").write_text("\n".join(lines) + "\n")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = _program()
        assert program is not None
        with self._log.open("ab") as log:
            command = [*_WITH_US, program, "--foreground", "--config", str(self._conf)]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(_answers, "pcscd")

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.wait(WITHIN_S)


@contextmanager
def daemon(folder: Path) -> Iterator[Daemon]:
    """The daemon, running, to this test alone."""
    require_readers()
    with open("/tmp/tapwealth-pcscd.lock", "w") as lock:  # the socket's place is the machine's, and so is this one
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _answers():
            pytest.skip("another pcscd runs on this machine: stop it to have this test run")
        running = Daemon(folder)
        running.start()
        try:
            yield running
        finally:
            running.stop()


class PhoneProcess:
    """`tapwealth phone`, as a process; `lines` are what it has said so far."""

    def __init__(self, store: Path, *arguments: str) -> None:
        self._said = store.with_suffix(f".{time.monotonic_ns()}.log")
        with self._said.open("wb") as said:
            command = [sys.executable, "-m", "tapwealth.cli", "phone", "--store", str(store), *arguments]
            environment = os.environ | {"PYTHONUNBUFFERED": "1"}
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=said, stderr=said, env=environment)

    def lines(self) -> list[str]:
        return self._said.read_text().splitlines()

    def wait_for(self, text: str, times: int = 1) -> str:
        """The last line with `text`, once it has been said so often."""

        def said() -> bool:
            assert self.process.poll() is None or self._count(text) >= times, "\n".join(self.lines())
            return self._count(text) >= times

        wait_until(said, text)
        return [line for line in self.lines() if text in line][-1]

    def _count(self, text: str) -> int:
        return sum(text in line for line in self.lines())

    def type(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()


@contextmanager
def phone(store: Path, *arguments: str) -> Iterator[PhoneProcess]:
    """The process, ended at the end."""
    running = PhoneProcess(store, *arguments)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.terminate()
        try:
            running.process.wait(WITHIN_S)
        finally:
            running.process.kill()
            assert running.process.stdin is not None
            running.process.stdin.close()
