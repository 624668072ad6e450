"""Who plays: people with numbers that hold, made from a seed; the channel's holders; accounts at the bank.

Names and numbers are invented. An identity number has a real place, a plausible birthday and its check character (GB 11643, ISO 7064
MOD 11-2); a card number begins with a real bank's number and ends with its Luhn digit (ISO/IEC 7812-1).
"""

from dataclasses import dataclass
from uuid import UUID

from stdnum import luhn
from stdnum.iso7064 import mod_11_2

from tapwealth.kernel.ids import SeededRandom, seeded_random

_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾萧田董潘袁蔡蒋余于杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范"
_GIVEN = "伟芳娜敏静丽强磊洋艳勇军杰娟涛明超霞平刚桂英华玉兰萍红云鹏飞雨晨思佳欣怡子涵梓轩浩宇俊豪雪琳婷慧宁波斌健康乐成建国文博"
_PLACES = ("110101", "110105", "110108", "310104", "310115", "440103", "440305", "330106", "320106", "510104", "420106", "610113")
_CARD_BIN = "621420"
"""Bank of Beijing, debit, 16 digits."""


@dataclass(frozen=True, slots=True)
class Person:
    """Someone with a phone, an identity number and a bank card."""

    name: str
    identity_number: str
    phone: str
    card_number: str
    device_token: str


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody of the week, and the source of every key and random number that the player needs."""

    seed: int
    customers: tuple[Person, ...]

    def key(self, name: str) -> UUID:
        """The idempotency key of an act: the same act of the same seed, the same key."""
        draw = self.random(f"key:{name}")
        return UUID(int=0x01445F797800 << 80 | 0x7 << 76 | draw.getrandbits(12) << 64 | 0b10 << 62 | draw.getrandbits(62))

    def random(self, name: str) -> SeededRandom:
        """A generator of its own for each purpose, so that one act more does not change the others."""
        return seeded_random(int.from_bytes(f"{self.seed}:{name}".encode(), "big"))

    def holder(self, ta_account: str) -> tuple[str, str]:
        """(name, identity number) of a holder of the other channel."""
        draw = self.random(f"holder:{ta_account}")
        return _name(draw), _identity_number(draw)


def cast_of(seed: int) -> Cast:
    """Three customers of the phone maker."""
    draw = seeded_random(seed)
    return Cast(seed, tuple(_person(draw) for _ in range(3)))


def _person(draw: SeededRandom) -> Person:
    phone = f"{draw.choice(('138', '139', '136'))}{draw.randrange(10**8):08d}"
    digits = f"{_CARD_BIN}{draw.randrange(10**9):09d}"
    return Person(_name(draw), _identity_number(draw), phone, digits + luhn.calc_check_digit(digits), f"{draw.getrandbits(256):064x}")


def _name(draw: SeededRandom) -> str:
    return draw.choice(_SURNAMES) + "".join(draw.choice(_GIVEN) for _ in range(draw.choice((1, 2, 2))))


def _identity_number(draw: SeededRandom) -> str:
    birthday = f"{draw.randrange(1965, 1991)}{draw.randrange(1, 13):02d}{draw.randrange(1, 29):02d}"
    digits = f"{draw.choice(_PLACES)}{birthday}{draw.randrange(1, 999):03d}"
    return digits + mod_11_2.calc_check_digit(digits)
