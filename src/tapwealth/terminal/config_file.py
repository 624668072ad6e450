"""A terminal's configuration as a file: TOML, as docs/reference/terminal-kernel.md documents it.

`read_config` takes the file's text and gives a `TerminalConfig`, or raises BadInput that names the entry and what to do. Nothing is
guessed: an unknown entry is refused, and a CA key without its published check value is too.
"""

import tomllib
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, NoReturn, TypeVar

from tapwealth.kernel.masked import Masked
from tapwealth.kernel.refusal import BadInput
from tapwealth.terminal.config import CHINA, YUAN, Application, ExceptionList, TerminalConfig
from tapwealth.wire.emv_certificates import CaKey, Revoked
from tapwealth.wire.emv_rsa import PublicKey

Made = TypeVar("Made")
_MARK_SIZE, _KEY_SIZE, _CHECK_SIZE = 32, 32, 20
_ENTRIES = frozenset(
    (
        "serial",
        "country",
        "currency",
        "qualifiers",
        "capabilities",
        "terminal_type",
        "version",
        "application",
        "ca_key",
        "revoked",
        "exceptions",
    )
)


def read_config(text: str) -> TerminalConfig:
    """The configuration in `text`. Raises BadInput in one line."""
    try:
        told = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput(str(error) or "it is nested too deep", where="terminal configuration", hint="it is not TOML") from None
    entries = _Table(told, "terminal configuration", _ENTRIES)
    return TerminalConfig(
        serial=entries.text("serial"),
        applications=tuple(entries.each("application", _application)),
        ttq=entries.hex("qualifiers", 4, "36000000"),
        country=entries.number("country", CHINA),
        currency=entries.number("currency", YUAN),
        capabilities=entries.hex("capabilities", 3, "E0E1C8"),
        terminal_type=entries.number("terminal_type", 22),
        version=entries.hex("version", 2, "0020"),
        ca_keys=tuple(entries.each("ca_key", _ca_key)),
        revoked=frozenset(entries.each("revoked", _revoked)),
        exceptions=_exceptions(entries.table("exceptions", frozenset(("key", "marks")))),
    )


class _Table:
    """One table of the file: its entries, read once each with a place for what is wrong."""

    def __init__(self, told: Mapping[str, Any], where: str, known: frozenset[str]) -> None:
        self._told, self._where = told, where
        unknown = sorted(set(told) - known)
        if unknown:
            raise BadInput(f"the entry {unknown[0][:40]} is unknown", where=where, hint=f"known are {', '.join(sorted(known))}")

    def wrong(self, name: str, hint: str) -> NoReturn:
        raise BadInput(f"{name} is missing" if name not in self._told else f"{name} is not usable", where=self._where, hint=hint)

    def text(self, name: str) -> str:
        value = self._told.get(name)
        return value if isinstance(value, str) else self.wrong(name, "write it in quotes")

    def number(self, name: str, otherwise: int | None = None) -> int:
        value = self._told.get(name, otherwise)
        plain = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        return int(value) if plain and value is not None else self.wrong(name, "write a whole number, without quotes")

    def limit(self, name: str) -> int | None:
        """In fen; None when it is not set."""
        return self.number(name) if name in self._told else None

    def hex(self, name: str, size: int | None, otherwise: str | None = None) -> bytes:
        value = self._told.get(name, otherwise)
        hint = "write hex digits in quotes" if size is None else f"write {size * 2} hex digits in quotes"
        try:
            found = bytes.fromhex(value) if isinstance(value, str) else b""
        except ValueError:
            found = b""
        return found if found and size in (None, len(found)) else self.wrong(name, hint)

    def day(self, name: str) -> date | None:
        value = self._told.get(name)
        plain = value is None or (isinstance(value, date) and not isinstance(value, datetime))
        return value if plain else self.wrong(name, "write a day like 2030-12-31, without quotes")

    def table(self, name: str, known: frozenset[str]) -> "_Table | None":
        value = self._told.get(name)
        if value is None:
            return None
        return _Table(value, name, known) if isinstance(value, dict) else self.wrong(name, f"begin it with [{name}]")

    def texts(self, name: str) -> list[str]:
        value = self._told.get(name)
        good = isinstance(value, list) and all(isinstance(entry, str) for entry in value)
        return list(value) if good and value is not None else self.wrong(name, "write a list of texts in quotes")

    def each(self, name: str, make: Callable[[Mapping[str, Any], str], Made]) -> list[Made]:
        """Every table of that name, in the order of the file; the place counts them from 1."""
        value = self._told.get(name, [])
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            self.wrong(name, f"begin each with [[{name}]]")
        return [make(entry, f"{name} {number}") for number, entry in enumerate(value, 1)]


def _application(told: Mapping[str, Any], where: str) -> Application:
    entry = _Table(told, where, frozenset(("aid", "floor_limit", "cvm_limit", "contactless_limit")))
    return Application(entry.hex("aid", None), entry.number("floor_limit", 0), entry.limit("cvm_limit"), entry.limit("contactless_limit"))


def _ca_key(told: Mapping[str, Any], where: str) -> CaKey:
    """A scheme's key. Its check value must be given and must be right: a mistyped key would decline every card, another's accept any."""
    entry = _Table(told, where, frozenset(("rid", "index", "modulus", "exponent", "expiry", "check_value")))
    modulus = int.from_bytes(entry.hex("modulus", None), "big")
    exponent = int.from_bytes(entry.hex("exponent", None), "big")
    key = CaKey(entry.hex("rid", 5), entry.hex("index", 1)[0], PublicKey(modulus, exponent), entry.day("expiry"))
    if key.check_value != entry.hex("check_value", _CHECK_SIZE):
        text = f"the check value of this key is {key.check_value.hex().upper()}"
        raise BadInput(text, where=where, hint="compare modulus and exponent with the scheme's publication")
    return key


def _revoked(told: Mapping[str, Any], where: str) -> Revoked:
    entry = _Table(told, where, frozenset(("rid", "index", "serial")))
    return Revoked(entry.hex("rid", 5), entry.hex("index", 1)[0], entry.hex("serial", 3))


def _exceptions(entry: _Table | None) -> ExceptionList:
    if entry is None:
        return ExceptionList()
    key = entry.hex("key", _KEY_SIZE)
    marks = [_mark(entry, mark) for mark in entry.texts("marks")]
    return ExceptionList(Masked(key.hex()), frozenset(marks))


def _mark(entry: _Table, text: str) -> bytes:
    try:
        mark = bytes.fromhex(text)
    except ValueError:
        mark = b""
    return (
        mark if len(mark) == _MARK_SIZE else entry.wrong("marks", f"each is {_MARK_SIZE * 2} hex digits, as ExceptionList.mark gives them")
    )
