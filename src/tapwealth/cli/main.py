"""The command line: `tapwealth`. Imports are lazy, so that `--help` answers at once.

Exit codes: 0 done, 1 refused or a proof failed, 2 usage, 3 outage.
"""

import os
import re
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from tapwealth.cli.autopay_app import autopay
from tapwealth.cli.bill_app import bill, biller
from tapwealth.cli.claim_app import claim
from tapwealth.cli.customer import Amount, Token, fen, give
from tapwealth.cli.deposit_app import deposit
from tapwealth.cli.keys import keys
from tapwealth.cli.notices_app import notices
from tapwealth.cli.options import DEFAULT_DATA, DONE, OUTAGE, PLAIN, REFUSED, DatabaseUrl, DataDir, Json, KeyChoice, print_json, run
from tapwealth.cli.policy_app import policy
from tapwealth.cli.product_app import product
from tapwealth.cli.sale_commands import sale
from tapwealth.cli.settlement import settlement
from tapwealth.cli.terminal_app import terminal
from tapwealth.kernel.refusal import BadInput, Outage

app = typer.Typer(**PLAIN, add_completion=False, pretty_exceptions_enable=False, help="Tap to pay, bills, funds, insurance.")
day = typer.Typer(**PLAIN, help="Business dates: close one, see where they stand.")
fund = typer.Typer(**PLAIN, help="Funds: buy, yields, exchange files.")
exchange = typer.Typer(**PLAIN, help="Exchange files of JR/T 0017.")
db = typer.Typer(**PLAIN, help="The database: bring it up to date, see where it stands.")
app.add_typer(day, name="day")
app.add_typer(fund, name="fund")
fund.add_typer(exchange, name="exchange")
app.add_typer(db, name="db")
app.add_typer(terminal, name="terminal")
app.add_typer(settlement, name="settlement")
app.add_typer(sale, name="sale")
app.add_typer(keys, name="keys")
app.add_typer(product, name="product")
app.add_typer(autopay, name="autopay")
app.add_typer(biller, name="biller")
app.add_typer(bill, name="bill")
app.add_typer(notices, name="notices")
app.add_typer(claim, name="claim")
app.add_typer(policy, name="policy")
app.add_typer(deposit, name="deposit")


def main() -> None:
    """The console script: refusals and outages become one line and an exit code."""
    try:
        app(args=_with_json_target(sys.argv[1:]))
    except BadInput as error:
        _say(str(error))
        sys.exit(REFUSED)
    except Outage as error:
        _say(str(error))
        sys.exit(OUTAGE)
    except OSError as error:
        _say(_of_the_machine(error))
        sys.exit(OUTAGE)


def _of_the_machine(error: OSError) -> str:
    """What the machine does not let us do: where, why, what to do."""
    where = f"{error.filename}: " if error.filename else ""
    hint = "look at the path, its rights and its disk, or give another" if error.filename else "see whether the machine has it to give"
    return f"{where}{error.strerror or error}; {hint}"


