"""`tapwealth sale`: what a buyer was shown and what they signed, years later, as it was."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from tapwealth.cli.options import DEFAULT_DATA, DONE, PLAIN, REFUSED, DatabaseUrl, DataDir, Json, print_json, run

sale = typer.Typer(**PLAIN, help="Records of sales: what the buyer was shown, confirmed and signed.")


@sale.command("show")
def show(
    identifier: Annotated[str, typer.Argument(help="Of an order, plan, sweep, autopay, policy or deposit.", metavar="ID")],
    data_dir: DataDir = DEFAULT_DATA,
    database_url: DatabaseUrl = None,
    documents: Annotated[
        Path | None, typer.Option("--documents", help="Write the documents that were shown into this folder, each named by its SHA-256.")
    ] = None,
    json_: Json = False,
) -> None:
    """Show a sale as its buyer saw it. Exits with 1 if its record is not proved by its hashes and by the ledger."""
    from tapwealth.cli.house_commands import documents_of, sale_of

    found = run(sale_of, data_dir, database_url, identifier)
    if documents is not None and found["shown"] is not None:
        run(documents_of, data_dir, database_url, [one["sha256"] for one in found["shown"]["documents"]], documents)
    if json_:
        print_json(found)
    else:
        for line in _lines(found):
            typer.echo(line)
    raise typer.Exit(DONE if found["proved"] else REFUSED)


def _lines(found: dict[str, Any]) -> Iterator[str]:
    record, offer = found["record"], found["shown"]
    if offer is None:
        for name, value in record.items():
            yield f"  {name}: {value}"
    else:
        yield f"{offer['title']} ({offer['product']}, version {offer['version']}), shown in {offer['language']}"
        yield from (f"  {one['name']}: {one['text']}" for one in offer["facts"])
        yield from (f"  ! {text}" for text in offer["warnings"])
        yield from (f"  document: {one['title']}, sha256 {one['sha256']}" for one in offer["documents"])
        yield from (f"  confirms: {text}" for text in offer["confirms"])
        yield f"signed at {record['at']} by {record['signed']['who']} ({record['signed']['by']}), customer {record['person']}"
        yield from (f"  {name}: {value}" for name, value in record["terms"].items())
        if record["confirmed"]:
            yield f"  confirmed: {', '.join(record['confirmed'])}"
    yield f"record sha256 {found['digest']}"
    yield f"proved: sealed in the ledger by {found['sealed_by']}" if found["proved"] else f"NOT PROVED: {found['doubt']}"
