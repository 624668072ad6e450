"""What several groups of commands share: their options and how they look."""

from pathlib import Path
from typing import Annotated, Any

import typer

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
