"""The folder in which a till keeps its state, held by one process, safe against a kill at any instant.

`state.json` is replaced as a whole: written beside it, flushed to the disk, renamed. Before it `numbers.json` is, with the numbers that the
new state has taken and how many writes there were: so a state that is missing or older than the last is recognised and refused, and numbers
that a kill left between the two writes are skipped, never given twice. A closed batch is written once, into `batches`. Card data lie there
under the till's own key, `store.key`, which a real till keeps in its secure element. The lock keeps a second process away.
"""

import fcntl
import os
import weakref
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn

import msgspec

from tapwealth.acquiring.till_state import FORMAT, LAST_NUMBER, Numbers, TillState, Voucher, VoucherKind
from tapwealth.kernel.ids import secret_bytes
from tapwealth.kernel.refusal import BadInput

KEPT_BATCHES = 400
"""A refund finds its sale in so many batches before the open one; older ones are deleted, card data and all."""
_STATE, _NUMBERS, _BATCHES, _OWN_KEY = "state.json", "numbers.json", "batches", "store.key"
_OWN_KEY_BYTES = 32
BEGIN_ANEW = "restore it; or begin a batch that this till never used (a new till: 1) by 'tapwealth terminal sign-on --start-batch NUMBER'"


class SettledBatch(msgspec.Struct):
    """A batch that the host has closed. `equal`: both sides counted the same; the four numbers are the host's totals."""

    format: int
    batch: str
    settled_at: str
    equal: bool
    host_totals: tuple[int, int, int, int]
    vouchers: list[Voucher]
    disputed: list[Voucher] = []

    def __post_init__(self) -> None:
        """Raises ValueError for a time that is none."""
        datetime.fromisoformat(self.settled_at)


class _Mark(msgspec.Struct):
    """What `numbers.json` holds."""

    generation: int
    numbers: Numbers


class _Head(msgspec.Struct):
    """What every format has."""

    format: int
    merchant_id: str
    terminal_id: str


class StateFile:
    """The files of one till in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._state, self._numbers = folder / _STATE, folder / _NUMBERS
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(folder / f"{_STATE}.lock")
        self._release = weakref.finalize(self, os.close, self._lock)

    def close(self) -> None:
        """Let another process have it."""
        self._release()

    def load(self, merchant_id: str, terminal_id: str) -> TillState:
        """What was saved last. Raises BadInput if it is missing, torn, an old copy, of another format or another till's."""
        text = _content(self._state)
        if text is None:
            self._wrong(f"the till's state is missing{self._last_known()}", BEGIN_ANEW)
        try:
            head = msgspec.json.decode(text, type=_Head)
            state = _READERS[head.format](text) if head.format in _READERS else None
        except _UNREADABLE as fault:
            self._wrong(f"it cannot be read ({fault}){self._last_known()}", BEGIN_ANEW)
        if state is None:
            self._wrong(f"it is of format {head.format}", f"this program writes format {FORMAT}: use the version that wrote it")
        if (head.merchant_id, head.terminal_id) != (merchant_id, terminal_id):
            self._wrong(f"it is of terminal {head.terminal_id} at {head.merchant_id}", "one till, one folder")
        self._compare(state, head.format)
        return state

    def _compare(self, state: TillState, written_as: int) -> None:
        """Hold the state to the mark; numbers that a kill left unused are skipped."""
        mark = self._mark()
        if mark is None:
            if written_as == FORMAT:
                self._wrong(f"{_NUMBERS} beside it is missing: whether this is the last state cannot be told", BEGIN_ANEW)
            return
        if mark.generation > state.generation + 1:
            self._wrong(f"it is an old copy, {mark.generation - state.generation} writes behind{self._last_known()}", BEGIN_ANEW)
        if mark.generation > state.generation:
            # The batch goes on: what that write had closed is still open in this state, and is closed again.
            state.numbers = msgspec.structs.replace(mark.numbers, batch=state.numbers.batch)

    def begin(self, merchant_id: str, terminal_id: str, batch: int) -> TillState:
        """A new till's state, or that of one whose state is lost: from a batch above all that are known. What was there is put aside.

        Raises BadInput if a batch so numbered was used, or if there is a state that is in order.
        """
        if not 1 <= batch <= LAST_NUMBER:
            raise BadInput(f"{batch} is no batch number", where="--start-batch", hint=f"write 1 to {LAST_NUMBER}")
        if self._is_in_order(merchant_id, terminal_id):
            self._wrong("the till's state is in order", "go on with it, without --start-batch")
        known = self.last_batch()
        if batch <= known:
            raise BadInput(f"batch {known:06d} was used here", where="--start-batch", hint=f"write {known + 1} or more")
        mark = self._mark()
        numbers = Numbers(batch) if mark is None else msgspec.structs.replace(mark.numbers, batch=batch)
        if self._state.exists():
            os.replace(self._state, self._state.with_name(f"{_STATE}.before-{batch:06d}"))
        if self.own_key() is None:
            _replaced(self.folder / _OWN_KEY, secret_bytes(_OWN_KEY_BYTES).hex().encode())
        state = TillState(FORMAT, merchant_id, terminal_id, numbers, 0 if mark is None else mark.generation)
        self.save(state)
        return state

    def _is_in_order(self, merchant_id: str, terminal_id: str) -> bool:
        try:
            self.load(merchant_id, terminal_id)
        except BadInput:
            return False
        return True

    def own_key(self) -> bytes | None:
        """The key under which card data are kept, made with the first state; None for a till from before there was one. Raises BadInput."""
        text = _content(self.folder / _OWN_KEY)
        try:
            key = None if text is None else bytes.fromhex(text.decode())
        except ValueError:
            key = b""
        if key is not None and len(key) != _OWN_KEY_BYTES:
            raise BadInput("it is no key", where=str(self.folder / _OWN_KEY), hint="restore it: without it stored cards cannot be read")
        return key

    def last_batch(self) -> int:
        """The greatest batch number that is known to have been used here; 0 is none."""
        mark = self._mark()
        archived = [int(path.stem) for path in self._archived()]
        return max([0 if mark is None else mark.numbers.batch, *archived])

    def _last_known(self) -> str:
        last = self.last_batch()
        return f", the last batch was {last:06d}" if last else ""

    def save(self, state: TillState) -> None:
        """Durable when it returns."""
        assert self._release.alive, "the till is closed"
        state.generation += 1
        self._replace(self._numbers, _Mark(state.generation, state.numbers))
        self._replace(self._state, state)
        _flush_directory(self.folder)

    # ---- closed batches

    def archive(self, settled: SettledBatch) -> None:
        """Durable when it returns; the same again changes nothing. What is too old goes."""
        folder = self.folder / _BATCHES
        folder.mkdir(exist_ok=True)
        self._replace(folder / f"{settled.batch}.json", settled)
        _flush_directory(folder)
        for old in self._archived()[:-KEPT_BATCHES]:
            old.unlink()

    def settled(self, batch: str) -> SettledBatch | None:
        """A closed batch, if it is kept. Raises BadInput if its file cannot be read."""
        path = self.folder / _BATCHES / f"{batch}.json"
        text = _content(path)
        try:
            return None if text is None else msgspec.json.decode(text, type=SettledBatch)
        except _UNREADABLE as fault:
            raise BadInput(f"it cannot be read ({fault})", where=str(path), hint="restore it from a copy") from None

    def all_settled(self) -> Iterator[SettledBatch]:
        """The closed batches, the newest first."""
        for path in reversed(self._archived()):
            found = self.settled(path.stem)
            if found is not None:
                yield found

    def _archived(self) -> list[Path]:
        """In the order in which they were closed."""
        return sorted((self.folder / _BATCHES).glob("[0-9]*.json"))

    # ---- parts

    def _mark(self) -> _Mark | None:
        text = _content(self._numbers)
        try:
            return None if text is None else msgspec.json.decode(text, type=_Mark)
        except _UNREADABLE:
            return None

    def _replace(self, path: Path, value: msgspec.Struct) -> None:
        _replaced(path, msgspec.json.format(msgspec.json.encode(value), indent=1))

    def _wrong(self, what: str, hint: str) -> NoReturn:
        raise BadInput(what, where=str(self._state), hint=hint)


