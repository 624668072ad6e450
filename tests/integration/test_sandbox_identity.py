"""The identity channels as a real process behind the product's own port."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from sandbox_partner import TOKEN, SandboxPartner, sandbox_partner

from tapwealth.customers.identity_http import IdentityHttp
from tapwealth.customers.kyc import Channel, ChannelAnswer, KycLevel, kyc_level
from tapwealth.kernel.masked import IdentityNumber, PersonName, PhoneNumber
from tapwealth.kernel.refusal import Outage

NUMBER, NAME, PHONE = IdentityNumber("11010519491231002X"), PersonName("王芳"), PhoneNumber("13800138000")


@pytest.fixture
def identity(tmp_path: Path) -> Iterator[SandboxPartner]:
    with sandbox_partner("identity", tmp_path) as partner:
        yield partner


@pytest.fixture
async def port(identity: SandboxPartner) -> AsyncIterator[IdentityHttp]:
    asking = IdentityHttp(identity.url, TOKEN, timeout_ms=400)
    yield asking
    await asking.close()


def register(identity: SandboxPartner, *channels: str) -> None:
    person = {"name": NAME.reveal(), "identity_number": NUMBER.reveal(), "phone": PHONE.reveal()}
    answer = identity.post("/admin/persons", {"persons": [person | ({"channels": channels} if channels else {})]})
    assert answer.json() == {"registered": 1}


async def ask_all(
    port: IdentityHttp, round_: str = "", name: PersonName = NAME, phone: PhoneNumber = PHONE
) -> dict[Channel, ChannelAnswer]:
    return {channel: await port.verify(f"{round_}{channel}", channel, name, NUMBER, phone) for channel in Channel}


@pytest.mark.parametrize(
    ("channels", "level"),
    [((), KycLevel.III), (("bank", "tax", "telecom"), KycLevel.II), (("population",), KycLevel.I)],
)
async def test_the_class_follows_from_who_knows_the_person(
    identity: SandboxPartner, port: IdentityHttp, channels: tuple[str, ...], level: KycLevel
) -> None:
    register(identity, *channels)
    assert kyc_level(await ask_all(port)) is level


async def test_a_stranger_is_unknown_everywhere(port: IdentityHttp) -> None:
    assert set((await ask_all(port)).values()) == {ChannelAnswer.UNKNOWN}


async def test_another_name_is_a_mismatch_another_phone_only_where_it_is_compared(identity: SandboxPartner, port: IdentityHttp) -> None:
    register(identity)
    assert set((await ask_all(port, "n", name=PersonName("王方"))).values()) == {ChannelAnswer.MISMATCH}
    other_phone = await ask_all(port, "p", phone=PhoneNumber("13900139000"))
    assert {channel for channel, answer in other_phone.items() if answer is ChannelAnswer.MISMATCH} == {Channel.BANK, Channel.TELECOM}
    assert kyc_level(other_phone) is KycLevel.II


async def test_a_serial_is_answered_once_over_a_kill(identity: SandboxPartner, port: IdentityHttp) -> None:
    assert await port.verify("s1", Channel.TAX, NAME, NUMBER, PHONE) is ChannelAnswer.UNKNOWN
    register(identity)
    identity.restart()
    again = IdentityHttp(identity.url, TOKEN)
    assert await again.verify("s1", Channel.TAX, NAME, NUMBER, PHONE) is ChannelAnswer.UNKNOWN
    assert await again.inquire("s1") is ChannelAnswer.UNKNOWN
    assert await again.inquire("s2") is ChannelAnswer.UNANSWERED
    assert await again.verify("s2", Channel.TAX, NAME, NUMBER, PHONE) is ChannelAnswer.MATCH
    assert await again.verify("s2", Channel.BANK, NAME, NUMBER, PHONE) is ChannelAnswer.UNANSWERED, "another question under a used serial"
    await again.close()


@pytest.mark.parametrize("fault", ["silent", "silent_unprocessed", "error"])
async def test_no_answer_is_a_value_and_is_found_by_inquiry(identity: SandboxPartner, port: IdentityHttp, fault: str) -> None:
    register(identity)
    identity.faults({"message": "verify", "nth": 1, "fault": fault})
    assert await port.verify("s1", Channel.TAX, NAME, NUMBER, PHONE) is ChannelAnswer.UNANSWERED
    assert await port.inquire("s1") is (ChannelAnswer.MATCH if fault == "silent" else ChannelAnswer.UNANSWERED)
    assert await port.verify("s1", Channel.TAX, NAME, NUMBER, PHONE) is ChannelAnswer.MATCH


async def test_nobody_there_is_a_value(identity: SandboxPartner, port: IdentityHttp) -> None:
    identity.kill()
    assert await port.verify("s1", Channel.TAX, NAME, NUMBER, PHONE) is ChannelAnswer.UNANSWERED
    assert await port.inquire("s1") is ChannelAnswer.UNANSWERED
    identity.start()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b'{"serial":"s1","channel":"tax","result":"maybe"}',
        b'{"serial":"s2","channel":"tax","result":"match"}',
    ],
)
async def test_an_answer_that_cannot_be_read_is_no_answer(answer: bytes) -> None:
    port = IdentityHttp("http://identity.test", TOKEN)
    await port.close()
    port._client = httpx.AsyncClient(
        base_url="http://identity.test", transport=httpx.MockTransport(lambda _: httpx.Response(200, content=answer))
    )
    assert await port.verify("s1", Channel.TAX, NAME, NUMBER, PHONE) is ChannelAnswer.UNANSWERED
    await port.close()


def test_an_unknown_channel_or_a_wrong_number_is_refused(identity: SandboxPartner) -> None:
    question = {"serial": "s", "channel": "church", "name": "王芳", "identity_number": NUMBER.reveal(), "phone": "1"}
    for wrong in (question, question | {"channel": "tax", "identity_number": "11010519491231002"}):
        answer = identity.post("/verify", wrong)
        assert answer.status_code == 400
        assert answer.text.count("\n") == 1


def test_the_dump_does_not_depend_on_serials(identity: SandboxPartner) -> None:
    register(identity, "tax")
    question = {"channel": "tax", "name": "王芳", "identity_number": NUMBER.reveal(), "phone": "1"}
    identity.post("/verify", question | {"serial": "first"})
    dump = identity.get("/admin/store").json()
    assert dump == {"known": [["tax", NUMBER.reveal(), "王芳", PHONE.reveal()]], "answers": [["tax", "match", 1]]}


async def test_a_text_message_comes_once_and_its_serial_is_good_for_no_other(identity: SandboxPartner, port: IdentityHttp) -> None:
    for _ in range(2):
        await port.text("T1", PHONE, "您的验证码 123456")
    with pytest.raises(Outage, match="409"):
        await port.text("T1", PHONE, "another text")
    assert identity.get("/admin/texts/13800138000").json() == {"texts": ["您的验证码 123456"]}
    assert identity.get("/admin/texts/13900139000").json() == {"texts": []}


async def test_a_telecom_operator_that_is_silent_may_be_asked_again(identity: SandboxPartner, port: IdentityHttp) -> None:
    identity.faults({"message": "text", "nth": 1, "fault": "silent"})
    with pytest.raises(Outage, match="takes no text messages now"):
        await port.text("T2", PHONE, "text")
    await port.text("T2", PHONE, "text")
    assert identity.get("/admin/texts/13800138000").json() == {"texts": ["text"]}
