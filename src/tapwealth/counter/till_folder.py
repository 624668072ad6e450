"""A till as a folder: its settings `till.toml`, its keys, the kernel's configuration, and the state that it keeps.

Nothing is guessed: an unknown entry is refused, and so is a key that others than its owner may read.
"""

import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from tapwealth.acquiring.paper import Language
from tapwealth.acquiring.readers.reader import read_address
from tapwealth.acquiring.till import DEFAULT_TIMEOUT_MS, Till
from tapwealth.kernel.clock import machine_now
from tapwealth.kernel.refusal import BadInput
from tapwealth.terminal.config import Application, TerminalConfig
from tapwealth.terminal.config_file import read_config
from tapwealth.terminal.qualifiers import Ttq
from tapwealth.wire.key_block import read_key_block

SETTINGS = "till.toml"
_WITHOUT_PIN = bytes.fromhex("32000000")
"""What a till offers a card unless told: qPBOC, contact, signature. It has no keys to enter a PIN with."""
_ENTRIES = frozenset(
    (
        "transport_key",
        "transport_key_file",
        "host",
        "merchant",
        "terminal",
        "name",
        "key",
        "key_file",
        "master_key",
        "master_key_file",
        "kernel_file",
        "timeout_ms",
        "language",
        "clock",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TillSettings:
    """What `till.toml` says. `clock` is a test clock that stands still; without it the machine's is asked."""

    folder: Path
    host: str
    port: int
    merchant_number: str
    terminal_number: str
    name: str
    mac_key: bytes = field(repr=False)
    master_key: bytes = field(repr=False)
    kernel: TerminalConfig
    timeout_ms: int
    language: Language
    clock: datetime | None

    @property
    def now(self) -> datetime:
        """The till's time."""
        return self.clock or machine_now()

    def till(self, *, start_batch: int | None = None, port: int | None = None, timeout_ms: int | None = None) -> Till:
        """The till, switched on; `close` it. Raises BadInput if its state is not in order."""
        return Till(
            self.folder,
            self.host,
            self.port if port is None else port,
            self.terminal_number,
            self.merchant_number,
            self.mac_key,
            master_key=self.master_key,
            merchant_name=self.name,
            timeout_ms=self.timeout_ms if timeout_ms is None else timeout_ms,
            start_batch=start_batch,
        )


def read_till(folder: Path) -> TillSettings:
    """The settings of the till in `folder`. Raises BadInput in one line."""
    path = folder / SETTINGS
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise BadInput(
            "no till is set up here", where=str(folder), hint=f"write {SETTINGS} there, or name another folder with --till"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"it is not TOML ({error})", where=str(path), hint="correct it") from None
    return _Entries(told, path).settings(folder)


class _Entries:
    """The entries of the file, read with a place for what is wrong."""

    def __init__(self, told: Mapping[str, Any], path: Path) -> None:
        self._told, self._path = told, path
        unknown = sorted(set(told) - _ENTRIES)
        if unknown:
            self._wrong(f"the entry {unknown[0][:40]} is unknown", f"known are {', '.join(sorted(_ENTRIES))}")

    def settings(self, folder: Path) -> TillSettings:
        host, port = read_address(self.text("host"), where=f"{self._path}: host")
        terminal = self.text("terminal")
        mac_key, master_key = self.key("key", (8, 16)), self.master_key()
        if not mac_key and not master_key:
            self._wrong("key_file and master_key_file are missing", "name the terminal's MAC key, or its master key, or both")
        return TillSettings(
            folder=folder,
            host=host,
            port=port,
            merchant_number=self.text("merchant"),
            terminal_number=terminal,
            name=self.text("name"),
            mac_key=mac_key,
            master_key=master_key,
            kernel=self.kernel(terminal),
            timeout_ms=self.timeout(),
            language=self.language(),
            clock=self.clock(),
        )

    def text(self, name: str) -> str:
        value = self._told.get(name)
        return value if isinstance(value, str) and value else self._wrong(f"{name} is missing or no text", "write it in quotes")

    def key(self, name: str, sizes: tuple[int, ...]) -> bytes:
        """In hex, in this file or in the file named by NAME_file; neither may be readable to others. Empty if there is none."""
        path = self._beside(f"{name}_file")
        if path is None and name not in self._told:
            return b""
        _owned(path or self._path)
        text = self.text(name) if path is None else _content(path)
        try:
            key = bytes.fromhex(text)
        except ValueError:
            key = b""
        return (
            key
            if len(key) in sizes
            else self._wrong(f"{name} is no key", f"write {' or '.join(str(2 * size) for size in sizes)} hex digits")
        )

    def master_key(self) -> bytes:
        """In hex, or as the acquirer's key block (X9.143) under the transport key."""
        transport = self.key("transport_key", (16, 24, 32))
        if not transport:
            return self.key("master_key", (16,))
        path = self._beside("master_key_file") or self._wrong("master_key_file is missing", "name the file of the key block")
        try:
            block = read_key_block(transport, _content(path))
        except BadInput as wrong:
            raise BadInput(wrong.what, where=f"{path}: {wrong.where}", hint=wrong.hint) from None
        if (block.usage, block.algorithm, len(block.key)) != ("K0", "T", 16):
            raise BadInput("it holds no terminal's master key", where=str(path), hint="the block of a terminal has usage K0, algorithm T")
        return block.key

    def kernel(self, terminal: str) -> TerminalConfig:
        path = self._beside("kernel_file")
        if path is None:
            return TerminalConfig(terminal, (Application(),), _WITHOUT_PIN)
        try:
            config = read_config(_content(path))
        except BadInput as wrong:
            raise BadInput(wrong.what, where=f"{path}: {wrong.where}", hint=wrong.hint) from None
        if int.from_bytes(config.ttq, "big") & Ttq.ONLINE_PIN:
            raise BadInput("it offers to take a PIN, which this till cannot", where=str(path), hint='write qualifiers = "32000000"')
        return config

    def timeout(self) -> int:
        value = self._told.get("timeout_ms", DEFAULT_TIMEOUT_MS)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
        return self._wrong("timeout_ms is no time", "write milliseconds, above zero")

    def language(self) -> Language:
        name = self._told.get("language", "zh")
        found = {"zh": Language.ZH, "en": Language.EN}.get(name) if isinstance(name, str) else None
        return self._wrong("language is unknown", 'write "zh" or "en"') if found is None else found

    def clock(self) -> datetime | None:
        value = self._told.get("clock")
        good = value is None or (isinstance(value, datetime) and value.tzinfo is not None)
        return value if good else self._wrong("clock is no instant", "write it like 2014-03-04T09:00:00+08:00, or leave it out")

    def _beside(self, name: str) -> Path | None:
        """A file that is named here; a bare name lies in the till's folder."""
        return None if name not in self._told else self._path.parent / self.text(name)

    def _wrong(self, what: str, hint: str) -> NoReturn:
        raise BadInput(what, where=str(self._path), hint=hint)


def _owned(path: Path) -> None:
    """Raises BadInput if others than the owner may read the key."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise BadInput(f"the file cannot be opened ({error.strerror})", where=str(path), hint="look at its path and its rights") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BadInput("others may read the terminal's key", where=str(path), hint=f"run 'chmod 600 {path}'")


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BadInput(f"the file cannot be opened ({error.strerror})", where=str(path), hint="look at its path and its rights") from None
    except UnicodeDecodeError:
        raise BadInput("it is no text", where=str(path), hint="write it in UTF-8") from None
