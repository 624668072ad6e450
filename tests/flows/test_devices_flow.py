"""A customer's phones, on a real database behind the real doors: one that is lost is silenced everywhere, another one takes its place."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from bill_town import MONDAY, Person
from bureau import Bureau, bureau_town, identity_of, secret_of
from card_town import CardTown, card_town
from others_wait import others_wait
from wallet_device import Device

from tapwealth.app import wiring
from tapwealth.app.wiring import open_edges
from tapwealth.customers import store as customers
from tapwealth.customers.kyc import Channel, ChannelAnswer
from tapwealth.flows import reports
from tapwealth.flows.customers import devices, people, sign_in
from tapwealth.flows.customers.devices import (
    DeviceRefusal,
    DeviceState,
    EndDevice,
    PhonesStopped,
    ReportLostPhone,
    ResumeDevice,
    SuspendDevice,
)
from tapwealth.flows.customers.people import SendMoney
from tapwealth.flows.customers.sign_in import GOOD_FOR, MOST_TRIES, AskToSignIn, SignedIn, SignIn, SignInAsked, SignInRefusal
from tapwealth.flows.frame import SESSION_ENDED, Envelope
from tapwealth.flows.funds import purchase
from tapwealth.flows.funds.purchase import Placing, PurchaseFund
from tapwealth.flows.issuing import tokens
from tapwealth.flows.issuing.tokens import ProvisionToken, ResumeToken, SuspendToken, TokenRefusal
from tapwealth.issuing import store as issuing
from tapwealth.kernel.refusal import Outage, Refusal
from tapwealth.notices import store as notices

PHONE = "13800138001"
NOTHING: Any = None
NEW_SECRET = "the secret of the new phone"


@dataclass
class Lost:
    """Somebody with a phone that has a card and some money, and the counter where it is used."""

    bureau: Bureau
    host: CardTown
    first: Device

    @property
    def house(self) -> Any:
        return self.bureau.place.house

    def envelope(self) -> Envelope:
        return self.bureau.place.envelope(None)

    async def report(self) -> PhonesStopped | Refusal:
        return await devices.report_lost(self.house, self.envelope(), ReportLostPhone(PHONE))

    def details(self, secret: str, **changes: Any) -> AskToSignIn:
        given = {"name": "王芳", "identity_number": identity_of(1), "phone": PHONE, "device_token": secret}
        return AskToSignIn(**{**given, **changes})

    async def ask(self, secret: str = NEW_SECRET, **changes: Any) -> SignInAsked:
        asked = await sign_in.ask(self.house, self.bureau.anybody(), self.details(secret, **changes))
        assert isinstance(asked, SignInAsked), asked
        return asked

    async def texts(self) -> list[str]:
        """What has come to the customer's number, newest last."""
        assert await self.bureau.place.work(sign_in.CODES, sign_in.deliver_code) == []
        return [text for phone, text in self.bureau.identity.texts.values() if phone == PHONE]

    async def code(self) -> str:
        """Out of the newest text message."""
        found = re.search(r"\b[0-9]{6}\b", (await self.texts())[-1])
        assert found is not None
        return found.group()

    async def try_code(self, asked: SignInAsked, code: str, secret: str = NEW_SECRET, envelope: Envelope | None = None) -> Any:
        command = SignIn(asked.request, code, secret)
        return await sign_in.sign_in(self.house, envelope or self.bureau.anybody(), command)

    async def second_phone(self, secret: str = NEW_SECRET) -> Device:
        """Signed in, without a card yet."""
        signed = await self.try_code(await self.ask(secret), await self.code(), secret)
        assert isinstance(signed, SignedIn), signed
        session = (await self.bureau.with_phone(secret)).caller
        return Device(self.host, self.first.person, session)

    async def shown(self, by: Device) -> list[DeviceState]:
        assert by.session is not None
        async with self.house.database.read() as tx:
            return await devices.held(tx, by.session)

    async def told(self) -> list[tuple[str, str]]:
        async with self.house.database.read() as tx:
            found = await notices.notices_of(tx, self.first.person.book, self.first.person.id)
        return [(one.text_zh, one.text_en) for one in found]


