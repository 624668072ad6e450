"""A sandbox partner as a real process, for tests: start, talk, kill -9, start again with the same store."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from patience import first_line

TOKEN = "token-of-the-test"


class SandboxPartner:
    """`store` stays the same over restarts; the port is a new free one each time, `url` says which."""

    def __init__(self, name: str, folder: Path, *options: str) -> None:
        self.name, self.store, self.options = name, folder / f"{name}.db", options
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "tapwealth.sandbox", self.name, "--store", str(self.store), "--port", "0", "--token", TOKEN]
        self.process = subprocess.Popen([*command, *self.options], stdout=subprocess.PIPE, text=True)
        self.url = first_line(self.process.stdout, f"the sandbox's {self.name}").split()[-1]
        self.http = httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60, trust_env=False)

    def kill(self) -> None:
        """At once, as a power cut would."""
        self.process.kill()
        self._gone()

    def stop(self) -> int:
        """As an operator would; the exit code."""
        self.process.terminate()
        return self._gone()

    def _gone(self) -> int:
        self.http.close()
        code = self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def restart(self) -> None:
        self.kill()
        self.start()

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path)

    def post(self, path: str, content: Any) -> httpx.Response:
        return self.http.post(path, json=content)

    def clock(self, now: str) -> None:
        """Move the partner's clock; `now` is RFC 3339."""
        assert self.post("/admin/clock", {"now": now}).status_code == 200

    def faults(self, *plan: dict[str, Any], serial: str = "") -> None:
        assert self.post("/admin/faults", {"faults": list(plan), "serial": serial}).status_code == 200


@contextmanager
def sandbox_partner(name: str, folder: Path, *options: str) -> Iterator[SandboxPartner]:
    """A running partner, stopped cleanly at the end."""
    partner = SandboxPartner(name, folder, *options)
    try:
        yield partner
    finally:
        if partner.process.poll() is None:
            assert partner.stop() == 0
