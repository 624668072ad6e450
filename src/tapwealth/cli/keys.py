"""`tapwealth keys`: what key ceremonies and operators do with the keys. No command shows one."""

from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from tapwealth.cli.options import DEFAULT_DATA, PLAIN, DatabaseUrl, DataDir, Json, KeyChoice, print_json, run

keys = typer.Typer(**PLAIN, help="Keys: make, list and compare them, retire one.")


class What(Enum):
    """What `generate` makes."""

    ISSUER = "issuer"
    DATA = "data"


@keys.command("prepare")
def prepare(data_dir: DataDir = DEFAULT_DATA, key_choice: KeyChoice = "", json_: Json = False) -> None:
    """Make the keys that an installation begins with, before there is one; those there are kept. The store is remembered."""
    from tapwealth.cli.key_commands import prepared

    _show(prepared(data_dir, key_choice), as_json=json_)


@keys.command("list")
def list_keys(data_dir: DataDir = DEFAULT_DATA, database_url: DatabaseUrl = None, key_choice: KeyChoice = "", json_: Json = False) -> None:
    """List the keys: name, check value, when made, how the indexes of issuer master keys stand."""
    from tapwealth.cli.key_commands import listed

    _show(listed(data_dir, database_url, key_choice), as_json=json_)


@keys.command("check-value")
def check_value(
    name: Annotated[str, typer.Argument(help="The key's name, as `keys list` shows it.")],
    data_dir: DataDir = DEFAULT_DATA,
    key_choice: KeyChoice = "",
) -> None:
    """Show a key's check value: six digits by which two people see that they have the same key."""
    from tapwealth.cli import key_commands

    typer.echo(key_commands.check_value(data_dir, key_choice, name))


@keys.command("generate")
def generate(
    what: Annotated[What, typer.Argument(help="issuer: the next master key, for new cards. data: fresh keys for sealing.")],
    data_dir: DataDir = DEFAULT_DATA,
    database_url: DatabaseUrl = None,
    key_choice: KeyChoice = "",
    json_: Json = False,
) -> None:
    """Make the next issuer master key, or fresh keys for sealing. What was made or sealed before stays good."""
    from tapwealth.cli.key_commands import generated

    made: dict[str, str] = run(generated, data_dir, database_url, key_choice, what.value)
    if json_:
        print_json(made)
    for name, value in made.items() if not json_ else ():
        typer.echo(f"{name:20} {value}")


@keys.command("retire")
def retire(
    index: Annotated[int, typer.Argument(help="The key index, as in iss_mk_ac_1.", min=1, max=255)],
    data_dir: DataDir = DEFAULT_DATA,
    database_url: DatabaseUrl = None,
    key_choice: KeyChoice = "",
) -> None:
    """Honour an issuer master key no more, for good: taps under it are declined from now on, and its cards get no keys."""
    from tapwealth.cli.key_commands import retired

    done: dict[str, Any] = run(retired, data_dir, database_url, key_choice, index)
    typer.echo(f"key index {done['index']} retired; new cards are given {done['for_new_cards']}")


@keys.command("rewrap")
def rewrap(
    passphrase_file: Annotated[Path, typer.Argument(help="File whose first line is the new passphrase; mode 0600.")],
    data_dir: DataDir = DEFAULT_DATA,
) -> None:
    """Seal the key file with another passphrase. The old one opens it no more; point TAPWEALTH_KEY_PASSPHRASE_FILE to the new one."""
    from tapwealth.storage import passphrase
    from tapwealth.storage.keyfile import KeyFile

    KeyFile(data_dir / "keys").rewrap(passphrase.read(passphrase_file))
    typer.echo(f"sealed anew; start the platform with {passphrase.FILE}={passphrase_file.absolute()}")


def _show(found: list[dict[str, str]], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    for one in found:
        typer.echo(f"{one['name']:20} {one['check_value']}  {one['made'][:19]:19}  {one['kind']:36}  {one['state']}".rstrip())
