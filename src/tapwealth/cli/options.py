"""What several groups of commands share: their options, how they end and how they look."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

DONE, REFUSED, OUTAGE = 0, 1, 3
"""Exit codes; 2 is typer's, for wrong usage."""

PLAIN: Any = {"no_args_is_help": True, "rich_markup_mode": None}  # the formatted help takes 0.3 s to import

DataDir = Annotated[Path, typer.Option("--data-dir", envvar="TAPWEALTH_DATA_DIR", help="Folder of database, keys and partners.")]
DatabaseUrl = Annotated[
    str | None, typer.Option("--database-url", envvar="TAPWEALTH_DATABASE_URL", help="A PostgreSQL server instead of the embedded one.")
]
KeyChoice = Annotated[
    str,
    typer.Option("--keys", envvar="TAPWEALTH_KEYS", help="Where the keys are: software, or a PKCS#11 URI. Default: as the last time."),
]
Json = Annotated[bool, typer.Option("--json", help="Print data instead of text.")]
DEFAULT_DATA = Path("var")


def print_json(value: Any) -> None:
    """Indented."""
    import msgspec

    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def run(command: Callable[..., Any], *arguments: Any) -> Any:
    """Run a command; a refusal is printed and ends with 1."""
    from tapwealth.kernel.refusal import Refusal

    result = command(*arguments)
    if isinstance(result, Refusal):
        typer.echo(result.text, err=True)
        sys.exit(REFUSED)
    return result