@pytest.fixture
async def lost(new_database: Callable[[], str], tmp_path: Path) -> AsyncIterator[Lost]:
    async with bureau_town(new_database(), tmp_path) as bureau:
        host = await card_town(bureau.place)
        caller = (await bureau.open(1, money=500_00)).caller
        assert caller.person is not None
        person = Person(caller.book, caller.person, 0)
        yield Lost(bureau, host, await Device(host, person, caller).provision())


def code_of(answer: Any) -> Any:
    return answer.code if isinstance(answer, Refusal) else answer


# a lost phone


async def test_a_lost_phone_is_turned_away_at_every_door(lost: Lost) -> None:
    edges = await open_edges(lost.house, "token", real_time=False)
    customers_views = [path for path in reports.views(lost.house) if path not in ("week", "days", "authority")]
    bearer = {"Authorization": f"Bearer {secret_of(1)}"}
    async with edges.batcher, httpx.AsyncClient(transport=httpx.ASGITransport(edges.http), base_url="http://platform") as http:

        async def tried() -> tuple[dict[str, int], dict[str, int]]:
            given = {
                name: (await http.post(f"/commands/{name}", json={}, headers={**bearer, "Idempotency-Key": str(uuid4())})).status_code
                for name, spec in wiring._commands(lost.house, NOTHING, real_time=False).items()
                if spec.who in (wiring.CUSTOMER, wiring.ANYONE)
            }
            seen = {path: (await http.get(f"/view/{re.sub('{.*?}', '1', path)}", headers=bearer)).status_code for path in customers_views}
            return given, seen

        given, seen = await tried()
        assert httpx.codes.UNAUTHORIZED not in {*given.values(), *seen.values()}, "the phone acts for its customer"
        assert await lost.report() == PhonesStopped(1, 1)
        given, seen = await tried()
        assert set(given.values()) == {httpx.codes.UNAUTHORIZED}, given
        assert set(seen.values()) == {httpx.codes.UNAUTHORIZED}, seen
        answer = await http.get("/view/me", headers=bearer)
        assert answer.json()["title"] == "this session has ended: sign in again"
        for page in ("/", "/en"):
            assert PHONE not in (await http.get(page, headers=bearer)).text, "a page is nobody's session"


async def test_what_a_lost_phone_asked_just_before_is_refused_once_it_is_reported(lost: Lost) -> None:
    """It was let in at the door, and then waits for the book that the report holds."""
    first, house = lost.first, lost.house
    await lost.bureau.open(2)
    other = Device(lost.host, first.person, first.session)
    asked: dict[str, Callable[[], Any]] = {
        "send": lambda: people.send(house, first.envelope(), SendMoney("13800138002", 1_00)),
        "provision again": lambda: tokens.provision(
            house, first.envelope(), ProvisionToken(other.point, other.sign("tapwealth/provision", other.point))
        ),
        "replenish": lambda: first.ask(first.request(1)),
        "resume": lambda: tokens.resume(house, first.envelope(), ResumeToken(first.token)),
        "end itself": lambda: devices.end(house, first.envelope(), EndDevice(UUID(bytes=first.session.device[:16]))),  # type: ignore[union-attr] # it has one
    }
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [first.person.book])
        waiting = {what: asyncio.create_task(ask()) for what, ask in asked.items()}
        await others_wait(tx, len(waiting))
        found = await customers.devices_of(tx, first.person.book, first.person.id)
        await customers.set_device_states(tx, [one.token_lookup for one in found], "ended", lost.envelope().received_at)
    assert {what: await one for what, one in waiting.items()} == dict.fromkeys(asked, SESSION_ENDED)
    placing = Placing(first.envelope(), PurchaseFund("000198", 1_00))
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [first.person.book])
        assert await purchase.purchase(house, tx, [placing]) == [SESSION_ENDED]


async def test_a_report_and_the_lost_phone_at_once_leave_no_card_that_pays(lost: Lost) -> None:
    """Whichever comes first: two sessions on the real database."""
    other = Device(lost.host, lost.first.person, lost.first.session)
    command = ProvisionToken(other.point, other.sign("tapwealth/provision", other.point))
    made, stopped = await asyncio.gather(tokens.provision(lost.house, other.envelope(), command), lost.report())
    assert isinstance(stopped, PhonesStopped)
    assert code_of(made) in (SESSION_ENDED.code, TokenRefusal.UNKNOWN_TOKEN, TokenRefusal.NOT_ACTIVE) or stopped.cards == 2
    async with lost.house.database.read() as tx:
        held = await issuing.device_tokens(tx, other.person.book, other.person.id)
    assert {one.state for one in held} == {"deleted"}
    assert await lost.first.tap() == "62"


