"""A transaction that counts what is asked of it."""

from typing import Any


class Counting:
    """Stands before the real one; `statements` so far."""

    def __init__(self, tx: Any) -> None:
        self.tx, self.statements = tx, 0

    def __getattr__(self, name: str) -> Any:
        if name in ("execute", "executemany", "fetch", "fetchrow", "fetchval", "fetchmany", "copy_records_to_table"):
            self.statements += 1
        return getattr(self.tx, name)
