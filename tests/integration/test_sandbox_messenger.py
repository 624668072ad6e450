"""The messenger as a real process behind the product's own port."""

import json
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sandbox_partner import TOKEN, SandboxPartner, sandbox_partner

from tapwealth.kernel.masked import Masked, PhoneNumber
from tapwealth.notices.messenger import Channel, Fate, Outgoing, Said
from tapwealth.notices.messenger_http import MessengerHttp

NUMBER, PHONE = "13800138000", "0123456789abcdef0123456789abcdef"
TEXT = Outgoing("m1", Channel.SMS, [PhoneNumber(NUMBER)], "您的电费已付。", 1)
PUSH = Outgoing("p1", Channel.PUSH, [Masked(PHONE), Masked(PHONE[::-1])], "Your bill is paid.", 1)
ACCEPTED, DELIVERED, NEVER_CAME = Said(Fate.ACCEPTED), Said(Fate.DELIVERED), Said(Fate.NEVER_CAME)


@pytest.fixture
def messenger(tmp_path: Path) -> Iterator[SandboxPartner]:
    with sandbox_partner("messenger", tmp_path) as partner:
        partner.clock("2014-02-26T09:00:00+08:00")
        yield partner


@pytest.fixture
async def port(messenger: SandboxPartner) -> AsyncIterator[MessengerHttp]:
    asking = MessengerHttp(messenger.url, TOKEN, timeout_ms=400)
    yield asking
    await asking.close()


def came(messenger: SandboxPartner, address: str) -> list[str]:
    return [one["text"] for one in messenger.get(f"/admin/arrived/{address}").json()["messages"]]


async def test_a_message_is_brought_once_by_its_serial_over_a_kill(messenger: SandboxPartner, port: MessengerHttp) -> None:
    assert await port.inquire(Channel.SMS, "m1") == NEVER_CAME
    assert await port.submit(TEXT) == ACCEPTED
    messenger.restart()
    again = MessengerHttp(messenger.url, TOKEN)
    assert await again.submit(TEXT) == ACCEPTED
    assert await again.inquire(Channel.SMS, "m1") == DELIVERED
    assert await again.submit(replace(TEXT, text="another")) == Said(Fate.UNKNOWN, "HTTP status 409")
    assert await again.submit(replace(TEXT, segments=2)) == Said(Fate.UNKNOWN, "HTTP status 409")
    assert came(messenger, NUMBER) == [TEXT.text]
    await again.close()


async def test_a_push_message_comes_to_each_phone_and_bounces_where_none_is_left(messenger: SandboxPartner, port: MessengerHttp) -> None:
    assert await port.submit(PUSH) == ACCEPTED
    messenger.post("/admin/dead", {"addresses": [PHONE]})
    assert await port.submit(replace(PUSH, serial="p2")) == ACCEPTED
    assert await port.inquire(Channel.PUSH, "p2") == DELIVERED
    messenger.post("/admin/dead", {"addresses": [PHONE[::-1]]})
    assert await port.submit(replace(PUSH, serial="p3")) == ACCEPTED
    assert await port.inquire(Channel.PUSH, "p3") == Said(Fate.BOUNCED, "no_such_phone")
    assert (len(came(messenger, PHONE)), len(came(messenger, PHONE[::-1]))) == (1, 2)


async def test_a_dead_number_bounces_until_it_lives_again(messenger: SandboxPartner, port: MessengerHttp) -> None:
    messenger.post("/admin/dead", {"addresses": [NUMBER]})
    assert await port.submit(TEXT) == ACCEPTED
    assert await port.inquire(Channel.SMS, "m1") == Said(Fate.BOUNCED, "dead_number")
    messenger.post("/admin/dead", {"addresses": [NUMBER], "dead": False})
    await port.submit(replace(TEXT, serial="m2"))
    assert await port.inquire(Channel.SMS, "m2") == DELIVERED
    assert messenger.get("/admin/store").json() == {"sms": [NUMBER], "push": []}


@pytest.mark.parametrize(
    ("text", "segments", "said"),
    [
        ("字" * 70, 1, ACCEPTED),
        ("字" * 71, 2, ACCEPTED),
        ("字" * 134, 2, ACCEPTED),
        ("字" * 135, 2, Said(Fate.BOUNCED, "wrong_segments")),
        ("字" * 68 + "🀄", 1, ACCEPTED),
        ("字" * 69 + "🀄", 1, Said(Fate.BOUNCED, "wrong_segments")),
        ("字" * 269, 5, Said(Fate.BOUNCED, "too_long")),
    ],
)
async def test_text_messages_are_counted_in_segments_of_ucs2(
    messenger: SandboxPartner, port: MessengerHttp, text: str, segments: int, said: Said
) -> None:
    assert await port.submit(replace(TEXT, text=text, segments=segments)) == said
    assert await port.inquire(Channel.SMS, "m1") == (DELIVERED if said is ACCEPTED else said)


