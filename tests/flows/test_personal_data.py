"""What names a person lies nowhere in the clear: no column of no table, no page of the database's files, no line of the log, no head.

Sought are the names, identity numbers, phone numbers, card numbers and secrets of everybody who played, in every spelling in which they
could lie there. What is handed to a partner (its messages, the files of the exchange folder) is made when it is sent, and kept by it.
"""

import base64
import io
import logging
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
from bill_town import MONDAY, Person
from fund_town import OTHER, application, fund_town
from leaks import Secrets, leaks, of_card
from notice_town import notice, with_messenger
from played_days import SHOP, Played
from served_house import open_doors

from tapwealth.app.platform import configure_log
from tapwealth.flows import reports
from tapwealth.flows.bank import bank_messages, payments
from tapwealth.funds.exchange_out import Route, account_file
from tapwealth.issuing import store as issuing
from tapwealth.kernel.masked import IdentityNumber, PersonName
from tapwealth.notices.notice import NoticeKind
from tapwealth.play.cast import cast_of
from tapwealth.storage.embedded import EmbeddedServer
from tapwealth.storage.outbox import OutboxMessage

CALLERS = {"httpx", "httpcore"}
"""Loggers of whoever calls us: they tell of the addresses that this test asks for."""


async def secrets_of(on: Played) -> dict[str, str | bytes]:
    """What must not be found, by what it is: of everybody who played, and of each card that they were given."""
    found: dict[str, str | bytes] = {}
    for number, (one, caller) in enumerate(zip(on.people, on.callers, strict=False)):
        assert caller.person is not None
        async with on.house.database.read() as tx:
            (card,) = await issuing.device_tokens(tx, caller.book, caller.person)
            keys = await issuing.keys_of(tx, caller.book, card.id)
        assert keys
        named = {
            "name": one.name, "identity number": one.identity_number, "phone": one.phone, "bank card": one.card_number,
            "device's secret": one.device_token, **of_card(on.house, card, keys),
        }  # fmt: skip
        found |= {f"{what} of {number}": value for what, value in named.items()}
    return found


def test_each_spelling_would_be_found() -> None:
    secrets: dict[str, str | bytes] = {"name": "张伟", "card": "6214201234567892", "key": bytes(range(200, 216))}
    for hidden in ("张伟".encode(), "张伟".encode("gbk"), b"\\xe5bca0e4bc9f", b'{"name": "\\u5f20\\u4f1f"}'):
        assert leaks(secrets, b"x" + hidden + b"x") == ["name"], hidden
    for hidden in (
        b"6214201234567892",
        "6214201234567892".encode("utf-16-le"),
        b"\\x36323134323031323334353637383932",
        bytes.fromhex("6214201234567892"),
        bytes.fromhex("3621420123456789 2F".replace(" ", "")),
        bytes.fromhex("6214201234567892D3122201"),
        b"6214201234567892=3122201",
        b"36323134323031323334353637383932".hex().encode(),
    ):
        assert leaks(secrets, b"x" + hidden + b"x") == ["card"], hidden
    key = bytes(range(200, 216))
    for shown in (
        key,
        key.hex().encode(),
        key.hex().upper().encode(),
        base64.b64encode(key),
        repr(key.hex().upper()).encode().hex().encode(),
    ):
        assert leaks(secrets, b"x" + shown + b"x") == ["key"], shown
    assert leaks(secrets, "*伟 621420******7892".encode()) == []


async def leaking_tables(database_url: str, secrets: Secrets) -> dict[str, list[str]]:
    """Every table, every column, as text; those in which something was found."""
    connection = await asyncpg.connect(database_url)
    try:
        tables = await connection.fetch(
            "select quote_ident(n.nspname) || '.' || quote_ident(c.relname) as name from pg_class c join pg_namespace n"
            " on n.oid = c.relnamespace where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')"
        )
        assert len(tables) > 40
        found = {}
        for (name,) in tables:
            rows = await connection.fetch(f"select t::text from {name} t")
            found[name] = leaks(secrets, "\n".join(row[0] for row in rows).encode())
    finally:
        await connection.close()
    return {name: leaked for name, leaked in found.items() if leaked}


async def test_no_column_of_any_table_names_a_person(on: Played, database_url: str) -> None:
    assert await leaking_tables(database_url, await secrets_of(on)) == {}


async def test_a_column_that_does_is_found(on: Played, database_url: str) -> None:
    secrets = await secrets_of(on)
    async with on.house.database.read() as tx:
        held = await tx.fetchval("select masked_pan from bank_card limit 1")
    found = await leaking_tables(database_url, {"masked": held, "nothing": secrets["name of 0"]})
    assert found["tapwealth.bank_card"] == found["tapwealth.bank_statement"] == ["masked"]


