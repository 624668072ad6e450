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


@settlement.command("trust")
def trust(
    day: Annotated[str, typer.Argument(help="The date, like 2014-02-24.", metavar="DATE")],
    data_dir: DataDir = DEFAULT_DATA,
    database_url: DatabaseUrl = None,
    csv_: Csv = False,
    json_: Json = False,
) -> None:
    """What lay in the premium trust at the end of a date, by item, beside the bank's statement."""
    from tapwealth.cli.house_commands import premium_trust_on

    found = run(premium_trust_on, data_dir, database_url, _date(day, "DATE"))
    _print(_trust_text(found), _trust_rows(found), found, as_csv=csv_, as_json=json_)


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


_TRUST = {
    "owed": "premium owed to the insurer",
    "leaving": "told to the bank, not paid yet",
    "suspense": "in suspense",
    "given_back_later": "commission to be given back",
    "had_later": "commission to be had of a premium that the insurer kept",
}


def _trust_text(found: dict[str, Any]) -> list[str]:
    """The sums, then each item with what it is."""
    said = "not in yet" if found["statement"] is None else format_minor(found["statement"])
    sums = {name: format_minor(sum(one["amount"] for one in found[name])) for name in _TRUST}
    missing = sum(one["amount"] for one in found["given_back_later"]) - found["commission"]
    return [
        f"bank's statement: {said}",
        f"in the trust: {format_minor(found['held'])} = owed to the insurer {sums['owed']} + commission {format_minor(found['commission'])}"
        f" + told to the bank {sums['leaving']} + in suspense {sums['suspense']}",
        f"not in the trust: commission of {format_minor(missing)} to be given back, and of {sums['had_later']} to be had",
        *(f"{one['item']}: {format_minor(one['amount'])} {text}" for name, text in _TRUST.items() for one in found[name]),
    ]


def _trust_rows(found: dict[str, Any]) -> list[list[str]]:
    """What each sum and item is, its name, and fen."""
    sums = [[name, "", "" if found[name] is None else str(found[name])] for name in ("statement", "held", "commission")]
    return [["what", "item", "amount"], *sums, *([name, one["item"], str(one["amount"])] for name in _TRUST for one in found[name])]
