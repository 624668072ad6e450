"""Deposits over /v1: what is on sale, opened, quoted and taken out by who consents, once and only once; each refusal by its code."""

from datetime import timedelta
from uuid import uuid4

import httpx
from api_client import ApiClient, money, problem
from bill_town import MONDAY, NINE, Town
from deposit_files import DEMAND_FILE, FIXED_FILE, NOTICE_FILE, certificate_file
from policy_files import sell_policies
from v1_town import at_v1

RICH, DUE = 2_000_000_00, "2014-05-24"
FIXED = {"product": "FIXED", "amount": money(10_000_00), "term": "3m", "confirmed": ["terms"], "rate": "2.85"}


async def test_deposits_from_the_shelf_to_the_wallet(place: Town) -> None:
    await sell_policies(place.house, DEMAND_FILE, FIXED_FILE, NOTICE_FILE, certificate_file())
    wang = await place.person("Wang", RICH)
    async with at_v1(place, wang) as (client, account):
        await shelf(client)
        await quoted_first(place, client, account)
        await a_term(client, account)
        await place.clock(NINE + timedelta(minutes=1))
        await certificate(client, account)
        await place.clock(NINE + timedelta(minutes=2))
        await on_demand(client, account)
        await place.clock(NINE + timedelta(minutes=3))
        await at_notice(client, account)
        await owned(client, account)
        await nobody_elses(place, client, account)


async def shelf(client: ApiClient) -> None:
    page = (await client.get("/v1/deposit-products", limit=2)).json()
    rest = (await client.get("/v1/deposit-products", cursor=page["next_cursor"])).json()
    found = {one["product"]: one for one in (*page["data"], *rest["data"])}
    assert list(found) == ["CD", "DEMAND", "FIXED", "NOTICE7"]
    three, year = found["FIXED"]["rates"]
    assert (three["term"], [one["rate"] for one in three["tiers"]], year["tiers"][0]["from_amount"]) == ("3m", ["2.8500"], money(50_00))
    later = (await client.get("/v1/deposit-products", date="2014-11-22")).json()["data"][2]
    assert [(one["from_amount"], one["rate"]) for one in later["rates"][0]["tiers"]] == [
        (money(50_00), "2.6000"), (money(100_000_00), "2.8200"),
    ]  # fmt: skip
    assert (found["NOTICE7"]["notice_days"], found["NOTICE7"]["least_withdrawal"]) == (7, money(50_000_00))
    problem(await client.get("/v1/deposit-products", date="2014-02-31"), "invalid_parameter", ("date", "not_known"))
    problem(await client.get("/v1/deposit-products", date="today"), "invalid_parameter", ("date", "wrong_format"))


async def quoted_first(place: Town, client: ApiClient, account: str) -> None:
    """As it is opened afterwards, with money that need not be there; refused as an opening is."""

    async def quote(product: str, amount: int, **more: str) -> httpx.Response:
        return await client.get(f"{account}/deposit-quote", product=product, amount=amount, **more)

    assert (await quote("FIXED", 10_000_00, term="3m")).json() == {
        "account": account.rpartition("/")[2], "product": "FIXED", "version": 1, "amount": money(10_000_00), "term": "3m",
        "rate": "2.8500", "first": str(MONDAY), "due": DUE, "interest": money(71_25), "pays": money(10_071_25), "demand_rate": "0.3500",
    }  # fmt: skip
    rich = (await quote("CD", RICH * 2, term="3m")).json()
    assert (rich["amount"], rich["pays"]["amount"] - rich["interest"]["amount"]) == (money(RICH * 2), RICH * 2)
    for product, rate in (("DEMAND", "0.3500"), ("NOTICE7", "1.3500")):
        free = (await quote(product, 100_000_00)).json()
        assert [free[name] for name in ("rate", "term", "due", "interest", "pays", "demand_rate")] == [rate, *[None] * 4, "0.3500"]
    problem(await quote("X99", 100_00), "unknown_product")
    problem(await quote("FIXED", 100_00), "term_not_offered")
    problem(await quote("FIXED", 100_00, term="5y"), "term_not_offered")
    problem(await quote("FIXED", 49_99, term="3m"), "below_minimum")
    problem(await quote("FIXED", 100_00, term="4m"), "invalid_parameter", ("term", "wrong_format"))
    problem(await quote("", 100_00), "invalid_parameter", ("product", "wrong_format"))
    problem(await quote("FIXED", 0), "invalid_parameter", ("amount", "wrong_format"))
    problem(await client.get(f"{account}/deposit-quote", product="FIXED"), "invalid_parameter", ("amount", "missing_parameter"))
    problem(await client.get(f"{account}/deposit-quote", amount=1), "invalid_parameter", ("product", "missing_parameter"))
    async with place.house.database.transaction() as tx:
        await tx.execute("update person set kyc_level = 2")
    problem(await quote("DEMAND", 100_00), "not_allowed")
    async with place.house.database.transaction() as tx:
        await tx.execute("update person set kyc_level = 3")