async def test_the_holders_of_another_channel_are_not_named_either(new_database: Any, tmp_path: Path) -> None:
    """Name, identity number and payout account come by file, go on by file, and lie sealed in between."""
    url, holder = new_database(), cast_of(1).customers[0]
    one = application(
        1, name=PersonName(holder.name), identity_number=IdentityNumber(holder.identity_number), payout_account=holder.card_number
    )
    secrets = {"name": holder.name, "identity number": holder.identity_number, "payout account": holder.card_number}
    async with fund_town(url, tmp_path) as place:
        assert await place.hand_in(account_file(Route(OTHER), MONDAY, [one])) is None
        await place.end(MONDAY)
        assert leaks(secrets, place.registrar.sent(MONDAY, "01", OTHER)) == sorted(secrets)
        assert await leaking_tables(url, secrets) == {}


async def test_the_bank_is_told_whom_it_pays(on: Played) -> None:
    """The names and card numbers that are not stored are in the message."""
    one, sent = on.people[0], []

    class Listening:
        async def send(self, message: bytes) -> None:
            sent.append(message)

    house = replace(on.house, rails=replace(on.house.rails, bank=Listening()))
    async with house.database.read() as tx:
        (moved,) = await tx.fetchrow("select id from payment_instruction where purpose = 'move_in'")
    await bank_messages.deliver(house, OutboxMessage(0, moved, payments.BANK, "payment", {"instruction": str(moved)}))
    assert leaks({"name": one.name, "card": one.card_number}, sent[0]) == ["card", "name"]


async def test_messages_to_phones_keep_no_number_and_name_none(on: Played, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number is unsealed for the one sending: the messenger has it, no table does, and no message tells anybody's."""
    at = with_messenger(on.town, monkeypatch.setattr, datetime(2026, 1, 1, tzinfo=UTC))
    secrets, caller = await secrets_of(on), on.callers[0]
    assert caller.person is not None
    signed_in = notice(Person(caller.book, caller.person, 0), "signed in", NoticeKind.SECURITY)
    await at.tell(signed_in)
    await at.work(rounds=9)
    await at.report(*at.messenger.taken)
    states = await at.states()
    assert {channel for channel, state in states if state == "delivered"} == {"push", "sms"}
    assert on.people[0].phone in {address for address, _ in at.messenger.came}
    assert leaks(secrets, "\n".join(message.text for _, message in at.messenger.came).encode()) == []
    assert await leaking_tables(database_url, secrets) == {}


async def test_no_page_of_the_databases_files_names_a_person(on: Played, server: EmbeddedServer, database_url: str) -> None:
    """Rows that were replaced are still in their pages."""
    secrets = await secrets_of(on)
    connection = await asyncpg.connect(server.dsn())
    try:
        await connection.execute("checkpoint")
        name = urlsplit(database_url).path.removeprefix("/")
        number, root = await connection.fetchrow("select oid, current_setting('data_directory') from pg_database where datname = $1", name)
    finally:
        await connection.close()
    pages = [path for path in (Path(root) / "base" / str(number)).iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in pages) > 1 << 20
    assert {path.name: leaked for path in pages if (leaked := leaks(secrets, path.read_bytes()))} == {}


async def test_no_head_and_no_line_of_the_log_names_a_person(on: Played, folder: Path, caplog: Any) -> None:
    """Also where somebody's data come in a request that cannot be read, or that is refused."""
    secrets = await secrets_of(on)
    one, said = on.people[0], io.StringIO()
    wrong = one.identity_number[:-1] + ("0" if one.identity_number[-1] != "0" else "1")
    opening = {"name": one.name, "identity_number": one.identity_number, "phone": one.phone, "device_token": one.device_token}
    answers = []
    with redirect_stdout(said), caplog.at_level(logging.DEBUG):
        configure_log()
        async with open_doors(on, working=True) as doors:
            for body in (opening, opening | {"identity_number": wrong}, opening | {"surplus": one.phone}, opening | {"phone": [one.phone]}):
                answers.append(await doors.command("open_account", body, "new"))
            answers.append(await doors.command("bind_card", {"card_number": one.card_number[:-1]}, one.device_token))
            answers.append(await doors.command("send", {"to_phone": one.phone, "amount": 1}, one.device_token))
            answers.append(await doors.http.get(f"/view/customer/{one.phone}", headers={"Authorization": "Bearer x"}))
            answers += [await doors.http.get(path) for path in ("/", "/en", "/view/week")]
            mine, operator = {"Authorization": f"Bearer {one.device_token}"}, {"Authorization": f"Bearer {await doors.login('ops.chen')}"}
            for path in reports.views(on.house):
                given = {"date": MONDAY, "number": SHOP, "person": "1", "id": "x", "party": "bank", "fund": "000198"}
                asked = path.format(**given, code="BJPOWER", sha256="0" * 64)
                answers += [await doors.http.get(f"/view/{asked}", headers=headers) for headers in (mine, operator)]
            assert sum(answer.status_code == 200 for answer in answers) > len(reports.views(on.house))
    secrets["identity number, mistyped"] = wrong
    assert leaks(secrets, "\n".join(answer.text for answer in answers).encode()) == []
    ours = [record.getMessage() for record in caplog.records if record.name.partition(".")[0] not in CALLERS]
    assert leaks(secrets, "\n".join([said.getvalue(), *ours]).encode()) == []
    assert leaks(secrets, (folder / "heads.jsonl").read_bytes()) == []
