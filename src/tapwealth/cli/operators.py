"""An operator's commands and views on the command line, by login and password: what their groups of commands share.

Imports are lazy, so that `--help` answers at once.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

Login = Annotated[str, typer.Option("--login", help="Who gives the command: an operator's login.")]
Password = Annotated[
    str,
    typer.Option(
        "--password", envvar="TAPWEALTH_PASSWORD", prompt=True, hide_input=True, help="The operator's password. Asked for unless set."
    ),
]
Reason = Annotated[str, typer.Option("--reason", help="Why, in a sentence.")]


def order(data: Path, login: str, password: str, name: str, body: Mapping[str, Any]) -> Any:
    """What a command is answered. Raises BadInput for a refusal, Outage where no platform answers."""
    from tapwealth.cli.served import command, door_of, signed_in
    from tapwealth.kernel.masked import Masked

    door = door_of(data)
    return command(door, signed_in(door, login, Masked(password)), name, body)


def look(data: Path, login: str, password: str, path: str) -> Any:
    """The same of a view."""
    from tapwealth.cli.served import asked, door_of, signed_in
    from tapwealth.kernel.masked import Masked

    door = door_of(data)
    return asked(door, "GET", f"/view/{path}", signed_in(door, login, Masked(password)))
