"""Lines kept outside the database, append only and synced: the ends of the chains at each day's end.

The same lines again (a rerun of the day's end) are written again; a reader takes the last line of a date and book.
"""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Heads:
    """One file."""

    path: Path

    def append(self, lines: list[str]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="ascii") as file:
            file.write("".join(line + "\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())

    def lines(self) -> list[str]:
        """Everything written so far; a last line torn by a kill is left out."""
        if not self.path.exists():
            return []
        text = self.path.read_text(encoding="ascii")
        return text[: text.rfind("\n") + 1].splitlines()