async def a_term(client: ApiClient, account: str) -> None:
    """10,000 for three months at 2.85 %: 71.25; 88 days at the demand rate: 8.56."""
    key = str(uuid4())
    for replayed in (False, True):
        made = await client.post(f"{account}/deposits", FIXED, key)
        assert (made.status_code, made.json()["rate"], made.json()["due"]) == (201, "2.8500", DUE)
        assert ("idempotent-replayed" in made.headers) is replayed
    one = made.headers["location"]
    seen = (await client.get(one)).json()
    assert (seen["interest_due"], seen["at_maturity"], [of["event"] for of in seen["events"]]) == (money(71_25), "pay", ["opened"])
    sale = (await client.get(f"{account}/sales/{seen['id']}")).json()
    assert (sale["kind"], sale["signed"]["kind"], sale["proved"]) == ("deposit", "partner", True)
    for wrong, code in (
        ({"product": "X99"}, "unknown_product"), ({"confirmed": []}, "terms_not_confirmed"), ({"term": "5y"}, "term_not_offered"),
        ({"amount": money(1_00)}, "below_minimum"), ({"rate": "2.8501"}, "rate_differs"), ({"amount": money(RICH)}, "no_money"),
    ):  # fmt: skip
        problem(await client.post(f"{account}/deposits", FIXED | wrong), code)
    problem(await client.post(f"{account}/deposits", FIXED | {"rate": "2.85001"}), "invalid_body", ("/rate", "wrong_format"))
    problem(await client.post(f"{account}/deposits", FIXED | {"amount": money(0)}), "invalid_body", ("/amount", "invalid_value"))
    problem(await client.post(f"{account}/deposits", FIXED | {"confirmed": ["terms\n"]}), "invalid_body", ("/confirmed/0", "invalid_value"))
    quoted = (await client.get(f"{one}/withdrawal-quote", date="2014-05-23", amount=10_000_00)).json()
    assert (quoted["interest"], quoted["early"], quoted["forgone"]) == (money(8_56), True, money(62_69))
    assert (await client.get(f"{one}/withdrawal-quote", date=DUE)).json()["interest"] == money(71_25)
    problem(await client.get(f"{one}/withdrawal-quote", date="2014-05-25"), "closed")
    problem(await client.get(f"{one}/withdrawal-quote", date="2014-02-23"), "invalid_parameter", ("date", "not_known"))
    problem(await client.get(f"{one}/withdrawal-quote", amount=9_999_99), "leaves_too_little")
    problem(await client.get(f"{one}/withdrawal-quote", amount="1e3"), "invalid_parameter", ("amount", "wrong_format"))
    wished = await client.post(f"{one}/when-due", {"at_maturity": "renew"})
    assert (wished.json()["at_maturity"], wished.json()["due"]) == ("renew", DUE)
    part = await client.post(f"{one}/withdraw", {"amount": money(4_000_00)})
    assert (part.json()["principal"], part.json()["left"], part.json()["early"]) == (money(4_000_00), money(6_000_00), True)
    assert (await client.post(f"{one}/withdraw", {})).json()["left"] == money(0)
    for path, body in (("withdraw", {}), ("pay-in", {"amount": money(1_00)}), ("notices", {"amount": money(1_00)})):
        problem(await client.post(f"{one}/{path}", body), "closed")
    problem(await client.post(f"{one}/when-due", {"at_maturity": "pay"}), "no_longer")


async def certificate(client: ApiClient, account: str) -> None:
    whole = await client.post(f"{account}/deposits", FIXED | {"product": "CD", "amount": money(200_000_00), "term": "3m"})
    problem(await client.post(f"{whole.headers['location']}/withdraw", {"amount": money(1_00)}), "only_whole")
    problem(await client.post(f"{whole.headers['location']}/when-due", {"at_maturity": "renew"}), "not_renewed")