async def test_a_repeated_command_of_a_lost_phone_is_not_answered_from_memory(lost: Lost) -> None:
    envelope = lost.first.envelope()
    await tokens.suspend(lost.house, envelope, SuspendToken(lost.first.token))
    await lost.report()
    assert await tokens.suspend(lost.house, envelope, SuspendToken(lost.first.token)) == SESSION_ENDED


async def test_the_customer_is_told_and_a_stranger_is_not_reported(lost: Lost) -> None:
    await lost.report()
    (card_zh, card_en), (zh, en) = (await lost.told())[:2]
    assert ("手机" in zh, "sign in on another phone" in en) == (True, True)
    assert ("已删除" in card_zh, "pays no more" in card_en) == (True, True)
    unknown = await devices.report_lost(lost.house, lost.envelope(), ReportLostPhone("13900139000"))
    assert code_of(unknown) is DeviceRefusal.UNKNOWN_CUSTOMER
    assert await lost.report() == PhonesStopped(0, 0), "a second report finds nothing more"


# from another phone


async def test_another_phone_suspends_a_phone_which_then_can_do_nothing_about_it(lost: Lost) -> None:
    second = await lost.second_phone()
    (old,) = [one for one in await lost.shown(second) if not one.this]
    assert old.cards == [lost.first.given.masked]
    suspended = await devices.suspend(lost.house, second.envelope(), SuspendDevice(old.device))
    assert isinstance(suspended, DeviceState)
    assert suspended.state == "suspended"
    again = second.envelope()
    first = await devices.suspend(lost.house, again, SuspendDevice(old.device))
    assert await devices.suspend(lost.house, again, SuspendDevice(old.device)) == first
    assert await people.caller_of_device(lost.house, secret_of(1)) is None
    assert await tokens.resume(lost.house, lost.first.envelope(), ResumeToken(lost.first.token)) == SESSION_ENDED
    assert await devices.resume(lost.house, lost.first.envelope(), ResumeDevice(old.device)) == SESSION_ENDED
    assert await lost.first.tap() == "62"
    assert code_of(await devices.suspend(lost.house, second.envelope(), SuspendDevice(_this(second)))) is DeviceRefusal.THIS_DEVICE

    await devices.resume(lost.house, second.envelope(), ResumeDevice(old.device))
    assert await people.caller_of_device(lost.house, secret_of(1)) is not None
    assert await lost.first.tap() == "62", "its card is resumed by itself"
    await tokens.resume(lost.house, second.envelope(), ResumeToken(lost.first.token))
    assert await lost.first.tap() == "00"


async def test_ending_one_phone_ends_its_card_and_nothing_of_another(lost: Lost) -> None:
    second = await (await lost.second_phone()).provision()
    await devices.end(lost.house, second.envelope(), EndDevice(_this(lost.first)))
    assert (await lost.first.tap(), await second.tap()) == ("62", "00")
    assert await people.caller_of_device(lost.house, secret_of(1)) is None
    for command, flow in ((ResumeDevice, devices.resume), (EndDevice, devices.end)):
        again = await flow(lost.house, second.envelope(), command(_this(lost.first)))  # type: ignore[operator] # each flow with its command
        assert code_of(again) is DeviceRefusal.UNKNOWN_DEVICE, "what has ended stays ended"
    other = await lost.bureau.open(2)
    stranger = await devices.end(lost.house, other, EndDevice(_this(second)))
    assert code_of(stranger) is DeviceRefusal.UNKNOWN_DEVICE
    assert await second.tap() == "00"


def _this(device: Device) -> UUID:
    assert device.session is not None
    return UUID(bytes=device.session.device[:16])


# signing in


