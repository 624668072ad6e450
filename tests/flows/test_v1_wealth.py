"""A wealth product of the bank over /v1 and at the phone's door: subscribed to, seen, cancelled, and sold out."""

from pathlib import Path
from uuid import uuid4

from api_client import account_of, let_in, money, problem
from deposit_files import DEMAND_FILE
from played_days import after
from served_house import Doors, on_sale, open_doors
from wealth_town import WEALTH_FILE

from tapwealth.bank import entries as bank_entries
from tapwealth.flows.customers.people import wallet_of
from tapwealth.flows.frame import moment, must_post
from tapwealth.kernel.clock import business_date_of, shanghai
from tapwealth.storage import platform_clock


async def raised(doors: Doors) -> None:
    """By two operators, from the last played day on; its least order is what law asks for."""
    product, operations = await doors.login("pm.zhou"), await doors.login("ops.chen")
    await on_sale(doors, "DEMAND", DEMAND_FILE, product, operations)
    async with doors.on.house.database.read() as tx:
        opens = shanghai((await platform_clock.read(tx)).date(), 24, 5)
    file = WEALTH_FILE.replace("2014-02-24T10:00:00+08:00", f"'{opens.isoformat()}'").replace("250000.00", "60000.00")
    await on_sale(doors, "W62", file.replace("least: 100000.00", "least: 50000.00"), product, operations)
    async with doors.on.house.database.transaction() as tx:
        await platform_clock.advance(tx, opens)


async def given(doors: Doors, account: str, fen: int) -> None:
    """The bank has booked so much for the wallet."""
    house, person = doors.on.house, account.rsplit("_", 1)[1]
    (owner,) = [one for one in doors.on.callers if one.person and one.person.hex == person]
    assert owner.person is not None
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [owner.book])
        at, wallet = await moment(tx), await wallet_of(house, tx, owner.book, owner.person)
        day = at.open_date(business_date_of(at.now))
        entry = bank_entries.received(owner.book, uuid4(), "0100000001", wallet, fen, day, 1, known=True)
        await must_post(house, tx, at, [entry])


async def test_it_is_subscribed_to_cancelled_and_sold_out(database_url: str, folder: Path) -> None:
    async with after(database_url, folder) as on, open_doors(on) as doors:
        client = await let_in(doors)
        await client.sign_in()
        await raised(doors)
        account, key = await account_of(doors, client), str(uuid4())
        await given(doors, account, 120_000_00)
        (one,) = (await client.get("/v1/wealth-products")).json()["data"]
        assert (one["product"], one["state"], one["left"], one["expected"], one["paid"]) == (
            "W62",
            "open",
            money(60_000_00),
            "3.9600",
            None,
        )
        wanted = {"product": "W62", "amount": money(50_000_00), "confirmed": ["terms"]}
        first = await client.post(f"{account}/wealth-subscriptions", wanted, key)
        assert first.status_code == 201, first.text
        assert (first.json()["amount"], first.json()["expected_gain"]) == (money(50_000_00), money(336_33))
        assert (await client.post(f"{account}/wealth-subscriptions", wanted, key)).headers["idempotent-replayed"] == "true"
        assert (await client.get(first.headers["location"])).json() == first.json()
        gone = await client.post(f"{first.headers['location']}/cancel", {})
        assert (gone.status_code, gone.json()["amount"], gone.json()["interest"]) == (200, money(50_000_00), money(0))
        problem(await client.post(f"{first.headers['location']}/cancel", {}), "already_cancelled")
        problem(await client.post(f"{account}/wealth-subscriptions/wsb_{'0' * 32}/cancel", {}), "unknown_subscription")
        problem(await client.post(f"{account}/wealth-subscriptions", {**wanted, "confirmed": []}), "terms_not_confirmed")
        problem(await client.post(f"{account}/wealth-subscriptions", {**wanted, "product": "W99"}), "unknown_product")
        problem(await client.post(f"{account}/wealth-subscriptions", {**wanted, "amount": money(10_000_00)}), "below_minimum")
        filled = await client.post(f"{account}/wealth-subscriptions", {**wanted, "amount": money(70_000_00)})
        assert filled.json()["amount"] == money(60_000_00), "what was left"
        problem(await client.post(f"{account}/wealth-subscriptions", wanted), "sold_out")
        listed = (await client.get(f"{account}/wealth-subscriptions")).json()["data"]
        assert [(of["id"], of["state"]) for of in listed] == [(filled.json()["id"], "subscribed"), (first.json()["id"], "cancelled")]
        sale = (await client.get(f"{account}/sales/{filled.json()['id']}")).json()
        assert (sale["product"], sale["terms"]["amount"], sale["proved"]) == ("W62", 60_000_00, True)
        page = (await client.get(f"{account}/wealth-subscriptions", limit=1)).json()
        rest = (await client.get(f"{account}/wealth-subscriptions", limit=1, cursor=page["next_cursor"])).json()
        assert [of["id"] for of in (*page["data"], *rest["data"])] == [of["id"] for of in listed]
        shown = (await doors.http.get("/view/wealth")).json()
        assert [(of["product"], of["state"], of["percent"]) for of in shown] == [("W62", "sold_out", 100)]
