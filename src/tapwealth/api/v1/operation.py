"""What an operation of /v1 is: the edge answers by it, the OpenAPI document and the tests are made from it."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from http import HTTPStatus
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.api.v1.catalogue import RENAMED
from tapwealth.flows.customers.clients import Bearer
from tapwealth.flows.frame import Caller, Envelope
from tapwealth.flows.v1.reading import Wanted
from tapwealth.storage.clients import Scope

_CODE = re.compile(r"[0-9A-Z][0-9A-Za-z_.-]{0,31}", re.ASCII)


def _is_id(text: str) -> bool:
    return UUID(text).hex == text


def _is_day(text: str) -> bool:
    return date.fromisoformat(text).isoformat() == text


SEEN: Mapping[str, Callable[[str], bool]] = {"id": _is_id, "day": _is_day, "code": lambda text: _CODE.fullmatch(text) is not None}
"""Whether a text can be what was last seen of a list; a ValueError says no as well."""


class Asked(NamedTuple):
    """A question: who asks, about whose account (None: about none), which path parameters, which part of a list."""

    bearer: Bearer
    caller: Caller | None
    path: Mapping[str, str]
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class Operation:
    """`path` has its parameters in braces. `read` answers a GET, `act` a POST with a body of the shape `takes` (envelope, body, path
    parameters); it `makes` something new, or changes what is there. `gives` is what is answered, bytes: a file; `refusals` are those that
    it may be decided with. `filters`: parameters of a question, and the form of each, some of them `required`; `seen`: what a list is read
    on from (`SEEN`). `example`: of a body."""

    name: str
    method: str
    path: str
    scope: Scope
    summary: str
    gives: Any
    read: Callable[[Asked], Awaitable[Any]] | None = None
    act: Callable[[Envelope, Any, Mapping[str, str]], Awaitable[Any]] | None = None
    takes: Any = None
    listed: bool = False
    filters: Mapping[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    refusals: tuple[Enum, ...] = field(default=())
    makes: bool = True
    seen: str = "id"
    example: Any = None

    @property
    def status(self) -> int:
        """Of success."""
        return HTTPStatus.CREATED if self.act and self.makes else HTTPStatus.OK

    @property
    def codes(self) -> list[str]:
        """The problems that its refusals are."""
        names = dict.fromkeys(one.name.lower() for one in self.refusals)
        return [RENAMED.get(name, name) for name in names]


def who(asked: Asked) -> Caller:
    """For whom it is asked."""
    assert asked.caller is not None, "the path names an account"
    return asked.caller
