"""`tapwealth notices`: a customer's inbox and choices, on the command line. Imports are lazy, so that `--help` answers at once."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from tapwealth.cli.customer import Token, give, see
from tapwealth.cli.options import DEFAULT_DATA, PLAIN, DataDir, Json, print_json

notices = typer.Typer(**PLAIN, help="A customer's notices: read them, and choose what comes to the phone.")


@notices.command("list")
def list_(
    token: Token,
    before: Annotated[str, typer.Option("--before", help="Those older than the notice of that id.")] = "",
    data_dir: DataDir = DEFAULT_DATA,
    json_: Json = False,
) -> None:
    """The newest notices, newest first; `*` before those that were not opened."""
    found = see(data_dir, token, f"notices?before={quote(before, safe='')}" if before else "notices")
    if json_:
        print_json(found)
    for one in [] if json_ else found:
        typer.echo(f"{' ' if one['read'] else '*'} {one['notice']} {one['at']} {one['kind']}: {one['text_en']} {one['text_zh']}")


@notices.command("read")
def read(
    token: Token,
    which: Annotated[list[str] | None, typer.Argument(help="Ids of notices, from `list`; none: all.", metavar="[NOTICE]...")] = None,
    data_dir: DataDir = DEFAULT_DATA,
    json_: Json = False,
) -> None:
    """Mark notices as opened, or all of them."""
    left = give(data_dir, token, "read_notices", {"notices": which or []})
    if json_:
        print_json(left)
    else:
        typer.echo(f"{left['unread']} not opened")


@notices.command("preferences")
def preferences(token: Token, data_dir: DataDir = DEFAULT_DATA, json_: Json = False) -> None:
    """Which kinds come to the phone, over which channels, and in which language."""
    _tell(see(data_dir, token, "notice_preferences"), json_)


@notices.command("choose")
def choose(
    token: Token,
    kind: Annotated[str, typer.Option("--kind", help="security, card, bill, fund, insurance or deposit.")] = "",
    push: Annotated[bool, typer.Option("--push/--no-push", help="Whether that kind comes as push messages.")] = True,
    sms: Annotated[bool, typer.Option("--sms/--no-sms", help="Whether that kind comes as text messages.")] = False,
    language: Annotated[str | None, typer.Option("--language", help="zh or en: the language of messages.")] = None,
    data_dir: DataDir = DEFAULT_DATA,
    json_: Json = False,
) -> None:
    """Choose how one kind comes to the phone, or the language of messages."""
    chosen: dict[str, Any] = {"kinds": [{"kind": kind, "push": push, "sms": sms}] if kind else []}
    _tell(give(data_dir, token, "choose_notices", chosen | ({"language": language} if language else {})), json_)


def _tell(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    typer.echo(f"language {found['language']}")
    for one in found["kinds"]:
        on = [name for name in ("push", "sms") if one[name]]
        marks = [name for name in ("obligatory", "urgent") if one[name]]
        typer.echo(f"{one['kind']} ({one['kind_en']}): {' and '.join(on) or 'inbox alone'}{''.join(f', {mark}' for mark in marks)}")
