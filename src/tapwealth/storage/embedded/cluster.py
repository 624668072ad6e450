"""How an empty cluster is made, and what is checked of one that is there.

Made under a passing name in the same folder, synced once, then renamed: a half-made cluster never gets the name. UTF-8 text, sorted by
code point (builtin C.UTF-8), so that no upgrade of the machine's libraries reorders an index. Only the program's user and the server's
user are let in, both as the owner role, by the kernel's word on who they are (peer).
"""

import os
import pwd
import shutil
import tempfile
from pathlib import Path

from tapwealth.kernel.refusal import Outage
from tapwealth.storage.embedded.binaries import MAJOR
from tapwealth.storage.embedded.owner import ServerUser
from tapwealth.storage.embedded.place import Place

OWNER_ROLE = "tapwealth"
DATABASE = "tapwealth"
FREE_MB_TO_CREATE, FREE_MB_TO_START = 256, 64
"""An empty cluster and its first log files; a little log and the catalogue's files."""

_INITDB = ["-U", OWNER_ROLE, "-E", "UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--auth=peer"]
_PASSING = "cluster.new-"


def ensure(place: Place, binaries: Path, user: ServerUser, starting: int) -> None:
    """Make the cluster if there is none, and refuse one that cannot be used. Raises Outage.

    `starting` is the descriptor that holds that lock; what makes the cluster inherits it, so that the next starter waits for a maker
    whose program was killed.
    """
    exists = place.cluster.exists()
    free, needed = shutil.disk_usage(place.folder).free >> 20, FREE_MB_TO_START if exists else FREE_MB_TO_CREATE
    if free < needed:
        raise Outage(f"the disk is full: {free} MB free at {place.folder}, {needed} needed; make room, or give another --data-dir")
    if exists:
        _check(place.cluster, user)
    else:
        _drop_half_made(place)
        _create(place, binaries, user, starting)


def _check(cluster: Path, user: ServerUser) -> None:
    version = cluster / "PG_VERSION"
    if not version.exists():
        raise Outage(f"{cluster} is not a database; give another --data-dir")
    made_by = version.read_text("ascii", errors="replace").strip()
    if made_by != MAJOR:
        raise Outage(f"{cluster} was made by PostgreSQL {made_by}, this program brings {MAJOR}; restore a dump, or give another --data-dir")
    if cluster.stat().st_uid != user.uid:
        raise Outage(f"{cluster} belongs to user id {cluster.stat().st_uid}, not to {user.name}; run as the user who made it")


def _drop_half_made(place: Place) -> None:
    """What a killed starter left: under the lock nobody works in this folder, and the name is only ever ours."""
    for left in place.folder.glob(f"{_PASSING}*"):
        shutil.rmtree(left)


def _create(place: Place, binaries: Path, user: ServerUser, starting: int) -> None:
    part = Path(tempfile.mkdtemp(prefix=_PASSING, dir=place.folder))

    def run(program: str, *arguments: str | Path, stdin: str = "") -> None:
        done = user.run([binaries / program, *arguments], stdin, keep_open=(starting,))
        if done.returncode != 0:
            raise Outage(f"cannot make the database in {place.folder}: {complaint(done.stdout + done.stderr)}")

    try:
        user.give(part)
        run("initdb", "-D", part, *_INITDB, "--no-instructions", "--no-sync")
        _let_in(part, user)
        run("postgres", "--single", "-D", part, "postgres", stdin=f"CREATE DATABASE {DATABASE}\n")
        with (part / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("\ninclude '../settings.conf'\n# The program writes that file at every start; what is set below this line wins.\n")
        run("initdb", "-D", part, "--sync-only")
        part.rename(place.cluster)
        _sync(place.folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _let_in(part: Path, user: ServerUser) -> None:
    names = sorted({pwd.getpwuid(os.geteuid()).pw_name, user.name})
    (part / "pg_ident.conf").write_text("".join(f'owner "{name}" {OWNER_ROLE}\n' for name in names), "utf-8")
    (part / "pg_hba.conf").write_text("local all all peer map=owner\nlocal replication all peer map=owner\n", "utf-8")


def complaint(text: str) -> str:
    """The one line of PostgreSQL's output that says what is wrong."""
    lines = text.strip().splitlines() or ["no message"]
    for mark in ("PANIC:", "FATAL:", "error:", "ERROR:"):
        for line in lines:
            if mark in line:
                return line.split(mark, 1)[1].strip()
    return lines[-1].strip()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
