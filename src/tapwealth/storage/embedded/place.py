"""The folder of one embedded database, its locks, and where its socket lies.

`<data-dir>/database` holds everything. When the program runs as root and the server's user cannot pass through the directories above
it (below /root, say), that name becomes a link to a folder under /var/lib/tapwealth/databases; nobody's directory is opened instead.

Three locks (flock), each on a file of its own, since the kernel frees them however a process ends:

* `starting`: one starter at a time;
* `alive`: taken by the starter, inherited by the server and each of its children: held exactly as long as one of them lives, whatever
  process ids have been given out since;
* `program`: shared, held by every program that runs a server of this folder: a server that is alive without one is an orphan about to stop.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tapwealth.kernel.refusal import Outage
from tapwealth.storage.embedded.owner import HOME, ServerUser

LONGEST_SOCKET_FOLDER = 90
"""The kernel takes 107 bytes for a socket's path; PostgreSQL adds 16."""


@dataclass(frozen=True, slots=True)
class Place:
    """`folder` is the real folder; `link` the name under the data directory (the same unless it is a link)."""

    folder: Path
    link: Path

    @property
    def cluster(self) -> Path:
        return self.folder / "cluster"

    @property
    def log(self) -> Path:
        return self.folder / "postgres.log"

    @property
    def settings(self) -> Path:
        return self.folder / "settings.conf"

    def socket_folder(self) -> Path:
        """Where the server listens: in the cluster's folder, or for a long path where `choose_socket_folder` put it."""
        note = self.folder / "socket"
        return Path(note.read_text("utf-8")) if note.exists() else self.cluster

    def choose_socket_folder(self, user: ServerUser) -> Path:
        """For a path too long for a socket: a fresh folder of an unpredictable name, noted for those who come later. Starter only."""
        if len(os.fsencode(self.cluster)) <= LONGEST_SOCKET_FOLDER:
            return self.cluster
        self.drop_socket_folder()
        base = "/run" if os.geteuid() == 0 else os.environ.get("XDG_RUNTIME_DIR", "/tmp")  # noqa: S108
        chosen = Path(tempfile.mkdtemp(prefix="tapwealth-", dir=base))
        user.give(chosen)
        (self.folder / "socket").write_text(str(chosen), "utf-8")
        return chosen

    def drop_socket_folder(self) -> None:
        """Remove the folder noted by an earlier start."""
        note = self.folder / "socket"
        if note.exists():
            shutil.rmtree(note.read_text("utf-8"), ignore_errors=True)
            note.unlink(missing_ok=True)

    def try_lock(self, name: str, kind: int) -> int | None:
        """An open descriptor that holds the lock, or None while others hold it. `kind` is fcntl.LOCK_EX or LOCK_SH."""
        descriptor = os.open(self.folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def is_held(self, name: str) -> bool:
        """Whether anybody holds the lock; certain only for one who holds `starting`."""
        descriptor = self.try_lock(name, fcntl.LOCK_EX)
        if descriptor is not None:
            os.close(descriptor)
        return descriptor is None

    @contextmanager
    def starting(self) -> Iterator[int]:
        """One starter at a time; the others wait until it, and what it handed the descriptor to, is done."""
        descriptor = os.open(self.folder / "starting.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)


def find(data_dir: Path, user: ServerUser) -> Place:
    """The place for this data directory; its folder is made if there is none. Raises Outage."""
    link = data_dir.absolute() / "database"
    try:
        if not link.exists():
            _make(link, user)
        folder = link.resolve(strict=True)
    except FileNotFoundError:
        raise Outage(f"{link} is a link to {os.readlink(link)}, which is gone; bring it back, or give another --data-dir") from None
    except OSError as error:
        raise Outage(f"cannot use {link}: {error.strerror}; make it accessible, or give another --data-dir") from None
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise Outage(f"{folder} is not writable for this user; run as the user who made it, or give another --data-dir")
    if not user.reaches(folder):
        raise Outage(f"user {user.name}, who runs the database, cannot pass to {folder}; allow it (chmod o+x), or give another --data-dir")
    return Place(folder, link)


def _make(link: Path, user: ServerUser) -> None:
    if link.is_symlink():
        raise FileNotFoundError
    link.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    if user.reaches(link.parent):
        link.mkdir(mode=0o711, exist_ok=True)
        return
    base = HOME / "databases"
    base.mkdir(mode=0o711, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=base))
    folder.chmod(0o711)
    (folder / "belongs-to").write_text(f"{link}\n", "utf-8")
    try:
        link.symlink_to(folder)
    except FileExistsError:  # another starter was faster: its folder counts
        shutil.rmtree(folder)


def erase(place: Place) -> None:
    """Delete the database. Raises Outage while a server of it lives."""
    with place.starting():
        if place.is_held("alive"):
            raise Outage(f"the database in {place.folder} is in use; stop the program that runs it first")
        place.drop_socket_folder()
        shutil.rmtree(place.folder)
        if place.link.is_symlink():
            place.link.unlink()
