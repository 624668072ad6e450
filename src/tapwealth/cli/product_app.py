"""`tapwealth product`: the catalogue on the command line. Imports are lazy, so that `--help` answers at once."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tapwealth.cli.operators import Login, Password, Reason, order
from tapwealth.cli.options import DEFAULT_DATA, PLAIN, DatabaseUrl, DataDir, Json, print_json, run

product = typer.Typer(**PLAIN, help="Products: define them in files, review, put on sale, close.")

File = Annotated[Path, typer.Argument(help="A definition's file (YAML).", metavar="FILE")]
Code = Annotated[str, typer.Argument(help="The product's code.", metavar="PRODUCT")]
Number = Annotated[int, typer.Argument(help="Number of the version.", metavar="VERSION", min=1)]


@product.command("check")
def check(file: File) -> None:
    """Read a definition's file and say what is wrong with it. Nothing is sent."""
    from tapwealth.cli.product_commands import checked_file

    typer.echo(checked_file(file))


@product.command("draft")
def draft(file: File, login: Login, password: Password, data_dir: DataDir = DEFAULT_DATA) -> None:
    """Hand in a definition's file: the next version of its product."""
    from tapwealth.cli.product_commands import text_of

    _give(data_dir, login, password, "draft_product", {"yaml": text_of(file)})


@product.command("document")
def document(
    file: Annotated[Path, typer.Argument(help="A document: PDF, text or HTML.", metavar="FILE")],
    login: Login,
    password: Password,
    data_dir: DataDir = DEFAULT_DATA,
) -> None:
    """Hand in a document, and print the SHA-256 by which definitions name it."""
    from tapwealth.cli.product_commands import document_of

    typer.echo(order(data_dir, login, password, "add_document", document_of(file))["sha256"])


@product.command("review")
def review(code: Code, version: Number, login: Login, password: Password, data_dir: DataDir = DEFAULT_DATA) -> None:
    """Say that a drafted version is right; its maker cannot."""
    _give(data_dir, login, password, "review_product", {"product": code, "version": version})


@product.command("reject")
def reject(code: Code, version: Number, login: Login, password: Password, reason: Reason, data_dir: DataDir = DEFAULT_DATA) -> None:
    """Give a version back."""
    _give(data_dir, login, password, "reject_product", {"product": code, "version": version, "reason": reason})


@product.command("approve")
def approve(code: Code, version: Number, login: Login, password: Password, data_dir: DataDir = DEFAULT_DATA) -> None:
    """Put a reviewed version on sale; its maker cannot."""
    _give(data_dir, login, password, "approve_product", {"product": code, "version": version})


@product.command("withdraw")
def withdraw(code: Code, version: Number, login: Login, password: Password, reason: Reason, data_dir: DataDir = DEFAULT_DATA) -> None:
    """Take back a version that is not on sale; its maker alone can."""
    _give(data_dir, login, password, "withdraw_product", {"product": code, "version": version, "reason": reason})


@product.command("close")
def close(code: Code, version: Number, login: Login, password: Password, reason: Reason, data_dir: DataDir = DEFAULT_DATA) -> None:
    """Sell it no more; what was sold goes on."""
    _give(data_dir, login, password, "close_product", {"product": code, "version": version, "reason": reason})


def _give(data_dir: Path, login: str, password: str, name: str, body: dict[str, Any]) -> None:
    done = order(data_dir, login, password, name, body)
    typer.echo(f"{done['product']} version {done['version']}: {done['state']}")


@product.command("list")
def list_(data_dir: DataDir = DEFAULT_DATA, database_url: DatabaseUrl = None, json_: Json = False) -> None:
    """Every product, and what waits for a second person."""
    from tapwealth.cli.product_commands import lines

    found = run(lines, data_dir, database_url)
    if json_:
        print_json(found)
    for one in [] if json_ else found:
        waits = f", abandoned: it has waited {one['waiting_days']} days" if one["abandoned"] else ""
        named = f"{one['kind'].replace('_', ' ')}, {one['name_en']}"
        typer.echo(f"{one['product']} version {one['version']}: {one['state_en']}, {named}{waits}")


@product.command("show")
def show(code: Code, data_dir: DataDir = DEFAULT_DATA, database_url: DatabaseUrl = None, json_: Json = False) -> None:
    """A product's versions, newest first: who did what, and what each one changed."""
    from tapwealth.cli.product_commands import versions

    found = run(versions, data_dir, database_url, code)
    if json_:
        print_json(found)
    for one in [] if json_ else found:
        typer.echo(f"{one['product']} version {one['version']}: {one['state_en']}, {one['name_en']} ({one['sha256'][:12]})")
        for step in one["steps"]:
            typer.echo(f"  {step['at']} {step['state']} by {step['by']}{': ' if step['reason'] else ''}{step['reason']}")
        for change in one["changes"]:
            typer.echo(f"  - {change['en']}")


@product.command("compare")
def compare(
    code: Code,
    former: Annotated[int, typer.Argument(help="Number of the one version.", min=1)],
    later: Annotated[int, typer.Argument(help="Number of the other one.", min=1)],
    data_dir: DataDir = DEFAULT_DATA,
    database_url: DatabaseUrl = None,
    chinese: Annotated[bool, typer.Option("--zh", help="In Chinese.")] = False,
    json_: Json = False,
) -> None:
    """Two versions in words."""
    from tapwealth.cli.product_commands import compared

    found = run(compared, data_dir, database_url, code, former, later)
    if json_:
        print_json(found)
    for one in [] if json_ else found:
        typer.echo(one["zh" if chinese else "en"])


@product.command("export")
def export(
    code: Code,
    data_dir: DataDir = DEFAULT_DATA,
    database_url: DatabaseUrl = None,
    version: Annotated[
        int | None, typer.Option("--version", help="Number of the version; else the one on sale, or the last.", min=1)
    ] = None,
) -> None:
    """The file of a version, as it would be handed in."""
    from tapwealth.cli.product_commands import exported

    typer.echo(run(exported, data_dir, database_url, code, version), nl=False)