def _with_json_target(arguments: list[str]) -> list[str]:
    """`demo --json` without a file means standard output."""
    if arguments[:1] != ["demo"] or "--json" not in arguments:
        return arguments
    after = arguments.index("--json") + 1
    missing = after == len(arguments) or arguments[after].startswith("--")
    return [*arguments[:after], "-", *arguments[after:]] if missing else arguments


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _iso_date(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date; write it like 2014-02-24") from None


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise typer.BadParameter(f"{text!r} is not an instant; write it like 2014-02-24T00:00:00+08:00")
    return instant


def _named_urls(given: list[str]) -> dict[str, str]:
    named = dict(one.partition("=")[::2] for one in given)
    if wrong := [one for one in given if not re.fullmatch(r"[A-Z0-9_-]{1,40}=https?://.+", one, re.ASCII)]:
        raise typer.BadParameter(f"{wrong[0]!r} is no NAME=URL; write it like BJPOWER=http://127.0.0.1:9000")
    if len(named) < len(given):
        raise typer.BadParameter("the same connection is named twice by --biller-url; give each one address")
    return named


def _first_day(first: date | None, days: int) -> date | None:
    """A week begins on a dealing day of the fund, within the months whose income is on record."""
    if first is None:
        return None
    from tapwealth.kernel.calendar_data import load_calendar

    last = first + timedelta(days=days)
    if not date(2013, 7, 8) <= first <= last <= date(2014, 8, 31):
        raise typer.BadParameter(f"the fund's income is on record from 2013-07-08 to 2014-08-31; {first} and {days} days leave that")
    if not load_calendar().is_dealing_day(first):
        raise typer.BadParameter(f"{first} is no dealing day; begin on a working day from Monday to Friday")
    return first


@app.command()
def up(
    data_dir: DataDir = DEFAULT_DATA,
    database_url: DatabaseUrl = None,
    http_port: Annotated[int, typer.Option(help="Port of the HTTP interface.", min=0, max=65535)] = 8014,
    terminal_port: Annotated[int, typer.Option(help="Port for terminals (ISO 8583).", min=0, max=65535)] = 8583,
    books: Annotated[int, typer.Option(help="Number of books of a new installation.", min=1, max=1024)] = 16,
    key_choice: KeyChoice = "",
    seed: Annotated[int | None, typer.Option(help="Ids and keys of a new installation follow it; for played weeks only.")] = None,
    clock_start: Annotated[str | None, typer.Option(help="Start a test clock at this instant (RFC 3339); else real time.")] = None,
    operators: Annotated[Path | None, typer.Option(help="JSON file of operators to admit at the first start.")] = None,
    exchange_dir: Annotated[Path | None, typer.Option("--exchange", help="Folder of the files exchanged with the registrar.")] = None,
    bank_url: Annotated[str, typer.Option(help="The partner bank.")] = "",
    identity_url: Annotated[str, typer.Option(help="The identity channels.")] = "",
    biller_url: Annotated[
        list[str] | None, typer.Option(help="A connection to billers, NAME=URL; may come several times.", metavar="NAME=URL")
    ] = None,
    insurer_url: Annotated[str, typer.Option(help="The insurer.")] = "",
    network_url: Annotated[str, typer.Option(help="The card network.")] = "",
    messenger_url: Annotated[str, typer.Option(help="Who brings notices to phones; without one they wait in the inbox.")] = "",
    trusted_proxy: Annotated[
        list[str] | None, typer.Option(help="Address or network of a proxy whose X-Forwarded-For is believed; may come several times.")
    ] = None,
) -> None:
    """Run the platform until Ctrl-C: database, HTTP, terminals, worker."""
    from tapwealth.app.event_loop import runner
    from tapwealth.app.house import Settings
    from tapwealth.app.platform import run_platform

    settings = Settings(
        data=data_dir,
        database_url=database_url,
        books=books,
        http_port=http_port,
        host_port=terminal_port,
        token=os.environ.get("TAPWEALTH_PARTNER_TOKEN", ""),
        keys=key_choice,
        seed=seed,
        bank_url=bank_url,
        biller_urls=_named_urls(biller_url or []),
        identity_url=identity_url,
        insurer_url=insurer_url,
        network_url=network_url,
        messenger_url=messenger_url,
        proxies=tuple(trusted_proxy or ()),
        exchange=exchange_dir or data_dir / "exchange",
    )
    with runner() as loop:
        loop.run(run_platform(settings, _instant(clock_start), operators, typer.echo))


@app.command()
def demo(
    data_dir: DataDir = DEFAULT_DATA,
    database_url: DatabaseUrl = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start anew; what was played before is deleted.")] = False,
    from_day: Annotated[
        str | None, typer.Option("--from", help="First day: a dealing day from 2013-07-08 to August 2014; 2014-02-24 unless told.")
    ] = None,
    days: Annotated[int, typer.Option(help="How many days to play.", min=1, max=8)] = 8,
    seed: Annotated[int, typer.Option(help="People, keys and ids follow it.")] = 1,
    books: Annotated[int, typer.Option(help="Number of books.", min=1, max=1024)] = 16,
    orders: Annotated[Path | None, typer.Option(help="Order file of the other channel (OFD, type 03).")] = None,
    fault: Annotated[str, typer.Option(help="What goes wrong: the name of a fault (docs/reference/week.md).")] = "",
    json_file: Annotated[
        str | None, typer.Option("--json", help="Write the figures to FILE, or without one to standard output.", metavar="[FILE]")
    ] = None,
    serve: Annotated[bool, typer.Option("--serve", help="Keep serving the page until Ctrl-C.")] = False,
) -> None:
    """Play the week: platform and partners as processes, people who tap, pay and buy, every date proved."""
    from tapwealth.cli.show import show

    first = _first_day(_iso_date(from_day), days)
    sys.exit(
        show(
            data_dir,
            fresh=fresh,
            first_day=first,
            days=days,
            seed=seed,
            books=books,
            orders=orders,
            fault=fault,
            json_file=json_file,
            serve=serve,
            database_url=database_url,
        )
    )


@app.command()
def audit(
    data_dir: DataDir = DEFAULT_DATA,
    database_url: DatabaseUrl = None,
    since: Annotated[str | None, typer.Option(help="Begin at the closed balances of this date.")] = None,
    json_: Json = False,
) -> None:
    """Check the whole ledger: sums, balances, holds, answers, archived years, the chain and its heads. Names what was changed and where."""
    from tapwealth.cli.house_commands import audit_house

    findings = run(audit_house, data_dir, database_url, _iso_date(since))
    if json_:
        print_json(findings)
    else:
        for line in findings["findings"]:
            typer.echo(line["text"])
        typer.echo(f"{findings['lines']} lines in {findings['books']} books checked: " + ("clean" if findings["clean"] else "CHANGED"))
    sys.exit(DONE if findings["clean"] else REFUSED)


@app.command()
def archive(
    year: Annotated[int | None, typer.Argument(help="The year, like 2014; without it, say where each year is.")] = None,
    data_dir: DataDir = DEFAULT_DATA,
    database_url: DatabaseUrl = None,
    json_: Json = False,
) -> None:
    """Move a closed year's day-by-day income out of the database into Parquet files, and say where each year is."""
    from tapwealth.cli.house_commands import archive_of

    rows = run(archive_of, data_dir, database_url, year, lambda line: typer.echo(line, err=True))
    if json_:
        print_json(rows)
        return
    if not rows:
        typer.echo("no income has been given yet")
    for row in rows:
        where = f"{row['file']}, {row['bytes']} bytes" if row["file"] else "in the database"
        typer.echo(f"{row['year']}  asset {row['asset']}  book {row['book']:<4} {row['state']:9} {row['spreads']:>5} spreads  {where}")


@day.command("close")
def day_close(
    business_date: Annotated[str, typer.Argument(help="The date, like 2014-02-24.")],
    data_dir: DataDir = DEFAULT_DATA,
    database_url: DatabaseUrl = None,
    json_: Json = False,
) -> None:
    """Run what is left of a date's end. Exits with 1 if it is refused or a proof fails."""
    from tapwealth.cli.house_commands import close_date

    report = run(close_date, data_dir, database_url, _iso_date(business_date))
    if json_:
        print_json(report)
    else:
        for name, step in report["steps"].items():
            typer.echo(f"{name:22} {step['text']}")
            for line in step["wrong"]:
                typer.echo(f"  ! {line}")
    sys.exit(DONE if report["closed"] else REFUSED)


@day.command("status")
def day_status(data_dir: DataDir = DEFAULT_DATA, database_url: DatabaseUrl = None, json_: Json = False) -> None:
    """Where the business dates stand."""
    from tapwealth.cli.house_commands import date_status

    rows = run(date_status, data_dir, database_url)
    if json_:
        print_json(rows)
        return
    if not rows:
        typer.echo("no date has ended yet")
    for row in rows:
        typer.echo(f"{row['business_date']}  {row['state']}")


@app.command()
def statement(
    customer: Annotated[str, typer.Argument(help="Phone number, or the id that begins with cus_.")],
    data_dir: DataDir = DEFAULT_DATA,
    database_url: DatabaseUrl = None,
    json_: Json = False,
) -> None:
    """A customer's statement: wallet and holding, line by line, with running balances."""
    from tapwealth.cli.house_commands import statement_of
    from tapwealth.cli.show import print_statement

    found = run(statement_of, data_dir, database_url, customer)
    if json_:
        print_json(found)
    else:
        print_statement(found)


@app.command()
def assets(
    customer: Annotated[str, typer.Argument(help="Phone number, or the id that begins with cus_.")],
    business_date: Annotated[
        str | None, typer.Option("--date", help="At the end of this date, like 2014-02-24; else as it stands.")
    ] = None,
    data_dir: DataDir = DEFAULT_DATA,
    database_url: DatabaseUrl = None,
    json_: Json = False,
) -> None:
    """Everything a customer owned on a date, by product: accounts as the ledger has them, and what was under way."""
    from tapwealth.cli.house_commands import assets_of
    from tapwealth.cli.show import print_assets

    day = None if business_date is None else _iso_date(business_date)
    found = run(assets_of, data_dir, database_url, customer, day)
    if json_:
        print_json(found)
    else:
        print_assets(found)


@fund.command("buy")
def fund_buy(
    code: Annotated[str, typer.Argument(help="The fund's code.", metavar="FUND")],
    amount: Amount,
    token: Token,
    data_dir: DataDir = DEFAULT_DATA,
    json_: Json = False,
) -> None:
    """Buy a fund out of the wallet. What was shown is kept, and `tapwealth sale show` shows it by the order's id."""
    placed = give(data_dir, token, "purchase_fund", {"fund": code, "amount": fen(amount)})
    if json_:
        print_json(placed)
    else:
        typer.echo(f"{placed['order']}: deals on {placed['dealing_date']}")


@fund.command("yield")
def fund_yield(
    file: Annotated[Path, typer.Argument(help="CSV of daily income per 10,000 units and seven-day yield.")], json_: Json = False
) -> None:
    """Recompute every seven-day yield of a history. Exits with 1 if one differs, and names the days."""
    from tapwealth.funds.seven_day_yield import check_file, percent

    checked = check_file(file)
    if json_:
        print_json(checked.as_json())
    else:
        for one in checked.differences:
            typer.echo(f"{one.day}: published {percent(one.published)}, computed {percent(one.recomputed)}")
        typer.echo(f"{checked.matching} of {checked.recomputable} recomputable days match")
    sys.exit(DONE if checked.matching == checked.recomputable else REFUSED)


@fund.command("chart")
def fund_chart(
    file: Annotated[Path | None, typer.Argument(help="CSV of daily income per 10,000 units and seven-day yield.")] = None,
    customer: Annotated[str, typer.Option(help="Instead of a file: a holder's phone number, or the id that begins with cus_.")] = "",
    fund: Annotated[str, typer.Option(help="The code of the fund that the customer holds.")] = "",
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = Path(),
    data_dir: DataDir = DEFAULT_DATA,
    database_url: DatabaseUrl = None,
) -> None:
    """Draw a money fund's yield and growth from a history, or what a customer's holding has brought: each as SVG and PNG."""
    from tapwealth.cli.fund_chart import drawn, of_holding, write
    from tapwealth.cli.house_commands import holding_of

    if (file is None) is (not customer) or bool(customer) is not bool(fund):
        raise typer.BadParameter("give a file of a fund's history, or --customer and --fund")
    made = drawn(file) if file else of_holding(fund, run(holding_of, data_dir, database_url, customer, fund))
    for path in write(made, out):
        typer.echo(path)


@exchange.command("read")
def exchange_read(
    file: Annotated[Path, typer.Argument(help="A data file, named as the standard says.")],
    write: Annotated[Path | None, typer.Option(help="Write the file again from what was read.")] = None,
    json_: Json = False,
) -> None:
    """Read an exchange file to its end and say what it holds."""
    from tapwealth.funds.exchange_summary import summarise

    found = summarise(file, write)
    if json_:
        print_json(found)
    else:
        for name, value in found.items():
            typer.echo(f"{name:12} {value}")


@app.command()
def bench(
    name: Annotated[
        str,
        typer.Argument(
            help="What to measure: ledger, tap, purchase, income, clearing, raise, bills, day, or history (20 million entries: an hour)."
        ),
    ],
    seconds: Annotated[int, typer.Option(help="Seconds per figure.", min=1)] = 5,
    keys_in: Annotated[str, typer.Option("--keys", help="For taps: the host's keys in software, or in softhsm.")] = "software",
    size: Annotated[
        list[int] | None,
        typer.Option(help="In place of the usual sizes: purchase, income, clearing, raise, day.", min=1),
    ] = None,
    json_: Json = False,
) -> None:
    """Measure, durable, with everything on; yardsticks in the same run."""
    from tapwealth.cli.house_commands import BENCHMARK_KEYS, BENCHMARK_SIZES, BENCHMARKS, run_benchmark

    if name not in BENCHMARKS:
        raise typer.BadParameter(f"there is no benchmark {name!r}; there are {', '.join(BENCHMARKS)}")
    if keys_in not in BENCHMARK_KEYS or (keys_in != "software" and name != "tap"):
        raise typer.BadParameter(f"--keys is one of {', '.join(BENCHMARK_KEYS)}, and for the benchmark tap alone")
    if size and name not in BENCHMARK_SIZES:
        raise typer.BadParameter(f"--size is for the benchmarks {', '.join(BENCHMARK_SIZES)}")
    run_benchmark(name, seconds, keys_in, size or [], as_json=json_)


@db.command("migrate")
def db_migrate(data_dir: DataDir = DEFAULT_DATA, database_url: DatabaseUrl = None) -> None:
    """Bring the database to the shape this program needs."""
    from tapwealth.cli.house_commands import migrate_database

    applied = migrate_database(data_dir, database_url)
    typer.echo(f"applied: {', '.join(applied)}" if applied else "nothing to apply")


@db.command("status")
def db_status(data_dir: DataDir = DEFAULT_DATA, database_url: DatabaseUrl = None, json_: Json = False) -> None:
    """Where the database stands."""
    from tapwealth.cli.house_commands import database_status

    found = database_status(data_dir, database_url)
    if json_:
        print_json(found)
    else:
        typer.echo(f"at {found['current'] or 'nothing'}, this program's is {found['head']}, {len(found['pending'])} to apply")


@app.command()
def phone(
    customer: Annotated[str | None, typer.Option(help="Whose phone: name or phone number of a customer of the played week.")] = None,
    data_dir: DataDir = DEFAULT_DATA,
    store: Annotated[Path | None, typer.Option(help="The phone's own file, instead of a customer.")] = None,
    tcp: Annotated[str | None, typer.Option(help="Listen at HOST:PORT for a reader that speaks the APDU relay.")] = None,
    vpcd: Annotated[str | None, typer.Option(help="Be the card in the virtual PC/SC reader that listens at HOST:PORT.")] = None,
    interface: Annotated[str, typer.Option(help="contactless or contact: the reader's kind.")] = "contactless",
    consent: Annotated[str, typer.Option(help="Above the limit: always, ask or never.")] = "ask",
    consent_above: Annotated[
        str | None, typer.Option(help="The limit in yuan up to which a tap needs no consent; the card's own, or 1000.00.")
    ] = None,
    trace: Annotated[bool, typer.Option("--trace", help="Explain each command and answer in words; the PAN is masked.")] = False,
    clear: Annotated[bool, typer.Option("--clear", help="Show the PAN in the trace.")] = False,
) -> None:
    """A customer's phone as a card, until Ctrl-C: over TCP, or in a PC/SC reader."""
    from tapwealth.acquiring.readers.reader import read_address
    from tapwealth.card import Interface
    from tapwealth.cli import phone_commands
    from tapwealth.kernel.money import read_minor
    from tapwealth.phone.consent import Mode
    from tapwealth.phone.store import CardStore
    from tapwealth.play.devices import phone_of

    if (customer is None) is (store is None):
        raise typer.BadParameter("give one of --customer and --store")
    if (tcp is None) is (vpcd is None):
        raise typer.BadParameter("give one of --tcp and --vpcd")
    kind = _one_of(Interface, interface, "--interface")
    mode = _one_of(Mode, consent, "--consent")
    limit = None if consent_above is None else read_minor(consent_above, where="--consent-above")
    host, port = read_address(str(tcp or vpcd), where="--tcp" if tcp else "--vpcd")
    if clear:
        _say("warning: --clear shows the PAN in full; keep this output to yourself")
    kept = CardStore(store or phone_of(data_dir, str(customer)))
    kept.load()
    kept.lock()
    served = phone_commands.make_phone(kept, kind, mode, limit, typer.echo if trace or clear else None, clear=clear)
    serve = phone_commands.serve_over_tcp if tcp else phone_commands.serve_in_a_virtual_reader
    serve(served, kind, host, port, typer.echo)


def _one_of(kind: Any, text: str, option: str) -> Any:
    try:
        return kind(text)
    except ValueError:
        names = ", ".join(member.value for member in kind)
        raise typer.BadParameter(f"{option} is one of {names}, not {text!r}") from None
