"""`tapwealth autopay`: bills that are paid by themselves, on the command line. Imports are lazy, so that `--help` answers at once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from tapwealth.cli.customer import Account, Biller, Fields, Fund, Item, Token, account_of, fen, give, see, yuan
from tapwealth.cli.options import DEFAULT_DATA, PLAIN, DataDir, Json, print_json

autopay = typer.Typer(**PLAIN, help="Bills that are paid by themselves: agree, look, change, end.")

Which = Annotated[str, typer.Argument(help="The agreement's id, as `list` shows it.", metavar="AUTOPAY")]
Most = Annotated[str, typer.Option("--most", help="The most that one bill may come to, in yuan.")]
Card = Annotated[str | None, typer.Option("--card", help="The id of the bound bank card that pays what wallet and fund lack.")]
When = Annotated[str | None, typer.Option("--when", help="presented, or due: on its last day without a penalty.")]
Notice = Annotated[int | None, typer.Option("--notice", help="Days ahead that the customer is told, 1 to 7.")]


@autopay.command("agree")
def agree(
    biller: Biller,
    account: Account,
    most: Most,
    token: Token,
    fund: Fund = "",
    card: Card = None,
    when: When = None,
    notice: Notice = None,
    item: Item = "",
    field: Fields = None,
    data_dir: DataDir = DEFAULT_DATA,
    json_: Json = False,
) -> None:
    """Have the bills of an account paid by themselves."""
    asked = account_of(biller, account, item, field)
    _give(data_dir, token, "agree_autopay", {**asked, **_terms(most, fund, card, when, notice)}, json_)


@autopay.command("change")
def change(
    which: Which,
    most: Most,
    token: Token,
    fund: Fund = "",
    card: Card = None,
    when: When = None,
    notice: Notice = None,
    data_dir: DataDir = DEFAULT_DATA,
    json_: Json = False,
) -> None:
    """Put other terms in the place of those that stand, for the same account: a new agreement with an id of its own."""
    _give(data_dir, token, "change_autopay", {"autopay": which, **_terms(most, fund, card, when, notice)}, json_)


@autopay.command("end")
def end(which: Which, token: Token, data_dir: DataDir = DEFAULT_DATA, json_: Json = False) -> None:
    """Have nothing more paid by it."""
    _give(data_dir, token, "end_autopay", {"autopay": which}, json_)


@autopay.command("list")
def list_(token: Token, data_dir: DataDir = DEFAULT_DATA, json_: Json = False) -> None:
    """A customer's agreements, oldest first, those that are over as well."""
    found = see(data_dir, token, "autopays")
    if json_:
        print_json(found)
    for one in [] if json_ else found:
        typer.echo(_line(one))


@autopay.command("show")
def show(which: Which, token: Token, data_dir: DataDir = DEFAULT_DATA, json_: Json = False) -> None:
    """An agreement with its bills, each effort to pay, and what the customer was told."""
    found = see(data_dir, token, f"autopays/{quote(which, safe='')}")
    if json_:
        print_json(found)
    for line in [] if json_ else _lines(found):
        typer.echo(line)


def _terms(most: str, fund: str, card: str | None, when: str | None, notice: int | None) -> dict[str, Any]:
    said = {"most": fen(most, where="--most"), "fund": fund, "card": card, "when": when, "notice": notice}
    return {name: value for name, value in said.items() if value is not None}


def _give(data: Path, token: str, name: str, body: dict[str, Any], as_json: bool) -> None:  # the option as it is
    made = give(data, token, name, body)
    if as_json:
        print_json(made)
    else:
        typer.echo(_line(made))


def _line(one: dict[str, Any]) -> str:
    sources = ["wallet", *([one["fund"]] if one["fund"] else []), *([f"card {one['card']} ({one['card_en']})"] if one["card"] else [])]
    terms = f"up to {yuan(one['most'])} a bill, by {', then '.join(sources)}, when {one['when']}, told {one['notice']} days ahead"
    biller = f"{one['biller_en']} ({one['biller_code']}, {one['item']})"
    return f"{one['autopay']} {one['state_en']}: {biller} {one['account']}, {terms}"


def _lines(found: dict[str, Any]) -> Iterator[str]:
    one = found["agreement"]
    yield _line(one)
    if one["last_day"]:
        yield f"  looked after on {one['last_day']}: {one['last_en']}{': ' if one['reason'] else ''}{one['reason']}"
    for bill in one["bills"]:
        due = f", due {bill['due_on']}" if bill["due_on"] else ""
        yield f"  bill {bill['period']}, {yuan(bill['balance'])}{due}: {bill['state_en']}, day {bill['pay_on']}"
    for of in found["attempts"]:
        why = f" ({of['reason']})" if of["reason"] else ""
        yield f"  {of['day']} {of['kind'].replace('_', ' ')} of {yuan(of['amount'])} for {of['bill_number']}: {of['state_en']}{why}"
    for of in found["notices"]:
        yield f"  told {of['at']}: {of['text_en']}"
