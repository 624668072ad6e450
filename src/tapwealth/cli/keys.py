"""`tapwealth keys`: what key ceremonies and operators do with the keys."""

from pathlib import Path
from typing import Annotated

import typer

from tapwealth.cli.options import DEFAULT_DATA, PLAIN, DataDir

keys = typer.Typer(**PLAIN, help="Keys: seal the key file anew.")


@keys.command()
def rewrap(
    passphrase_file: Annotated[Path, typer.Argument(help="File whose first line is the new passphrase; mode 0600.")],
    data_dir: DataDir = DEFAULT_DATA,
) -> None:
    """Seal the key file with another passphrase. The old one opens it no more; point TAPWEALTH_KEY_PASSPHRASE_FILE to the new one."""
    from tapwealth.storage import passphrase
    from tapwealth.storage.keyfile import KeyFile

    KeyFile(data_dir / "keys").rewrap(passphrase.read(passphrase_file))
    typer.echo(f"sealed anew; start the platform with {passphrase.FILE}={passphrase_file.absolute()}")