async def test_a_customer_who_lost_the_phone_signs_in_on_a_new_one_and_pays_again(lost: Lost) -> None:
    await lost.report()
    second = await lost.second_phone()
    assert second.session is not None
    assert (second.session.person, second.session.book) == (lost.first.person.id, lost.first.person.book)
    await second.provision()
    assert (await second.tap(), await lost.first.tap()) == ("00", "62")
    async with lost.house.database.read() as tx:
        row = (await customers.persons(tx, [(second.session.book, second.session.person)]))[second.session.person]
    assert row.kyc_level == 3, "the class is kept"
    assert "signed in on a new phone" in (await lost.told())[1][1]
    assert {one.this: one.state for one in await lost.shown(second)} == {False: "ended", True: "active"}
    await lost.host.upload(lost.host.claim((await lost.host.tap(second.phone, 2_00))[0]))
    await lost.host.clear(MONDAY)
    await lost.bureau.place.all_books_balance()


async def test_signing_in_ends_nothing_else(lost: Lost) -> None:
    second = await (await lost.second_phone()).provision()
    assert (await lost.first.tap(), await second.tap()) == ("00", "00")


async def test_the_same_sign_in_again_has_the_same_answer_and_a_used_code_opens_no_more(lost: Lost) -> None:
    asked, envelope = await lost.ask(), lost.bureau.anybody()
    code = await lost.code()
    first = await lost.try_code(asked, code, envelope=envelope)
    known = replace(envelope, caller=(await lost.bureau.with_phone(NEW_SECRET)).caller)
    assert await lost.try_code(asked, code, envelope=known) == first, "by who is known now"
    assert code_of(await lost.try_code(asked, code)) is SignInRefusal.UNKNOWN_REQUEST


@pytest.mark.parametrize(
    "changes", [{"name": "王方"}, {"identity_number": identity_of(2)}, {"phone": "13900139000"}], ids=["name", "identity", "phone"]
)
async def test_who_does_not_know_all_three_is_told_the_same_and_gets_no_code(lost: Lost, changes: dict[str, str]) -> None:
    asked = await lost.ask(**changes)
    assert await lost.texts() == []
    async with lost.house.database.read() as tx:
        row = await customers.sign_in(tx, asked.request.int >> 46 & 0xFFFF, asked.request)
    assert row is not None
    guessed = await lost.try_code(asked, sign_in.code_of(lost.house, row))
    assert code_of(guessed) is SignInRefusal.WRONG_CODE, "not even the code that would have been"


async def test_a_number_that_the_telecom_operator_gave_to_somebody_else_gets_no_code(lost: Lost) -> None:
    for answer in (ChannelAnswer.MISMATCH, ChannelAnswer.UNKNOWN):
        lost.bureau.identity.answers[Channel.TELECOM] = [answer]
        await lost.ask()
        assert await lost.texts() == []
    lost.bureau.identity.answers[Channel.TELECOM] = [ChannelAnswer.UNANSWERED]
    await lost.ask()
    assert await lost.bureau.place.work(sign_in.CODES, sign_in.deliver_code) == ["the identity channel telecom does not answer"]
    assert len(await lost.texts()) == 1, "it is asked again"


async def test_a_code_is_good_as_soon_as_its_text_has_come(lost: Lost) -> None:
    asked, answers = await lost.ask(), []
    send = lost.bureau.identity.text

    async def read_at_once(serial: str, phone: Any, text: str) -> None:
        await send(serial, phone, text)
        found = re.search(r"\b[0-9]{6}\b", text)
        assert found is not None
        answers.append(await lost.try_code(asked, found.group()))

    lost.bureau.identity.text = read_at_once  # type: ignore[method-assign]
    assert await lost.bureau.place.work(sign_in.CODES, sign_in.deliver_code) == []
    assert [isinstance(one, Refusal) for one in answers] == [False]


async def test_a_text_that_is_not_known_to_have_left_is_sent_again_under_its_serial(lost: Lost) -> None:
    asked, away = await lost.ask(), [True]
    send = lost.bureau.identity.text

    async def once_away(serial: str, phone: Any, text: str) -> None:
        await send(serial, phone, text)
        if away.pop() if away else False:
            raise Outage("the answer was lost")

    lost.bureau.identity.text = once_away  # type: ignore[method-assign]
    assert await lost.bureau.place.work(sign_in.CODES, sign_in.deliver_code) == ["the answer was lost"]
    assert not isinstance(await lost.try_code(asked, await lost.code()), Refusal)
    assert len(lost.bureau.identity.texts) == 1


