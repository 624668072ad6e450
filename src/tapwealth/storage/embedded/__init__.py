"""The PostgreSQL that the program brings along and runs for itself: one per data directory, reached over a Unix socket only.

`EmbeddedServer` in `server` is the door. The parts: `owner` (the operating system user it runs as), `binaries` (where its executables
lie), `place` (folders, locks, socket), `settings`, `cluster` (how an empty one is made) and `process` (launching, readiness, stopping).
"""

from tapwealth.storage.embedded.server import EmbeddedServer, Role

__all__ = ["EmbeddedServer", "Role"]