class _Sale1(msgspec.Struct):
    """One sale as format 1 had it."""

    stan: str
    card: str
    masked_pan: str
    amount: int
    entry_mode: str
    at: str
    aid: str = ""
    reason: str = ""
    authorisation_code: str = ""
    rrn: str = ""
    upload_stan: str = ""
    upload_code: str = ""

    def voucher(self, batch: int) -> Voucher:
        """Its voucher number was its STAN."""
        kept = {name: getattr(self, name) for name in self.__struct_fields__}
        return Voucher(kind=VoucherKind.SALE, batch=f"{batch:06d}", invoice=self.stan, **kept)


class _State1(msgspec.Struct):
    """The state of a till as format 1 had it."""

    merchant_id: str
    terminal_id: str
    next_stan: Annotated[int, msgspec.Meta(ge=1, le=LAST_NUMBER)] = 1
    batch: Annotated[int, msgspec.Meta(ge=1, le=LAST_NUMBER)] = 1
    pending: _Sale1 | None = None
    captured: list[_Sale1] = []
    settlement_stan: str = ""


def _from_format_1(text: bytes) -> TillState:
    """Invoice numbers go on behind the STANs, which receipts showed in their place."""
    old = msgspec.json.decode(text, type=_State1)
    return TillState(
        FORMAT,
        old.merchant_id,
        old.terminal_id,
        Numbers(old.batch, old.next_stan, old.next_stan),
        pending=None if old.pending is None else old.pending.voucher(old.batch),
        vouchers=[sale.voucher(old.batch) for sale in old.captured],
        settlement_stan=old.settlement_stan,
    )


def _from_format_2(text: bytes) -> TillState:
    return msgspec.json.decode(text, type=TillState)


_READERS = {1: _from_format_1, FORMAT: _from_format_2}
_UNREADABLE = (msgspec.DecodeError, ValueError, RecursionError)
"""What reading a file of whatever content may raise."""


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _locked(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise BadInput("another process runs this till", where=str(path), hint="stop it first") from None
    return descriptor


def _replaced(path: Path, data: bytes) -> None:
    """The whole new content or the whole old one, whenever it is cut short; the folder is still to be flushed."""
    beside = path.with_name(path.name + ".new")
    _write_through(beside, data)
    os.replace(beside, path)


def _write_through(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _flush_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
