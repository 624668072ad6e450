"""How the house says no.

Three kinds, never mixed:

* a **refusal** is a value: an answer that a person or partner can act on (`Refusal`, with a code from a closed enum);
* **bad input** is what cannot even be read (`BadInput`): a torn file, a third decimal, a TLV past its end. Nothing of it is remembered;
* an **outage** means that the answer is not known (`Outage`): ask again with the same key.

Each text is one line in the product's own words: what is wrong, where, and what to do.
"""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Refusal:
    """A decided no. `code` comes from the closed enum of the deciding module; `text` is one line for a person."""

    code: Enum
    text: str

    def __str__(self) -> str:
        return f"{self.code.name.lower()}: {self.text}"


class BadInput(ValueError):
    """What was handed in cannot be read. The message is one line: what, where, what to do."""

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        self.what, self.where, self.hint = what, where, hint
        text = "".join((f"{where}: " if where else "", what, f"; {hint}" if hint else ""))
        super().__init__("".join(char if char.isprintable() else ascii(char)[1:-1] for char in text))


class Outage(Exception):
    """The outcome is unknown, or nothing was tried. Ask again with the same key: it gives the first answer."""


class Busy(Outage):
    """The queue is full; nothing was tried."""
