"""The operating system user that runs the server.

PostgreSQL refuses to run as root. A program started by root therefore runs it as the system user `tapwealth`, which is made when it is
lacking and owns nothing but the database's files; any other program runs it as itself. No directory is opened to anyone on the way.
"""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tapwealth.kernel.refusal import Outage

SYSTEM_USER = "tapwealth"
HOME = Path("/var/lib/tapwealth")
"""Belongs to root: the server's user may read what lies here, and replace none of it."""

_USERADD = ("useradd", "--system", "--user-group", "--no-create-home", "--home-dir", str(HOME), "--shell", "/usr/sbin/nologin")
_ALREADY_THERE = 9
"""Exit code of useradd when the name exists: another program was faster."""


@dataclass(frozen=True, slots=True)
class ServerUser:
    name: str
    uid: int
    gid: int

    @property
    def differs(self) -> bool:
        """Whether the server runs as somebody else than the program."""
        return self.uid != os.geteuid()

    def launch_options(self) -> dict[str, Any]:
        """What makes subprocess start a program as this user, with a bare environment."""
        drop = {"user": self.uid, "group": self.gid, "extra_groups": []} if self.differs else {}
        return {**drop, "cwd": "/", "umask": 0o077, "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}}

    def run(self, command: Sequence[str | Path], stdin: str = "", keep_open: Sequence[int] = ()) -> "subprocess.CompletedProcess[str]":
        """Run a command as this user to its end; the caller judges the exit code. OSError if it cannot even be started."""
        return subprocess.run(  # noqa: S603
            command, input=stdin, capture_output=True, text=True, check=False, pass_fds=keep_open, **self.launch_options()
        )

    def reaches(self, folder: Path) -> bool:
        """Whether this user may pass through `folder`; the kernel judges, so that access lists count too."""
        return not self.differs or self.run(["/bin/sh", "-c", 'test -x "$1"', "sh", folder]).returncode == 0

    def give(self, path: Path) -> None:
        """Make this user the owner of `path`."""
        if self.differs:
            os.chown(path, self.uid, self.gid)


def server_user() -> ServerUser:
    """The user for this program's server, made if need be. Raises Outage."""
    if os.geteuid() == 0:
        return _of(_system_user())
    try:
        return _of(pwd.getpwuid(os.geteuid()))
    except KeyError:
        raise Outage(f"user id {os.geteuid()} has no name in /etc/passwd, PostgreSQL needs one; add it, or give --database-url") from None


def _of(entry: pwd.struct_passwd) -> ServerUser:
    return ServerUser(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _system_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        pass
    try:
        made = subprocess.run([*_USERADD, SYSTEM_USER], capture_output=True, text=True, check=False)  # noqa: S603
    except OSError:
        raise Outage(f"useradd is not on this machine; make a system user {SYSTEM_USER!r}, or do not run as root") from None
    if made.returncode not in (0, _ALREADY_THERE):
        raise Outage(f"cannot make the system user {SYSTEM_USER!r}: {made.stderr.strip()[-200:]}; do not run as root")
    return pwd.getpwnam(SYSTEM_USER)
