"""Between the shapes of /v1 and the commands and views of the flows, by what the fields of a shape are: so that a shape is all that has to
be written of an operation that only hands on what is asked and tells what was decided.

A field of a shape has the name of its counterpart, or names it (`of`). Money is fen there, an id a UUID without its prefix, a decimal
string an integer of so many `places`, null an empty text; a list, a struct within and an enum are gone through.
"""

import types
from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
from msgspec import Meta

from tapwealth.flows.customers.clients import Bearer
from tapwealth.flows.customers.consents import ACCOUNT
from tapwealth.flows.frame import Caller, Envelope, House
from tapwealth.flows.v1.reading import Part, Wanted, allowed, before, ended, part, unknown
from tapwealth.flows.v1.shapes import Money, SignedMoney, decimals, yuan
from tapwealth.kernel.ids import prefixed, unprefixed
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage.database import Tx

T = TypeVar("T")
NOBODY = UUID(int=0)
"""Stands for what cannot be an id."""
PREFIXES = {"deposit": "dep", "notice": "dnt", "policy": "plc", "application": "apl", "claim": "clm", "file": "ppr"}
"""By path parameter, how what it names begins."""
_MONEY = (Money, SignedMoney)


def meta(prefix: str, of: str = "", description: str | None = None) -> Meta:
    """Of an id that begins so; `of`: what its counterpart is called."""
    return Meta(pattern=f"^{prefix}_[0-9a-f]{{32}}$", description=description, extra={"prefix": prefix, "of": of})


def scaled(places: int, of: str = "", description: str | None = None) -> Meta:
    """Of a decimal string, whose counterpart is an integer."""
    pattern = rf"^[0-9]{{1,9}}(\.[0-9]{{1,{places}}})?$"
    return Meta(pattern=pattern, description=description, extra={"places": places, "of": of})


def renamed(of: str) -> Meta:
    """Of a field whose counterpart is called otherwise."""
    return Meta(extra={"of": of})


class _Field(NamedTuple):
    """A field of a shape: its type without null and without what the metas say of it (`extra`); `of`: the way to its counterpart."""

    name: str
    kind: Any
    nullable: bool
    extra: Mapping[str, Any]
    of: str


@cache
def _fields(shape: Any) -> list[_Field]:
    hints = get_type_hints(shape, include_extras=True)
    return [_field(name, hints[name]) for name in shape.__struct_fields__]


@cache
def _field(name: str, kind: Any) -> _Field:
    nullable, extra = False, dict[str, Any]()
    while True:
        if get_origin(kind) is Annotated:
            kind, *metas = get_args(kind)
            extra |= {key: value for one in metas if isinstance(one, Meta) for key, value in (one.extra or {}).items() if value}
        elif get_origin(kind) in (Union, types.UnionType) and type(None) in get_args(kind):
            (kind,) = [one for one in get_args(kind) if one is not type(None)]
            nullable = True
        else:
            return _Field(name, kind, nullable, extra, extra.get("of", name))


# ---- what is told


def told(shape: type[T], view: Any, **more: Any) -> T:
    """A view, or an answer, in that shape; `more`: what it does not know itself, as the shape has it."""
    kind: Any = shape
    return shape(**{one.name: more[one.name] if one.name in more else _told(one, attrgetter(one.of)(view)) for one in _fields(kind)})


def _told(field: _Field, value: Any) -> Any:
    kind, extra = field.kind, field.extra
    if value is None or (value == "" and field.nullable):
        return None
    if "prefix" in extra:
        return prefixed(extra["prefix"], value if isinstance(value, UUID) else UUID(value))
    if "places" in extra:
        return decimals(value, extra["places"])
    if kind in _MONEY:
        return yuan(value) if kind is Money else SignedMoney(value, "CNY")
    if get_origin(kind) is list:
        of = _field("", get_args(kind)[0])
        return [_told(of, one) for one in value]
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return told(kind, value)
    return value.value if isinstance(value, Enum) else value


# ---- what is asked


def as_command(kind: type[T], asked: Any, **more: Any) -> T:
    """The command that a body asks for; `more`: what the path says. What is null is left out. Raises BadInput for too many decimals."""
    return msgspec.convert(_plain(asked) | more, kind)


def _plain(asked: msgspec.Struct) -> dict[str, Any]:
    known = {one.of: _asked(one, getattr(asked, one.name)) for one in _fields(type(asked))}
    return {name: value for name, value in known.items() if value is not None}


