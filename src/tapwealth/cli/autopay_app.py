"""`tapwealth autopay`: bills that are paid by themselves, on the command line. Imports are lazy, so that `--help` answers at once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from tapwealth.cli.options import DEFAULT_DATA, PLAIN, DataDir, Json, print_json

autopay = typer.Typer(**PLAIN, help="Bills that are paid by themselves: agree, look, change, end.")

Token = Annotated[
    str,
    typer.Option(
        "--token", envvar="TAPWEALTH_CUSTOMER_TOKEN", prompt=True, hide_input=True,
        help="The token of the customer's phone. Asked for unless set.",
    ),
]  # fmt: skip
Which = Annotated[str, typer.Argument(help="The agreement's id, as `list` shows it.", metavar="AUTOPAY")]
Most = Annotated[str, typer.Option("--most", help="The most that one bill may come to, in yuan.")]
Fund = Annotated[str, typer.Option("--fund", help="The fund that pays what the wallet lacks: its code, or pocket. Default: none.")]
Card = Annotated[str | None, typer.Option("--card", help="The id of the bound bank card that pays what wallet and fund lack.")]
When = Annotated[str | None, typer.Option("--when", help="presented, or due: on its last day without a penalty.")]
Notice = Annotated[int | None, typer.Option("--notice", help="Days ahead that the customer is told, 1 to 7.")]


@autopay.command("agree")
def agree(
    biller: Annotated[str, typer.Argument(help="The biller's code.", metavar="BILLER")],
    account: Annotated[str, typer.Argument(help="The number of the account there.", metavar="ACCOUNT")],
    most: Most,
    token: Token,
    fund: Fund = "",
    card: Card = None,
    when: When = None,
    notice: Notice = None,
    item: Annotated[str, typer.Option("--item", help="The biller's item, where it offers several.")] = "",
    field: Annotated[
        list[str] | None, typer.Option("--field", help="What else it asks for, NAME=VALUE; may come several times.", metavar="NAME=VALUE")
    ] = None,
    data_dir: DataDir = DEFAULT_DATA,
    json_: Json = False,
) -> None:
    """Have the bills of an account paid by themselves."""
    asked = {"biller": biller, "account_number": account, "item": item, "fields": _fields(field or [])}
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
    found = _view(data_dir, token, "autopays")
    if json_:
        print_json(found)
    for one in [] if json_ else found:
        typer.echo(_line(one))


@autopay.command("show")
def show(which: Which, token: Token, data_dir: DataDir = DEFAULT_DATA, json_: Json = False) -> None:
    """An agreement with its bills, each effort to pay, and what the customer was told."""
    found = _view(data_dir, token, f"autopays/{quote(which, safe='')}")
    if json_:
        print_json(found)
    for line in [] if json_ else _lines(found):
        typer.echo(line)


def _fields(given: list[str]) -> dict[str, str]:
    if wrong := [one for one in given if "=" not in one.lstrip("=")]:
        raise typer.BadParameter(f"{wrong[0]!r} is no NAME=VALUE")
    return dict(one.split("=", 1) for one in given)


def _terms(most: str, fund: str, card: str | None, when: str | None, notice: int | None) -> dict[str, Any]:
    from tapwealth.kernel.money import read_minor

    said = {"most": read_minor(most, where="--most"), "fund": fund, "card": card, "when": when, "notice": notice}
    return {name: value for name, value in said.items() if value is not None}


def _give(data: Path, token: str, name: str, body: dict[str, Any], as_json: bool) -> None:  # the option as it is
    from tapwealth.cli.customer import command
    from tapwealth.kernel.masked import Masked

    made = command(data, Masked(token), name, body)
    if as_json:
        print_json(made)
    else:
        typer.echo(_line(made))


def _view(data: Path, token: str, path: str) -> Any:
    from tapwealth.cli.customer import view
    from tapwealth.kernel.masked import Masked

    return view(data, Masked(token), path)


def _yuan(fen: int) -> str:
    from tapwealth.kernel.money import format_minor

    return format_minor(fen)


def _line(one: dict[str, Any]) -> str:
    sources = ["wallet", *([one["fund"]] if one["fund"] else []), *([f"card {one['card']} ({one['card_en']})"] if one["card"] else [])]
    terms = f"up to {_yuan(one['most'])} a bill, by {', then '.join(sources)}, when {one['when']}, told {one['notice']} days ahead"
    biller = f"{one['biller_en']} ({one['biller_code']}, {one['item']})"
    return f"{one['autopay']} {one['state_en']}: {biller} {one['account']}, {terms}"


def _lines(found: dict[str, Any]) -> Iterator[str]:
    one = found["agreement"]
    yield _line(one)
    if one["last_day"]:
        yield f"  looked after on {one['last_day']}: {one['last_en']}{': ' if one['reason'] else ''}{one['reason']}"
    for bill in one["bills"]:
        due = f", due {bill['due_on']}" if bill["due_on"] else ""
        yield f"  bill {bill['period']}, {_yuan(bill['balance'])}{due}: {bill['state_en']}, day {bill['pay_on']}"
    for of in found["attempts"]:
        why = f" ({of['reason']})" if of["reason"] else ""
        yield f"  {of['day']} {of['kind'].replace('_', ' ')} of {_yuan(of['amount'])} for {of['bill_number']}: {of['state_en']}{why}"
    for of in found["notices"]:
        yield f"  told {of['at']}: {of['text_en']}"
