"""The worker's lanes between the platform's own door and the messenger as a real process, which is killed, and reports as it likes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from bill_town import NINE, Person, Town
from notice_town import NoticeTown, device_of, notice, with_messenger
from patience import comes
from sandbox_partner import TOKEN, SandboxPartner, sandbox_partner
from served_house import PARTNER_TOKEN, Doors, open_doors

from tapwealth.flows.notices import outgoing
from tapwealth.kernel.clock import iso
from tapwealth.notices.messenger import Channel, Fate, Outgoing, Said
from tapwealth.notices.messenger_http import MessengerHttp
from tapwealth.notices.notice import NoticeKind
from tapwealth.worker.notice_lanes import NoticeLane

NOTHING: Any = None
BAD_REPORTS = [
    b"", b"{", b"[]", b'{"reports": [{"serial": "x", "state": "lost"}]}', b'{"reports": [{"serial": 1, "state": "delivered"}]}',
    b'{"reports": [{"serial": "\xff", "state": "delivered"}]}', b"[" * 100_000,
    b'{"reports": [' + b",".join([b'{"serial": "x", "state": "delivered"}'] * 1_001) + b"]}",
]  # fmt: skip

NOT_OURS = ["", "x", "M1", str(UUID(int=0)), str(UUID(int=2**128 - 1)), "01446167-da80-8142-8000-63cac72dd3d2\n"]


class Following:
    """The product's port to a process that starts again at another address each time."""

    def __init__(self, partner: SandboxPartner) -> None:
        self.partner, self.port = partner, MessengerHttp(partner.url, TOKEN, timeout_ms=1_500)

    async def submit(self, message: Outgoing) -> Said:
        return await self.port.submit(message)

    async def inquire(self, channel: Channel, serial: str) -> Said:
        return await self.port.inquire(channel, serial)

    async def restart(self) -> None:
        """kill -9, and another start."""
        await asyncio.to_thread(self.partner.restart)
        before, self.port = self.port, MessengerHttp(self.partner.url, TOKEN, timeout_ms=1_500)
        await before.close()


@asynccontextmanager
async def at_the_messenger(place: Town, folder: Path, *faults: dict[str, Any]) -> AsyncIterator[tuple[NoticeTown, Doors, Following]]:
    """A platform that takes reports, the messenger that pushes them there, and lanes that run."""
    async with open_doors(place, token=TOKEN) as doors:
        with sandbox_partner("messenger", folder, "--platform", str(doors.http.base_url)) as partner:
            partner.clock(iso(NINE))
            partner.faults(*faults)
            following = Following(partner)
            place.house = replace(place.house, rails=replace(place.house.rails, messenger=following))
            running = [asyncio.create_task(NoticeLane(place.house, channel).run()) for channel in Channel]
            try:
                yield NoticeTown(place, NOTHING, [NINE]), doors, following
            finally:
                for task in running:
                    task.cancel()
                await asyncio.gather(*running, return_exceptions=True)
                await following.port.close()


async def until_over(at: NoticeTown) -> list[tuple[str, str]]:
    async with comes("the end of all deliveries"):
        while any(state in ("waiting", "sent", "accepted") for _, state in await at.states()):
            await asyncio.sleep(0.05)
    return await at.states()


def arrived(partner: SandboxPartner, person: Person) -> list[str]:
    address = outgoing.phone_address(device_of(person))
    return [one["text"] for one in partner.get(f"/admin/arrived/{address}").json()["messages"]]


async def test_a_kill_of_the_messenger_loses_and_doubles_nothing(place: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "LEASE", outgoing.LEASE / 3)
    async with at_the_messenger(place, tmp_path) as (at, _, following):
        people = [await at.customer(f"P{number}") for number in range(40)]
        await at.tell(*(notice(one, "paid") for one in people))
        await outgoing.route(at.house)
        async with comes("the first messages"):
            while len(following.partner.get("/admin/store").json()["push"]) < 5:
                await asyncio.sleep(0.01)
        await following.restart()
        assert {state for _, state in await until_over(at)} == {"delivered"}
        assert [arrived(following.partner, one) for one in people] == [["paid。"]] * 40


async def test_reports_doubled_lost_and_late_and_answers_that_never_come(
    place: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tapwealth.notices.delivery.FIRST_ASK", outgoing.LEASE / 12)
    faults = [
        *({"message": "report", "nth": nth, "fault": fault} for nth, fault in enumerate(("double", "lose", "delay"), 1)),
        *({"message": "push", "nth": nth, "fault": fault} for nth, fault in enumerate(("garbage", "error", "error_after", "silent"), 1)),
        {"message": "inquiry", "nth": 1, "fault": "garbage"},
    ]
    async with at_the_messenger(place, tmp_path, *faults) as (at, _, following):
        people = [await at.customer(f"P{number}") for number in range(8)]
        await at.tell(*(notice(one, "paid", NoticeKind.FUND) for one in people))
        await outgoing.route(at.house)
        assert await until_over(at) == [("push", "delivered")] * 8
        assert [arrived(following.partner, one) for one in people] == [["paid。"]] * 8


async def test_what_is_reported_is_read_or_refused_and_what_is_not_ours_is_passed_over(place: Town) -> None:
    async with open_doors(place) as doors:

        async def reported(token: str = PARTNER_TOKEN, **more: Any) -> httpx.Response:
            return await doors.http.post("/partner/messenger/reports", headers={"Authorization": f"Bearer {token}"}, **more)

        for body in BAD_REPORTS:
            answer = await reported(content=body)
            assert answer.status_code == 400, body[:40]
            assert "reports" in answer.text
        for serial in NOT_OURS:
            report = {"serial": serial, "state": "delivered", "reason": "x" * 900, "more": 1}
            assert (await reported(json={"reports": [report]})).status_code == 204, serial
        assert (await reported("other", json={"reports": []})).status_code == 401


async def test_a_lane_narrows_while_nobody_answers_and_hastens_when_somebody_does(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    at = with_messenger(place, monkeypatch.setattr, datetime.fromisoformat("2026-01-01T00:00:00+00:00"))
    people = [await at.customer(f"P{number}") for number in range(200)]
    at.messenger.silent |= {Channel.PUSH}
    await at.tell(*(notice(one, "signed in", NoticeKind.SECURITY) for one in people))
    await outgoing.route(at.house)
    push, sms = NoticeLane(at.house, Channel.PUSH), NoticeLane(at.house, Channel.SMS)
    for _ in range(12):
        await push.turn()
        await sms.turn()
        at.later(outgoing.LEASE)
    assert push.pace.width == 1
    assert push.pace.rest_ms() > 0
    assert len(at.messenger.texts(Channel.SMS)) == 200
    at.messenger.silent.clear()
    for _ in range(40):
        at.later(outgoing.LEASE / 100)
        await push.turn()
    assert len(at.messenger.texts(Channel.PUSH)) == 200
    assert [fate for _, fate in at.messenger.taken.values()] == [Fate.DELIVERED] * 400