def _asked(field: _Field, value: Any) -> Any:
    extra = field.extra
    if value is None:
        return None
    if "prefix" in extra:
        return unprefixed(extra["prefix"], value) or NOBODY
    if "places" in extra:
        whole, _, part = value.partition(".")
        return int(whole + part.ljust(extra["places"], "0"))
    if isinstance(value, _MONEY):
        return value.amount
    if isinstance(value, list):
        return [_plain(one) if isinstance(one, msgspec.Struct) else one for one in value]
    return _plain(value) if isinstance(value, msgspec.Struct) else value


# ---- operations


Act = Callable[[Envelope, Any, Mapping[str, str]], Awaitable[Any]]


def performs(house: House, flow: Any, command: type[Any], gives: type[Any]) -> Act:
    """What is asked, as a command of the flow, and its answer in that shape."""

    async def act(envelope: Envelope, asked: Any, path: Mapping[str, str]) -> Any:
        named = {name: identified(path, name) for name in path if name in PREFIXES}
        answer = await flow(house, envelope, as_command(command, asked, **named))
        return answer if isinstance(answer, Refusal) else told(gives, answer, **_account(gives, envelope.caller))

    return act


def identified(path: Mapping[str, str], name: str) -> UUID:
    """What the path names."""
    return unprefixed(PREFIXES[name], path[name]) or NOBODY


def _account(shape: type[Any], caller: Caller) -> dict[str, str]:
    assert caller.person is not None, "an account is acted for"
    return {"account": prefixed(ACCOUNT, caller.person)} if "account" in shape.__annotations__ else {}


Held = Callable[[Tx, int, UUID], Awaitable[Any]]
"""All of somebody's, the newest first; or the one thing that is asked about."""


async def listed(house: House, caller: Caller, wanted: Wanted, held: Held, shape: type[Any]) -> Part | Refusal:
    """The part that is asked for of all that somebody holds."""

    async def read(tx: Tx, book: int, person: UUID) -> Part:
        shown = [told(shape, one, **_account(shape, caller)) for one in await held(tx, book, person)]
        return behind(shown, [one.id.partition("_")[2] for one in shown], wanted)

    return await allowed(house, caller, read)


async def found(house: House, caller: Caller, held: Held, shape: type[T], what: str) -> T | Refusal:
    """The one thing; `what`: how it is called where there is none."""

    async def read(tx: Tx, book: int, person: UUID) -> T | Refusal:
        view = await held(tx, book, person)
        if isinstance(view, Refusal):
            return unknown(what) if view.code.name.startswith("UNKNOWN") else view
        return told(shape, view, **_account(shape, caller))

    return await allowed(house, caller, read)


async def one_of(house: House, caller: Caller, named: UUID, held: Held, shape: type[Any], what: str) -> Any:
    """The one that is named of all that somebody holds."""

    async def read(tx: Tx, book: int, person: UUID) -> Any:
        shown = [told(shape, one, **_account(shape, caller)) for one in await held(tx, book, person)]
        return next((one for one in shown if one.id.endswith(named.hex)), None) or unknown(what)

    return await allowed(house, caller, read)


Paged = Callable[[Tx, int, UUID, UUID | None, int], Awaitable[list[Any]]]
"""At most so many of somebody's from behind an id on, the newest first."""


async def part_of(house: House, caller: Caller, wanted: Wanted, held: Paged, shape: type[Any]) -> Part | Refusal:
    """The part that is asked for of what is read in parts."""

    async def read(tx: Tx, book: int, person: UUID) -> Part:
        views = await held(tx, book, person, before(wanted), wanted.limit + 1)
        shown = [told(shape, one, **_account(shape, caller)) for one in views]
        return part(shown, [one.id.partition("_")[2] for one in shown], wanted)

    return await allowed(house, caller, read)


async def on_shelf(house: House, bearer: Bearer, wanted: Wanted, shelf: Callable[[Tx], Awaitable[list[Any]]]) -> Part | Refusal:
    """The part that is asked for of what is sold, by code."""
    async with house.database.read() as tx:
        if (gone := await ended(tx, bearer)) is not None:
            return gone
        sold = await shelf(tx)
    after = [one for one in sold if one.product > wanted.after]
    return part(after, [one.product for one in after], wanted)


def behind(shown: list[Any], names: list[str], wanted: Wanted) -> Part:
    """From behind the one that was seen last; nothing, where it is there no more."""
    start = 0 if not wanted.after else names.index(wanted.after) + 1 if wanted.after in names else len(names)
    end = start + wanted.limit + 1
    return part(shown[start:end], names[start:end], wanted)