async def test_a_code_can_be_tried_a_few_times_only_and_refused_tries_count(lost: Lost) -> None:
    asked, code = await lost.ask(), await lost.code()
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    repeated = lost.bureau.anybody()
    for _ in range(3):
        said = await lost.try_code(asked, wrong, envelope=repeated)
        assert said.text.endswith(f"{MOST_TRIES - 1} tries are left"), "asked again it is one try"
    for _ in range(MOST_TRIES - 1):
        assert code_of(await lost.try_code(asked, wrong)) is SignInRefusal.WRONG_CODE
    assert code_of(await lost.try_code(asked, code)) is SignInRefusal.TOO_MANY_TRIES
    assert (await lost.bureau.with_phone(secret_of(1))).caller.person, "the phone that there is stays"


async def test_guesses_at_once_are_counted_one_by_one(lost: Lost) -> None:
    asked, code = await lost.ask(), await lost.code()
    wrong = [f"{(int(code) + 1 + number) % 10**6:06d}" for number in range(2 * MOST_TRIES)]
    answers = await asyncio.gather(*(lost.try_code(asked, one) for one in wrong))
    assert [code_of(one) for one in answers].count(SignInRefusal.WRONG_CODE) == MOST_TRIES


async def test_another_phone_cannot_use_the_code_nor_use_up_its_tries(lost: Lost) -> None:
    asked, code = await lost.ask(), await lost.code()
    for _ in range(MOST_TRIES + 1):
        assert code_of(await lost.try_code(asked, code, "the secret of a thief's phone")) is SignInRefusal.UNKNOWN_REQUEST
    assert isinstance(await lost.try_code(asked, code), SignedIn)


async def test_a_code_is_good_for_some_minutes(lost: Lost) -> None:
    asked, code = await lost.ask(), await lost.code()
    await lost.host.after(seconds=(GOOD_FOR + timedelta(seconds=1)).total_seconds())
    assert code_of(await lost.try_code(asked, code)) is SignInRefusal.TOO_LATE


async def test_a_code_is_asked_for_a_few_times_an_hour_and_a_day(lost: Lost) -> None:
    def refused(answer: Any) -> bool:
        return code_of(answer) is SignInRefusal.TOO_OFTEN

    for hour in range(4):
        for turn in range(3 if hour < 3 else 1):
            await lost.ask(f"the secret of phone {hour}/{turn}")
        again = await sign_in.ask(lost.house, lost.bureau.anybody(), lost.details("the secret of one phone more"))
        assert refused(again)
        await lost.host.after(minutes=61)
    again = await sign_in.ask(lost.house, lost.bureau.anybody(), lost.details("the secret of one phone more"))
    assert refused(again)
    await lost.ask(identity_number=identity_of(3)), "somebody else's numbers are counted apart"
    await lost.host.after(hours=21)
    await lost.ask("the secret of the last phone")


async def test_a_report_ends_codes_that_are_on_their_way_and_a_known_phone_asks_for_none(lost: Lost) -> None:
    asked, code = await lost.ask(), await lost.code()
    known = await sign_in.ask(lost.house, lost.bureau.anybody(), lost.details(secret_of(1)))
    assert code_of(known) is SignInRefusal.DEVICE_IN_USE
    await lost.report()
    assert code_of(await lost.try_code(asked, code)) is SignInRefusal.WRONG_CODE
    ended = await sign_in.ask(lost.house, lost.bureau.anybody(), lost.details(secret_of(1)))
    assert code_of(ended) is SignInRefusal.DEVICE_IN_USE, "what has ended stays ended"


async def test_the_code_lies_nowhere(lost: Lost) -> None:
    asked, code = await lost.ask(), await lost.code()
    assert isinstance(await lost.try_code(asked, code), SignedIn)
    async with lost.house.database.read() as tx:
        for table in ("sign_in", "outbox", "command_log", "notice"):
            assert await tx.fetchval(f"select count(*) from {table} t where t::text like '%' || $1 || '%'", code) == 0, table


async def test_a_customer_whose_identity_is_not_verified_is_sent_no_code(lost: Lost) -> None:
    await lost.bureau.open(2, verified=False)
    await lost.ask(identity_number=identity_of(2), phone="13800138002")
    assert await lost.bureau.place.work(sign_in.CODES, sign_in.deliver_code) == []
    assert lost.bureau.identity.texts == {}
