"""From the bytes of a request to a command, or one line that says what is wrong, where, and what to do.

What the decoder says is put into the words that people use; a value is never repeated beyond its first characters, a secret not at all.
"""

import asyncio
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Any, get_type_hints

import msgspec
from starlette.requests import Request

from tapwealth.api.problem import TooLarge, TooSlow, WrongMediaType
from tapwealth.kernel.refusal import BadInput

MOST_BYTES = 1 << 20
"""Greatest body of a command."""
BODY_SECONDS = 30
"""How long a command's body may take: its order belongs to the instant at which its head came, and the cut of that date waits for it."""
LONGEST_TEXT, LONGEST_LIST, GREATEST_NUMBER = 1_000, 100, 10**18
"""What one text, one list and one number of a command may hold. A command that carries a file names the field in `LONG_TEXTS`: whoever
reads
the file judges it."""

_SHOWN = 40
_UNSEEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
"""Unicode's categories of what is no letter, mark, figure, sign or blank: controls, line breaks, half characters, unassigned ones."""
_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?$", re.DOTALL)
_EXPECTED = re.compile(r"Expected `(?P<wanted>[^`]*)`, got `(?P<got>[^`]*)`")
_FORM = re.compile(r"Expected `str` matching regex '(?P<wanted>.*)'", re.DOTALL)
_BEYOND = re.compile(r"Expected `\w+` (?P<wanted>[<>]=? \S+|of length .*)", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`")
_KINDS = {
    "int": "a whole number",
    "str": "a text",
    "bool": "true or false",
    "null": "null",
    "object": "an object",
    "array": "a list",
    "datetime": "an instant like 2014-02-24T15:00:00+08:00",
    "date": "a date like 2014-02-24",
    "time": "a time of the day like 09:30:00",
    "uuid": "an id",
}
_FORMS = {
    "Invalid UUID": ("no id", "write it as it was given to you"),
    "Invalid RFC3339 encoded datetime": ("no instant", "write it like 2014-02-24T15:00:00+08:00"),
    "Invalid RFC3339 encoded date": ("no date", "write it like 2014-02-24"),
    "Invalid RFC3339 encoded time": ("no time of the day", "write it like 09:30:00"),
}
_REFERENCE = "compare it with the reference"
_WHOLE = "money is in fen, as a whole number: 12.50 yuan is 1250"


class Unreadable(BadInput):
    """JSON that is not of the shape. `code` says what is wrong, for programs; `field` is one of `where` that is lacking or too much."""

    def __init__(self, what: str, *, where: str, hint: str, code: str, field: str = "") -> None:
        super().__init__(what, where=where, hint=hint)
        self.code, self._field = code, field

    @property
    def pointer(self) -> str:
        """RFC 6901; empty for the whole body."""
        return pointer_to(self.where, self._field)


def pointer_to(where: str, field: str = "") -> str:
    """RFC 6901, of a place as it is written here: `insured.name`, `beneficiaries[0]`; empty for the whole body."""
    path = [] if where == "body" else re.sub(r"\[(\d+)\]", r".\1", where).split(".")
    return "".join(f"/{one.replace('~', '~0').replace('/', '~1')}" for one in (*path, field) if one)


async def body_of(request: Request, most: int = MOST_BYTES) -> bytes:
    """The whole body, if it is not above `most` bytes."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            raise TooLarge(f"the body is above {most:,} bytes", where=request.url.path, hint="send less at once")
    return bytes(body)


async def json_body(request: Request, shape: type[Any], most: int = MOST_BYTES) -> Any:
    """The body as that shape. Raises BadInput."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != "application/json":
        raise WrongMediaType(f"{given[:_SHOWN]!r} is not taken", where="Content-Type", hint="send JSON as application/json")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await body_of(request, most)
    except TimeoutError:
        text = f"the body has not come within {BODY_SECONDS} seconds"
        raise TooSlow(text, where=request.url.path, hint="send it again, at once and whole, with the same key") from None
    return read_json(body, shape)


def read_json(body: bytes, shape: type[Any]) -> Any:
    """JSON as that shape, every field as it must be. Raises BadInput."""
    try:
        read = msgspec.json.decode(body, type=shape, strict=True)
        check_names(body)
    except msgspec.ValidationError as error:
        raise explained(str(error), shape) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        why = str(error).removeprefix("JSON is malformed: ")
        raise Unreadable(f"this is not JSON: {why}", where="body", hint="send one whole JSON object", code="not_json") from None
    check_values(read, getattr(shape, "LONG_TEXTS", ()))
    return read


def check_values(read: Any, files: Sequence[str] = ()) -> None:
    """Raises BadInput for a text that cannot be shown, and for more than a command may hold; not of the fields that carry files."""
    for name, value in _values("", msgspec.to_builtins(read)):
        if name not in files:
            _check(name, value)


def check_names(body: bytes) -> None:
    """Raises Unreadable for an object that has a name twice: one reader takes the first, another one the last. `body` is JSON."""
    _names_once(body.decode("utf-8"))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        name = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)[:_SHOWN]
        raise Unreadable(f"the field {name!r} comes twice", where="body", hint="send it once", code="doubled_field", field=name)
    return read


_names_once = json.JSONDecoder(object_pairs_hook=_once).decode
"""Made once: `json.loads` makes a decoder for each call that asks for more than the usual."""


def plain_text(text: str, where: str) -> str:
    """The text, if it can be stored and shown in one line. Raises BadInput."""
    if len(text) > LONGEST_TEXT:
        raise BadInput(f"it has {len(text):,} characters", where=where, hint=f"at most {LONGEST_TEXT:,} are taken")
    if any(unicodedata.category(letter) in _UNSEEN for letter in text):
        raise BadInput("it has a character that cannot be seen", where=where, hint="leave it out")
    return text


def _check(name: str, value: Any) -> None:
    if isinstance(value, str):
        plain_text(value, name)
    elif isinstance(value, list) and len(value) > LONGEST_LIST:
        raise BadInput(f"it has {len(value):,} items", where=name, hint=f"at most {LONGEST_LIST} are taken")
    elif isinstance(value, int) and abs(value) > GREATEST_NUMBER:
        raise BadInput("it has more than 18 digits", where=name, hint="give less")


def _values(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Every value within one, with its name; what contains comes before what is contained."""
    yield name, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _values(f"{name}.{key}" if name else str(key), inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _values(f"{name}[{number}]", inner)


def explained(said: str, shape: Any) -> Unreadable:
    """The decoder's words in ours."""
    found = _AT.match(said)
    assert found is not None, said
    what, path = found["what"], found["path"] or ""

    def wrong(code: str, words: str, hint: str = _REFERENCE, field: str = "") -> Unreadable:
        return Unreadable(words, where=path or "body", hint=hint, code=code, field=field)

    if (match := _UNKNOWN.match(what)) is not None:
        name = match["name"][:_SHOWN]
        return wrong("unknown_field", f"there is no field {name!r}", _fields(shape, path), name)
    if (match := _MISSING.match(what)) is not None:
        return wrong("missing_field", f"the field {match['name']!r} is missing", _fields(shape, path), match["name"])
    if (match := _EXPECTED.match(what)) is not None:
        wanted, got = match["wanted"].removesuffix(" | null"), match["got"]
        hint = _WHOLE if wanted == "int" else f"write {_KINDS.get(wanted, wanted)}"
        return wrong("wrong_type", f"it is {_KINDS.get(got, 'a decimal')}, not {_KINDS.get(wanted, wanted)}", hint)
    if what in _FORMS:
        not_this, hint = _FORMS[what]
        return wrong("wrong_format", f"it is {not_this}", hint)
    if what.startswith(("Invalid enum value", "Invalid value")):
        shown = what.removeprefix("Invalid ").removeprefix("enum ").removeprefix("value ")[:_SHOWN]
        return wrong("not_known", f"{shown} is not known", _choices(shape, path))
    if (match := _FORM.match(what)) is not None:
        return wrong("wrong_format", f"it has another form than {match['wanted']}")
    if (match := _BEYOND.match(what)) is not None:
        return wrong("out_of_range", f"it is not {match['wanted']}")
    return wrong("invalid_value", what[:200].replace("`", "'"))


def _fields(shape: Any, path: str) -> str:
    """The fields that there are, for the body itself."""
    names = ", ".join(getattr(shape, "__struct_fields__", ())) or "none"
    return _REFERENCE if path else f"there are {names}"


def _choices(shape: Any, path: str) -> str:
    kind = get_type_hints(shape).get(path) if isinstance(shape, type) else None
    if isinstance(kind, type) and issubclass(kind, Enum):
        return f"choose one of {', '.join(str(one.value) for one in kind)}"
    return _REFERENCE
