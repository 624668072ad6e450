"""The embedded server of one data directory: started, joined, revived and stopped.

The first program to ask starts it and stops it; a program that finds it living connects to it and leaves it alone. It ends with the
program that started it, however that ends. All failures are `Outage`, in one line.
"""

import fcntl
import os
import signal
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from tapwealth.kernel.clock import deadline_after, monotonic_ns
from tapwealth.kernel.refusal import Outage
from tapwealth.storage.embedded import cluster, process
from tapwealth.storage.embedded.binaries import executables
from tapwealth.storage.embedded.owner import server_user
from tapwealth.storage.embedded.place import Place, erase, find
from tapwealth.storage.embedded.settings import SMALL_MEMORY


class Role(Enum):
    """As whom one connects: the owner makes tables, the program may not alter history (see `storage.database`)."""

    OWNER = ""
    PROGRAM = "tapwealth_program"


class EmbeddedServer:
    """`overrides` are PostgreSQL settings that win over the table in `settings` (tests, benchmarks)."""

    def __init__(self, data_dir: Path, overrides: Mapping[str, str] | None = None) -> None:
        self._data_dir, self._overrides = data_dir, dict(overrides or {})
        self._user = server_user()
        self._place: Place | None = None
        self._process: process.ServerProcess | None = None
        self._program_lock: int | None = None

    def start(self) -> Self:
        """Start the server, or join the one that lives; returns when it takes connections. Main thread only. Raises Outage."""
        self._place = place = find(self._data_dir, self._user)
        with place.starting() as starting:
            while (alive := place.try_lock("alive", fcntl.LOCK_EX)) is None:
                if place.is_held("program") and process.is_ready(place):
                    return self
                self._wait_for_orphan(place)
            try:
                binaries = executables(self._user)
                cluster.ensure(place, binaries, self._user, starting)
                self._run(place, binaries, alive)
            except BaseException:
                self.stop()
                raise
            finally:
                os.close(alive)
        return self

    def _run(self, place: Place, binaries: Path, alive: int) -> None:
        """Launch, if need be once more with less memory, and wait until it answers."""
        if self._program_lock is None:
            self._program_lock = place.try_lock("program", fcntl.LOCK_SH)
        self._process = self._launch(place, binaries, alive)
        ready = self._process.wait_ready()
        if not ready and self._process.lacks_shared_memory():
            self._overrides |= SMALL_MEMORY
            self._process = self._launch(place, binaries, alive)
            ready = self._process.wait_ready()
        if not ready:
            raise Outage(f"the database in {place.folder} did not start: {self._process.complaint()}; see {place.log}")

    def _launch(self, place: Place, binaries: Path, alive: int) -> process.ServerProcess:
        return process.launch(place, binaries, self._user, alive, self._overrides)

    def _wait_for_orphan(self, place: Place) -> None:
        """A server whose program ended is shutting down (or another program is just stopping its own): until then, and not for ever."""
        begun = monotonic_ns()
        deadline, hints = deadline_after(2 * process.STOP_SECONDS), [(5, signal.SIGINT), (process.STOP_SECONDS, signal.SIGQUIT)]
        while place.is_held("alive"):
            if place.is_held("program") and process.is_ready(place):
                return
            if hints and monotonic_ns() - begun > hints[0][0] * 1_000_000_000:
                process.signal_orphan(place, hints.pop(0)[1])
            if monotonic_ns() > deadline:
                raise Outage(f"a server of {place.folder} neither answers nor ends; end it, then start again")
            process.pause(20)

    @property
    def joined(self) -> bool:
        """Whether the server belongs to another program."""
        return self._place is not None and self._process is None

    @property
    def postmaster_pid(self) -> int | None:
        """The process id of the server, when this program runs it."""
        return None if self._process is None or self._process.ended else self._process.pid

    def revive(self) -> None:
        """If the server this object started has died, launch it again without waiting for it. Cheap when it lives. Main thread only."""
        place = self._place
        if place is None or self._process is None or not self._process.ended:
            return
        starting = place.try_lock("starting", fcntl.LOCK_EX)
        if starting is None:
            return  # another program is at it
        try:
            alive = place.try_lock("alive", fcntl.LOCK_EX)
            if alive is not None:  # else children of the dead one are still leaving: next time
                try:
                    self._process = self._launch(place, executables(self._user), alive)
                finally:
                    os.close(alive)
        finally:
            os.close(starting)

    def stop(self) -> None:
        """Stop the server if this object started it. Harmless when repeated."""
        if self._process is not None:
            self._process.stop()
            self._process = None
            if self._place is not None and not self._place.is_held("alive"):
                self._place.drop_socket_folder()
        if self._program_lock is not None:
            os.close(self._program_lock)
            self._program_lock = None
        self._place = None

    def erase(self) -> None:
        """Stop, then delete the database for good, also when it lies outside the data directory. Raises Outage while another runs it."""
        self.stop()
        erase(find(self._data_dir, self._user))

    def dsn(self, role: Role = Role.OWNER, database: str = cluster.DATABASE) -> str:
        """A connection string over the Unix socket."""
        assert self._place is not None, "start() comes first"
        extra = f"&options=-c%20role%3D{role.value}" if role.value else ""
        return f"postgresql://{cluster.OWNER_ROLE}@/{database}?host={quote(str(self._place.socket_folder()), safe='')}{extra}"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
