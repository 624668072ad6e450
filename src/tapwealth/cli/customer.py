"""A customer's commands and views on the command line, with the token of the customer's phone: what their groups of commands share.

Imports are lazy, so that `--help` answers at once.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

Token = Annotated[
    str,
    typer.Option(
        "--token", envvar="TAPWEALTH_CUSTOMER_TOKEN", prompt=True, hide_input=True,
        help="The token of the customer's phone. Asked for unless set.",
    ),
]  # fmt: skip
Biller = Annotated[str, typer.Argument(help="The biller's code.", metavar="BILLER")]
Account = Annotated[str, typer.Argument(help="The number of the account there.", metavar="ACCOUNT")]
Amount = Annotated[str, typer.Argument(help="In yuan, like 100.50.", metavar="AMOUNT")]
Item = Annotated[str, typer.Option("--item", help="What is paid, where the biller takes payments for several things.")]
Fields = Annotated[
    list[str] | None,
    typer.Option("--field", help="What else the item asks for, NAME=VALUE; may come several times.", metavar="NAME=VALUE"),
]
Fund = Annotated[str, typer.Option("--fund", help="The fund that pays what the wallet lacks: its code, or pocket. Default: none.")]


def give(data: Path, token: str, name: str, body: Mapping[str, Any]) -> Any:
    """What a command is answered. Raises BadInput for a refusal, Outage where no platform answers."""
    from tapwealth.cli.served import command, door_of

    return command(door_of(data), _sendable(token), name, body)


def see(data: Path, token: str, path: str) -> Any:
    """The same of a view; one that is open needs no token."""
    from tapwealth.cli.served import asked, door_of

    return asked(door_of(data), "GET", f"/view/{path}", _sendable(token))


_TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".heic": "image/heic", ".pdf": "application/pdf"}


def send_file(data: Path, token: str, path: str, file: Path) -> Any:
    """A file as it is, declared by its name. Raises BadInput for one that cannot be read, else as `give`."""
    from tapwealth.cli.served import door_of, sent_file
    from tapwealth.kernel.refusal import BadInput

    media_type = _TYPES.get(file.suffix.lower())
    if media_type is None:
        raise BadInput(f"{file.name[:40]!r} is none of {', '.join(_TYPES)}", where="FILE", hint="send a picture or a PDF")
    try:
        with file.open("rb") as content:
            return sent_file(door_of(data), _sendable(token), path, media_type, content)
    except OSError as error:
        raise BadInput(f"{file.name[:40]!r} cannot be read ({error.strerror})", where="FILE", hint="check the path") from None


def account_of(biller: str, account: str, item: str, fields: list[str] | None) -> dict[str, Any]:
    """Which account is meant. Raises BadInput for a field that is no NAME=VALUE, or that comes twice."""
    from tapwealth.kernel.refusal import BadInput

    further: dict[str, str] = {}
    for name, sign, value in (one.partition("=") for one in fields or []):
        if not name or not sign:
            raise BadInput("a field has a name and a value", where="--field", hint="write it like branch=02")
        if name in further:
            raise BadInput(f"{name[:40]!r} comes twice", where="--field", hint="say each field once")
        further[name] = value
    return {"biller": biller, "account_number": account, "item": item, "fields": further}


def fen(text: str, where: str = "AMOUNT") -> int:
    """An amount as it was written, in yuan. Raises BadInput."""
    from tapwealth.kernel.money import read_minor

    return read_minor(text, where=where)


def yuan(amount: int) -> str:
    """An amount as it is shown."""
    from tapwealth.kernel.money import format_minor

    return format_minor(amount)


def _sendable(token: str) -> str:
    from tapwealth.kernel.refusal import BadInput

    if not token.isascii() or not token.isprintable():
        raise BadInput("it has letters that no token has", where="--token", hint="give the token of the customer's phone")
    return token
