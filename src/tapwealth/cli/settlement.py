"""`tapwealth settlement`: statements of what merchants were paid and what each party has of the card fees."""

import csv
import sys
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

import typer

from tapwealth.cli.options import DEFAULT_DATA, PLAIN, DatabaseUrl, DataDir, Json, print_json, run
from tapwealth.kernel.money import format_minor

settlement = typer.Typer(**PLAIN, help="Statements: a merchant's date, a party's share of the card fees.")

Csv = Annotated[bool, typer.Option("--csv", help="Print CSV, amounts in fen.")]


def _date(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date; write it like 2014-02-24", param_hint=name) from None


def _print(lines: Sequence[str], rows: Sequence[Sequence[str]], value: Any, *, as_csv: bool, as_json: bool) -> None:
    if as_json:
        print_json(value)
    elif as_csv:
        csv.writer(sys.stdout, lineterminator="\n").writerows(rows)
    else:
        for line in lines:
            typer.echo(line)


@settlement.command("merchant")
def merchant(
    number: Annotated[str, typer.Argument(help="The merchant's 15 characters.")],
    day: Annotated[str, typer.Argument(help="The date, like 2014-02-24.", metavar="DATE")],
    data_dir: DataDir = DEFAULT_DATA,
    database_url: DatabaseUrl = None,
    csv_: Csv = False,
    json_: Json = False,
) -> None:
    """A merchant's statement of a date: sales, refunds, fee, and the payout."""
    from tapwealth.cli.house_commands import merchant_statement_of
    from tapwealth.flows.reports import settlements

    found = run(merchant_statement_of, data_dir, database_url, number, _date(day, "DATE"))
    _print(settlements.merchant_text(found), settlements.merchant_rows(found), found, as_csv=csv_, as_json=json_)


@settlement.command("party")
def party(
    name: Annotated[str, typer.Argument(help="issuer, network, acquirer, bank or phone_maker.", metavar="PARTY")],
    from_: Annotated[str, typer.Option("--from", help="First date.")],
    to: Annotated[str, typer.Option("--to", help="Last date.")],
    data_dir: DataDir = DEFAULT_DATA,
    database_url: DatabaseUrl = None,
    csv_: Csv = False,
    json_: Json = False,
) -> None:
    """What a party has of the card fees, date by date, and what it was paid."""
    from tapwealth.cli.house_commands import party_statement_of
    from tapwealth.flows.reports import settlements

    found = run(party_statement_of, data_dir, database_url, name, _date(from_, "--from"), _date(to, "--to"))
    _print(settlements.party_text(found), settlements.party_rows(found), found, as_csv=csv_, as_json=json_)


@settlement.command("unearned")
def unearned(
    day: Annotated[str, typer.Argument(help="The date, like 2014-02-24.", metavar="DATE")],
    data_dir: DataDir = DEFAULT_DATA,
    database_url: DatabaseUrl = None,
    csv_: Csv = False,
    json_: Json = False,
) -> None:
    """What of the premiums, and of the commission on them, was earned at the end of a date, by product."""
    from tapwealth.cli.house_commands import earned_on

    found = run(earned_on, data_dir, database_url, _date(day, "DATE"))
    rows = [list(_EARNED), *([str(one[name]) for name in _EARNED] for one in found)]
    lines = [_earned(one) for one in found] or [f"no premium was taken on by {day}"]
    _print(lines, rows, found, as_csv=csv_, as_json=json_)


@settlement.command("insurer")
def insurer(
    day: Annotated[str, typer.Argument(help="The date, like 2014-02-24.", metavar="DATE")],
    data_dir: DataDir = DEFAULT_DATA,
    database_url: DatabaseUrl = None,
    json_: Json = False,
) -> None:
    """The statement that the insurer is given of a date's settlement, as the CSV file that it is."""
    from tapwealth.cli.house_commands import insurer_statement_of

    found = run(insurer_statement_of, data_dir, database_url, _date(day, "DATE"))
    if json_:
        print_json(found["lines"])
    else:
        typer.echo(found["file"], nl=False)


_EARNED = ("product", "premium", "earned", "unearned", "commission", "commission_earned", "commission_unearned")


def _earned(one: dict[str, Any]) -> str:
    premium, earned, left, commission, had = (format_minor(one[name]) for name in _EARNED[1:6])
    return f"{one['product']}: premiums {premium}, earned {earned}, unearned {left}; commission {commission}, earned {had}"