async def on_demand(client: ApiClient, account: str) -> None:
    body = {"product": "DEMAND", "amount": money(10_000_00), "confirmed": ["terms"]}
    made = await client.post(f"{account}/deposits", body)
    assert (made.status_code, made.json()["due"]) == (201, None)
    one = made.headers["location"]
    assert (await client.get(one)).json()["term"] is None
    assert (await client.post(f"{one}/pay-in", {"amount": money(5_000_00)})).json()["balance"] == money(15_000_00)
    problem(await client.post(f"{one}/notices", {"amount": money(1_00)}), "no_notice")
    problem(await client.post(f"{one}/withdraw", {"amount": money(15_000_01)}), "more_than_there_is")


async def at_notice(client: ApiClient, account: str) -> None:
    body = {"product": "NOTICE7", "amount": money(100_000_00), "confirmed": ["terms"]}
    one = (await client.post(f"{account}/deposits", body)).headers["location"]
    given = await client.post(f"{one}/notices", {"amount": money(50_000_00)})
    assert (given.status_code, given.json()["date"]) == (200, str(MONDAY + timedelta(days=7)))
    (stands,) = (await client.get(one)).json()["notices"]
    assert (stands["id"], stands["amount"]) == (given.json()["id"], money(50_000_00))
    problem(await client.post(f"{one}/notices", {"amount": money(50_000_00)}), "day_taken")
    problem(await client.post(f"{one}/pay-in", {"amount": money(1_00)}), "not_paid_into")
    notice = f"{account}/deposit-notices/{stands['id']}/cancel"
    assert (await client.post(notice, {})).json() == {"id": stands["id"]}
    problem(await client.post(notice, {}), "notice_over")
    problem(await client.post(f"{account}/deposit-notices/dnt_{'0' * 32}/cancel", {}), "unknown_notice")
    problem(await client.post(f"{one}/notices", {"amount": money(1_00)}), "too_little")
    problem(await client.post(f"{one}/notices", {"amount": money(100_000_01)}), "more_than_free")
    problem(await client.post(f"{one}/notices", {"amount": money(60_000_00)}), "leaves_too_little")


async def owned(client: ApiClient, account: str) -> None:
    """Four deposits are left of five; what is insured is told by bank."""
    listed = (await client.get(f"{account}/deposits", limit=2)).json()
    rest = (await client.get(f"{account}/deposits", limit=3, cursor=listed["next_cursor"])).json()
    assert [one["product"] for one in (*listed["data"], *rest["data"])] == ["NOTICE7", "DEMAND", "CD", "FIXED"]
    (bank,) = (await client.get(f"{account}/deposit-insurance")).json()["banks"]
    assert (bank["principal"], bank["insured"], bank["beyond"]) == (money(315_000_00), money(315_000_00), money(0))
    said = (await client.get(f"{account}/assets")).json()
    assert said["worth"] == money(RICH)
    assert {one["product"]: one["worth"] for one in said["assets"] if one["what"] == "deposit"} == {
        "CD": money(200_000_00), "DEMAND": money(15_000_00), "NOTICE7": money(100_000_00),
    }  # fmt: skip
    before = (await client.get(f"{account}/assets", date=str(MONDAY - timedelta(days=1)))).json()
    assert (before["worth"], before["assets"]) == (money(0), [])
    problem(await client.get(f"{account}/assets", date="2014-02-25"), "invalid_parameter", ("date", "not_known"))


async def nobody_elses(place: Town, client: ApiClient, account: str) -> None:
    one = f"{account}/deposits/dep_{'0' * 32}"
    for path in (one, f"{one}/withdrawal-quote", f"{account}/deposits/x"):
        problem(await client.get(path), "not_found")
    for path, body in (
        ("withdraw", {}), ("pay-in", {"amount": money(1)}), ("notices", {"amount": money(1)}), ("when-due", {"at_maturity": "pay"}),
    ):  # fmt: skip
        problem(await client.post(f"{one}/{path}", body), "unknown_deposit")
    other = f"/v1/accounts/acc_{(await place.person('Li', 0)).id.hex}"
    problem(await client.get(f"{other}/deposit-quote", product="DEMAND", amount=100_00), "unknown_account")
    for path in ("deposits", "deposit-insurance", "assets"):
        problem(await client.get(f"{other}/{path}"), "unknown_account")
    await client.sign_in("deposits:read")
    problem(await client.post(f"{account}/deposits", FIXED), "insufficient_scope")
    assert (await client.get(f"{account}/deposits")).status_code == 200
