"""Policies and claims over /v1, from the shelf to the payout, by who consents, once and only once; each refusal by its code."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from api_client import ApiClient, money, problem
from bill_town import MONDAY, NINE, Person, Town
from claim_town import IMEI, OTHER_IMEI, assess, paid
from evidence_files import jpeg, pdf, png
from four_eyes import decided, propose
from identities import identity_of
from policy_files import ACCIDENT_FILE, ASKING_FILE, SCREEN_FILE, sell_policies
from v1_town import at_v1

from tapwealth.api.v1 import edge
from tapwealth.flows.insurance import policies
from tapwealth.flows.insurance.applications import ProposeUnderwriting
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import unprefixed
from tapwealth.kernel.refusal import Refusal

NEXT_MONDAY = MONDAY + timedelta(days=7)
RICH = 100_000_00
SCREEN = {"product": "SCREEN", "confirmed": ["terms"], "premium": money(199_00), "phone": {"imei": IMEI, "bought_on": str(MONDAY)}}
HER = {"name": "李雷", "identity_number": identity_of(date(1986, 3, 12)), "relation": "spouse"}


async def test_policies_and_claims_from_the_shelf_to_the_payout(place: Town) -> None:
    await sell_policies(place.house, ACCIDENT_FILE, ASKING_FILE, SCREEN_FILE)
    wang = await place.person("Wang", RICH)
    async with at_v1(place, wang) as (client, account):
        await shelf(client)
        await applied(place, client, account)
        accident = await bought(place, client, account)
        await changed(place, client, account, accident)
        screen = await screened(place, client, account)
        await nobody_elses(place, client, account)
        await place.clock(shanghai(NEXT_MONDAY, 10))
        await claimed(place, client, account, screen)
        await given_back(place, client, account, accident)


async def shelf(client: ApiClient) -> None:
    page = (await client.get("/v1/insurance-products", limit=2)).json()
    rest = (await client.get("/v1/insurance-products", cursor=page["next_cursor"])).json()["data"]
    accident, screen, life = (*page["data"], *rest)
    assert [one["product"] for one in (accident, screen, life)] == ["ACC1", "SCREEN", "TL20"]
    assert [one["occupation"] for one in accident["prices"]] == [1, 2]
    assert (screen["prices"], screen["waiting_days"]) == ([{"occupation": None, "premium": money(199_00)}], 7)
    assert (life["prices"], life["years"], [one["question"] for one in life["questions"]]) == ([], 20, ["smoking", "heart"])
    assert "then" not in str(life["questions"]), "nobody learns what to answer"


async def applied(place: Town, client: ApiClient, account: str) -> None:
    """What is answered about health is looked at by two people, and never told again."""
    quotes, made_at = f"{account}/policy-quotes", f"{account}/policy-applications"
    answers = {"smoking": "never", "heart": "treated"}
    problem(await client.post(quotes, {"product": "TL20", "answers": answers}), "referred")
    problem(await client.post(quotes, {"product": "TL20"}), "not_answered")
    problem(
        await client.post(quotes, {"product": "TL20", "answers": {"gout": "no"}}),
        "invalid_body",
        ("/answers", "invalid_value"),
    )
    made = await client.post(made_at, {"product": "TL20", "answers": answers})
    seen = await client.get(made.headers["location"])
    assert (seen.json()["state"], "treated" in seen.text, "heart" in seen.text) == ("referred", False, False)
    application = unprefixed("apl", made.json()["id"])
    assert application is not None
    proposal = ProposeUnderwriting(application, 500, "treated well")
    assert not isinstance(await decided(place, await propose(place, proposal)), Refusal)
    assert (await client.get(made.headers["location"])).json()["loading"] == "50.0"
    assert [one["state"] for one in (await client.get(made_at)).json()["data"]] == ["accepted"]
    quoted = await client.post(quotes, {"product": "TL20", "application": made.json()["id"]})
    said = quoted.json()
    assert (quoted.status_code, said["loading"], said["offer"]["language"]) == (200, "50.0", "zh")
    plain = (await client.post(quotes, {"product": "TL20", "answers": {"smoking": "never", "heart": "none"}})).json()
    assert abs(said["premium"]["amount"] - plain["premium"]["amount"] * 3 // 2) <= 1
    for heart, code in (("none", "not_referred"), ("severe", "declined")):
        problem(await client.post(made_at, {"product": "TL20", "answers": {"smoking": "never", "heart": heart}}), code)


async def bought(place: Town, client: ApiClient, account: str) -> str:
    """A year of accident cover for Wang, who names who receives it."""
    quoted = (await client.post(f"{account}/policy-quotes", {"product": "ACC1"})).json()
    body = {"product": "ACC1", "confirmed": ["terms"], "premium": quoted["premium"], "beneficiaries": [HER | {"share": "100"}]}
    key = str(uuid4())
    for replayed in (False, True):
        made = await client.post(f"{account}/policies", body, key)
        assert (made.status_code, made.json()["premium"]) == (201, quoted["premium"]), made.text
        assert ("idempotent-replayed" in made.headers) is replayed
    for wrong, code in (
        ({"confirmed": []}, "terms_not_confirmed"), ({"premium": money(1)}, "premium_differs"), ({"product": "X1"}, "unknown_product"),
        ({"occupation": 6}, "occupation_not_covered"), ({"from_day": str(MONDAY)}, "begins_when"),
        ({"phone": SCREEN["phone"]}, "no_phone_wanted"),
    ):  # fmt: skip
        problem(await client.post(f"{account}/policies", body | wrong), code)
    half = body | {"beneficiaries": [HER | {"share": "99.99"}]}
    problem(await client.post(f"{account}/policies", half), "invalid_body", ("/beneficiaries", "invalid_value"))
    nobody = body | {"beneficiaries": [HER | {"identity_number": HER["identity_number"][:-1] + "x"}]}
    problem(await client.post(f"{account}/policies", nobody), "invalid_body", ("/beneficiaries/0/identity_number", "invalid_value"))
    one: str = made.headers["location"]
    problem(await client.get(f"{one}/refund-quote"), "not_issued")
    assert await place.work("insurer", policies.deliver) == []
    seen = await client.get(one)
    assert (seen.json()["state"], seen.json()["premium"], seen.json()["payable"]) == ("issued", quoted["premium"], money(0))
    (receives,) = seen.json()["insured"]["beneficiaries"]
    assert (receives["share"], receives["relation"]) == ("100.00", "spouse")
    assert not {"李雷", HER["identity_number"], "110105198401151037"} & set(seen.text.split('"'))
    problem(await client.get(f"{account}/sales/{seen.json()['id']}"), "not_found")
    return one


async def changed(place: Town, client: ApiClient, account: str, one: str) -> None:
    problem(await client.post(f"{one}/premiums", {}), "nothing_due")
    problem(await client.post(f"{one}/reinstate", {}), "not_suspended")
    problem(await client.post(f"{one}/end-premiums", {}), "no_mandate")
    agreed = await client.post(f"{one}/collect-premiums", {"most": money(500_00), "fund": "pocket", "renews": True})
    assert (agreed.json()["stands"], (await client.get(one)).json()["collected"]["most"]) == (True, money(500_00))
    assert (await client.post(f"{one}/end-premiums", {})).json()["stands"] is False
    problem(await client.post(f"{one}/occupation", {"occupation": 1}), "same_as_before")
    other = await client.post(f"{one}/occupation", {"occupation": 2})
    assert (other.status_code, other.json()["ends"]) == (200, False)
    problem(await client.post(f"{one}/address", {"address": "北京市朝阳区建国路1号"}), "endorsement_under_way")
    problem(await client.post(f"{one}/address", {"address": "北京\u0000"}), "invalid_body", ("/address", "invalid_value"))
    assert await place.work("insurer", policies.deliver) == []
    assert (await client.post(f"{one}/beneficiaries", {"beneficiaries": []})).json()["amount"] == money(0)
    assert await place.work("insurer", policies.deliver) == []
    seen = (await client.get(one)).json()
    assert ({of["kind"] for of in seen["changes"]}, seen["insured"]["beneficiaries"]) == ({"occupation", "beneficiaries"}, [])


async def screened(place: Town, client: ApiClient, account: str) -> str:
    """Cover of a screen begins tomorrow, and pays from the eighth day on."""
    await place.clock(NINE + timedelta(minutes=1))
    problem(await client.post(f"{account}/policies", SCREEN | {"phone": None}), "phone_missing")
    wrong = SCREEN | {"phone": {"imei": IMEI[:-1] + "9", "bought_on": str(MONDAY)}}
    problem(await client.post(f"{account}/policies", wrong), "invalid_body", ("/phone/imei", "invalid_value"))
    made = await client.post(f"{account}/policies", SCREEN)
    problem(await client.post(f"{account}/policies", SCREEN), "phone_insured")
    assert await place.work("insurer", policies.deliver) == []
    listed = (await client.get(f"{account}/policies", limit=1)).json()
    rest = (await client.get(f"{account}/policies", limit=1, cursor=listed["next_cursor"])).json()
    assert ([one["name_en"] for one in listed["data"]], len(rest["data"]), rest["has_more"]) == (["Screen cover"], 1, False)
    location: str = made.headers["location"]
    return location


def cracked(policy: str, **more: Any) -> dict[str, Any]:
    said = {"policy": policy.rpartition("/")[2], "kind": "screen", "said": "摔在楼梯上", "loss": money(800_00)}
    return said | {"loss_day": str(NEXT_MONDAY), "imei": IMEI} | more


async def claimed(place: Town, client: ApiClient, account: str, policy: str) -> None:
    """On the eighth day; within the waiting time it is refused at once."""
    path = f"{account}/claims"
    problem(await client.post(path, cracked(policy, loss_day=str(MONDAY + timedelta(days=2)))), "within_waiting")
    problem(await client.post(path, cracked(policy, imei=OTHER_IMEI)), "other_device")
    problem(await client.post(path, cracked(policy, loss_day="2014-03-04")), "loss_ahead")
    problem(await client.post(path, cracked(policy, kind="accident", imei="")), "other_loss")
    problem(await client.post(path, cracked(policy, kind="death")), "invalid_body", ("/kind", "invalid_value"))
    unknown_tap = {"policy": policy.rpartition("/")[2], "kind": "payment", "said": "x", "payment": f"tap_{'0' * 32}"}
    problem(await client.post(path, unknown_tap), "unknown_tap")
    problem(await client.post(f"{account}/disputes", {"payment": f"tap_{'0' * 32}"}), "unknown_tap")
    assert (await client.get(f"{account}/card-payments")).json()["data"] == []
    made = await client.post(path, cracked(policy))
    assert (made.status_code, made.json()["state"], made.json()["papers"]) == (201, "notified", ["photo", "invoice"])
    one = made.headers["location"]
    await papers(client, one)
    await handed_out(place, client, account, one)
    seen = (await client.get(one)).json()
    assert (seen["state"], seen["missing"], {of["paper"] for of in seen["papers"]}) == (
        "assessing", [], {"photo", "invoice", "other"},
    )  # fmt: skip
    assert ((await client.get(path)).json()["data"][0]["due"], seen["said"]) == ("decide", "摔在楼梯上")
    problem(await client.post(path, cracked(policy)), "all_replaced")
    identifier = UUID(made.json()["id"].partition("_")[2])
    await assess(place, identifier, 800_00)
    before = (await client.get(account)).json()["wallet"]["available"]["amount"]
    await paid(place, identifier)
    seen = (await client.get(one)).json()
    assert (seen["state"], seen["paid"], seen["payments"][0]["state"]) == ("paid", money(800_00), "paid")
    assert (await client.get(account)).json()["wallet"]["available"]["amount"] == before + 800_00
    problem(await client.post(f"{one}/withdraw", {}), "not_possible_now")
    problem(await client.post(f"{one}/give-back", {"amount": money(800_01)}), "more_than_paid")
    assert (await client.post(f"{one}/give-back", {"amount": money(300_00)})).json()["amount"] == money(300_00)
    assert (await client.post(f"{one}/appeal", {"reason": "more was broken"})).json()["state"] == "appealed"
    problem(await client.post(f"{one}/appeal", {"reason": "more"}), "appealed_before")


async def papers(client: ApiClient, one: str) -> None:
    """As bytes, under a key as everything; what a file is said to be it is."""

    async def give(paper: str, content: bytes, kind: str = "image/jpeg", key: str | None = None) -> Any:
        return await client.post(f"{one}/papers/{paper}", content, key, **{"Content-Type": kind})

    problem(await give("photo", b"no picture"), "invalid_body", ("", "invalid_value"))
    problem(await give("photo", png()), "invalid_body", ("", "invalid_value"))
    problem(await give("selfie", jpeg()), "invalid_body", ("", "invalid_value"))
    problem(await give("photo", jpeg(), "text/html"), "wrong_media_type")
    problem(await give("photo", b"x" * (edge.MOST + 1)), "too_large")
    said = {"Content-Type": "image/jpeg", "Content-Length": str(2 << 30)}
    problem(await client.post(f"{one}/papers/photo", b"x", **said), "too_large")
    key = str(uuid4())
    for replayed in (False, True):
        kept = await give("photo", jpeg(), key=key)
        assert (kept.status_code, kept.json()["missing"]) == (200, ["invoice"])
        assert ("idempotent-replayed" in kept.headers) is replayed
    problem(await give("photo", jpeg(comment=b"another"), key=key), "idempotency_key_reused")
    await one_at_a_time(client, one)
    assert (await give("invoice", pdf(), "application/pdf")).json()["state"] == "assessing"


async def handed_out(place: Town, client: ApiClient, account: str, one: str) -> None:
    """As they came, to be saved; it is kept that the client had them, and what was erased is gone."""
    page = (await client.get(f"{one}/papers", limit=2)).json()
    rest = (await client.get(f"{one}/papers", cursor=page["next_cursor"])).json()
    invoice, other, _, photo = sorted([*page["data"], *rest["data"]], key=lambda of: of["paper"])
    assert (len(page["data"]), invoice["paper"], other["paper"], photo["paper"]) == (2, "invoice", "other", "photo")
    for of, content, ending in ((invoice, pdf(), "pdf"), (photo, jpeg(), "jpeg")):
        got = await client.get(f"{account}/claim-papers/{of['id']}")
        assert (got.status_code, got.content, got.headers["content-type"]) == (200, content, of["media_type"])
        assert got.headers["content-disposition"] == f'attachment; filename="{of["id"]}.{ending}"'
        assert (got.headers["x-content-type-options"], got.headers["cache-control"]) == ("nosniff", "no-store")
        assert got.headers["content-length"] == str(of["size"])
    async with place.house.database.read() as tx:
        looks = await tx.fetch("select paper, looked_by from claim_paper_look order by looked_by")
    assert {f"ppr_{row['paper'].hex}" for row in looks} == {invoice["id"], photo["id"]}
    assert {row["looked_by"] for row in looks} == {f"client:{unprefixed('cli', client.id)}"}
    problem(await client.get(f"{account}/claim-papers/ppr_{'0' * 32}"), "not_found")
    problem(await client.get(f"{account}/claims/clm_{'0' * 32}/papers"), "not_found")
    async with place.house.database.transaction() as tx:
        await tx.execute("delete from claim_paper_piece where paper = $1", unprefixed("ppr", other["id"]))
    problem(await client.get(f"{account}/claim-papers/{other['id']}"), "erased")


async def one_at_a_time(client: ApiClient, one: str) -> None:
    """While a file of the account comes another one waits, so that what is held of them is bounded."""
    comes, goes_on = asyncio.Event(), asyncio.Event()

    async def held() -> AsyncIterator[bytes]:
        comes.set()
        yield jpeg(comment=b"slow")[:9]
        await goes_on.wait()
        yield jpeg(comment=b"slow")[9:]

    headers = {"Authorization": f"Bearer {client.token}", "Idempotency-Key": str(uuid4()), "Content-Type": "image/jpeg"}
    first = asyncio.create_task(client.doors.http.post(f"{one}/papers/other", content=held(), headers=headers))
    await comes.wait()
    key = str(uuid4())
    problem(await client.post(f"{one}/papers/other", jpeg(comment=b"2"), key, **{"Content-Type": "image/jpeg"}), "busy")
    goes_on.set()
    assert (await first).status_code == 200
    assert (await client.post(f"{one}/papers/other", jpeg(comment=b"2"), key, **{"Content-Type": "image/jpeg"})).status_code == 200


async def given_back(place: Town, client: ApiClient, account: str, one: str) -> None:
    quoted = (await client.get(f"{one}/refund-quote")).json()
    later = (await client.get(f"{one}/refund-quote", date=str(NEXT_MONDAY + timedelta(days=30)))).json()
    assert later["refund"]["amount"] < quoted["refund"]["amount"]
    problem(await client.get(f"{one}/refund-quote", date=str(MONDAY)), "invalid_parameter", ("date", "not_known"))
    other = {"refund": quoted["refund"] | {"amount": quoted["refund"]["amount"] + 1}}
    problem(await client.post(f"{one}/cancel", other), "refund_differs")
    ended = await client.post(f"{one}/cancel", {"refund": quoted["refund"]})
    assert (ended.json()["refund"], ended.json()["free_look"]) == (quoted["refund"], False)
    assert (await client.get(one)).json()["being_cancelled"] is True
    problem(await client.post(f"{one}/cancel", {}), "under_way")
    problem(await client.get(f"{one}/refund-quote"), "under_way")


async def nobody_elses(place: Town, client: ApiClient, account: str) -> None:
    policy, claim = f"{account}/policies/plc_{'0' * 32}", f"{account}/claims/clm_{'0' * 32}"
    for path in (policy, f"{policy}/refund-quote", claim, f"{account}/policy-applications/apl_{'0' * 32}", f"{account}/policies/x"):
        problem(await client.get(path), "not_found")
    for path in ("premiums", "reinstate", "cancel"):
        problem(await client.post(f"{policy}/{path}", {}), "unknown_policy")
    for path, body in (("withdraw", {}), ("appeal", {"reason": "x"}), ("give-back", {"amount": money(1)})):
        problem(await client.post(f"{claim}/{path}", body), "unknown_claim")
    problem(await client.post(f"{claim}/papers/photo", jpeg(), **{"Content-Type": "image/jpeg"}), "unknown_claim")
    li: Person = await place.person("Li", 0)
    for path in ("policies", "claims", "card-payments", "policy-applications"):
        problem(await client.get(f"/v1/accounts/acc_{li.id.hex}/{path}"), "unknown_account")
    token = client.token
    await client.sign_in("insurance:read", "insurance:write")
    problem(await client.get(f"{account}/claims"), "insufficient_scope")
    problem(await client.get(f"{account}/claim-papers/ppr_{'0' * 32}"), "insufficient_scope")
    problem(await client.post(f"{claim}/papers/photo", jpeg(), **{"Content-Type": "image/jpeg"}), "insufficient_scope")
    client.token = token