async def test_a_push_message_of_any_length_is_no_text_message(messenger: SandboxPartner, port: MessengerHttp) -> None:
    assert await port.submit(replace(PUSH, text="字" * 500)) == ACCEPTED
    assert await port.submit(replace(PUSH, serial="p2", text="字" * 501)) == Said(Fate.BOUNCED, "too_long")


@pytest.mark.parametrize(
    ("fault", "reason", "there", "processed"),
    [
        ("silent", "no answer in time", False, True),
        ("silent_unprocessed", "no answer in time", False, False),
        ("slow", "no answer in time", False, True),
        ("garbage", "the answer cannot be read", True, True),
        ("error", "HTTP status 500", True, False),
        ("error_after", "HTTP status 500", True, True),
    ],
)
async def test_an_unknown_outcome_is_found_by_inquiry(
    messenger: SandboxPartner, port: MessengerHttp, fault: str, reason: str, there: bool, processed: bool
) -> None:
    messenger.faults({"message": "sms", "nth": 1, "fault": fault})
    assert await port.submit(TEXT) == Said(Fate.UNKNOWN, reason, there)
    assert await port.inquire(Channel.SMS, "m1") == (DELIVERED if processed else NEVER_CAME)
    assert await port.submit(TEXT) == ACCEPTED, "a fault befalls a serial once"
    assert came(messenger, NUMBER) == [TEXT.text]


async def test_a_message_that_is_taken_and_forgotten_never_came(messenger: SandboxPartner, port: MessengerHttp) -> None:
    messenger.faults({"message": "push", "nth": 1, "fault": "lose"}, {"message": "inquiry", "nth": 2, "fault": "garbage"})
    assert await port.submit(PUSH) == ACCEPTED
    assert await port.inquire(Channel.PUSH, "p1") == NEVER_CAME
    assert await port.inquire(Channel.PUSH, "p1") == Said(Fate.UNKNOWN, "the answer cannot be read")
    assert came(messenger, PHONE) == []


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"channel": "pigeon"}, "pigeon"),
        ({"to": []}, "to"),
        ({"to": ["1380013800"]}, "to"),
        ({"to": [NUMBER, NUMBER]}, "one mobile number"),
        ({"to": [PHONE]}, "one mobile number"),
        ({"text": ""}, "text"),
        ({"segments": 0}, "segments"),
        ({"serial": ""}, "serial"),
        ({"colour": "red"}, "unknown field"),
    ],
)
async def test_what_cannot_be_read_gets_one_line(messenger: SandboxPartner, change: dict[str, Any], what: str) -> None:
    body = {"serial": "m1", "channel": "sms", "to": [NUMBER], "text": "x", "segments": 1} | change
    answer = messenger.post("/messages", body)
    assert (answer.status_code, answer.text.count("\n")) == (400, 1)
    assert what in answer.text
    assert messenger.get("/admin/store").json() == {"sms": [], "push": []}


def test_reports_are_pushed_until_taken_twice_late_or_never(tmp_path: Path) -> None:
    taken: list[tuple[str, dict[str, Any]]] = []

    class Platform(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append((self.path, json.loads(body)["reports"][0]))
            self.send_response(503 if len(taken) == 1 else 204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing is said."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Platform)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sandbox_partner("messenger", tmp_path, "--platform", f"http://127.0.0.1:{server.server_port}") as messenger:
        messenger.clock("2014-02-26T09:00:00+08:00")
        plan = [("double", 2), ("lose", 3), ("delay", 4)]
        messenger.faults(*({"message": "report", "nth": nth, "fault": fault} for fault, nth in plan))
        messenger.post("/admin/dead", {"addresses": [NUMBER]})
        for number in range(1, 6):
            messenger.post("/messages", {"serial": f"m{number}", "channel": "sms", "to": [NUMBER], "text": "x"})
        messenger.clock("2014-02-26T10:00:00+08:00")
        while messenger.get("/admin/outbox").json():
            pass
    server.shutdown()
    server.server_close()
    assert sorted(report["serial"] for _, report in taken) == ["m1", "m1", "m2", "m2", "m4", "m5"]
    assert {path for path, _ in taken} == {"/partner/messenger/reports"}
    at = "2014-02-26T01:00:00.000000Z"
    assert taken[0][1] == {"serial": "m1", "state": "bounced", "reason": "dead_number", "at": at}
