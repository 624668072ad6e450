"""RSA as payment cards use it: whole blocks, no padding of their own (EMV Book 2, A2.1 and B2.1).

A block of the modulus' length goes in and one of the same length comes out: `recover` with the public key, `sign` with the private one.
What stands in a block, and what is checked of it, is `emv_certificates` and `emv_signatures`. Nothing here draws a random number: keys
are made elsewhere and handed in. Python's `pow` does not hide its operands from whoever measures time: it serves phones' own keys and
tests; a certificate authority signs in a hardware module, behind `Signer`.
"""

from dataclasses import dataclass
from math import isqrt, lcm
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateNumbers, RSAPublicNumbers, rsa_recover_prime_factors
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tapwealth.kernel.masked import Masked
from tapwealth.kernel.refusal import BadInput

EXPONENTS = (3, 65_537)
"""The public exponents that EMV allows (Book 2, B2.1)."""

LONGEST_KEY = 248
"""Bytes: 1984 bits (Book 2, D1)."""

SHORTEST_KEY = 64
"""Bytes. No scheme issues less any more; a certificate of a card's key needs 42 bytes besides the key."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Raises BadInput when EMV rules the numbers out."""

    modulus: int
    exponent: int

    def __post_init__(self) -> None:
        if self.exponent not in EXPONENTS:
            raise BadInput(f"the exponent {self.exponent} is not allowed", where="RSA key", hint="EMV knows 3 and 65537")
        if not SHORTEST_KEY <= self.size <= LONGEST_KEY or self.modulus % 2 == 0:
            text = f"a modulus of {self.modulus.bit_length()} bits is not usable"
            raise BadInput(text, where="RSA key", hint=f"it is odd and has {SHORTEST_KEY} to {LONGEST_KEY} bytes")

    @property
    def size(self) -> int:
        """Bytes of the modulus, and of every block."""
        return (self.modulus.bit_length() + 7) // 8

    @property
    def modulus_bytes(self) -> bytes:
        return self.modulus.to_bytes(self.size, "big")

    @property
    def exponent_bytes(self) -> bytes:
        """As 9F32 and 9F47 carry it: 03 or 010001."""
        return self.exponent.to_bytes((self.exponent.bit_length() + 7) // 8, "big")

    def recover(self, block: bytes, *, where: str) -> bytes:
        """What was signed. Raises BadInput on a block that is not this key's: of another length, or not below the modulus."""
        if len(block) != self.size:
            raise BadInput(f"{len(block)} bytes are not a block of a {self.size}-byte key", where=where, hint="it belongs to another key")
        number = int.from_bytes(block, "big")
        if number >= self.modulus:
            raise BadInput("the block is not below the modulus", where=where, hint="it belongs to another key")
        return pow(number, self.exponent, self.modulus).to_bytes(self.size, "big")


class Signer(Protocol):
    """A private key, wherever it lies: in memory, or not to be had out of a module (PKCS#11: mechanism CKM_RSA_X_509)."""

    @property
    def public(self) -> PublicKey: ...

    def sign(self, block: bytes) -> bytes:
        """The raw private operation on one block below the modulus."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class PrivateKey:
    """A key in memory, with its primes: two small powers are four times as fast as a large one."""

    public: PublicKey
    exponent: int
    p: int
    q: int

    def __repr__(self) -> str:
        return f"PrivateKey({self.public.size * 8} bits, {Masked('')})"

    def sign(self, block: bytes) -> bytes:
        """One block below the modulus, by the Chinese remainder theorem (RFC 8017, 5.1.2)."""
        number = int.from_bytes(block, "big")
        assert len(block) == self.public.size, "a block has the modulus' length"
        assert number < self.public.modulus, "a block begins below the modulus"
        left = pow(number, self.exponent % (self.p - 1), self.p)
        right = pow(number, self.exponent % (self.q - 1), self.q)
        signed = right + self.q * ((left - right) * pow(self.q, -1, self.p) % self.p)
        # A signature with one wrong half would give the primes away to whoever sees it.
        assert pow(signed, self.public.exponent, self.public.modulus) == number, "the machine miscounted: nothing is given out"
        return signed.to_bytes(self.public.size, "big")


def private_key(modulus: int, exponent: int, private_exponent: int) -> PrivateKey:
    """From the three numbers, as personalisation data carry them. Raises BadInput when they are no key."""
    public = PublicKey(modulus, exponent)
    try:
        p, q = _primes(modulus, exponent, private_exponent) or rsa_recover_prime_factors(modulus, exponent, private_exponent)
    except ValueError:
        raise BadInput("the numbers do not belong together", where="RSA private key", hint="hand in n, e and d of one key") from None
    return PrivateKey(public, private_exponent, p, q)


_LARGEST_FACTOR = 16


def _primes(modulus: int, exponent: int, private_exponent: int) -> tuple[int, int] | None:
    """The larger one first; None if they are to be searched for, which takes as long as ten signatures.

    e·d − 1 is k times (p − 1)(q − 1), or k times that by a factor that both p − 1 and q − 1 have. As their product is little less than
    the modulus, k is what the division by the modulus gives, and one; from their product follows the sum of the primes, and both.
    """
    whole = exponent * private_exponent - 1
    for factor in range(1, _LARGEST_FACTOR + 1) if whole > 0 else ():
        totient, rest = divmod(whole * factor, whole * factor // modulus + 1)
        total = modulus + 1 - totient
        square = total * total - 4 * modulus
        if rest or square < 0:
            continue
        p = (total + isqrt(square)) // 2
        q = total - p
        if 1 < p < modulus and p * q == modulus and whole % lcm(p - 1, q - 1) == 0:
            return p, q
    return None


def read_pem(pem: str) -> PrivateKey:
    """An unencrypted private key in PEM. Raises BadInput."""
    try:
        numbers = load_pem_private_key(pem.encode(), None).private_numbers()  # type: ignore[union-attr]  # other kinds have none
    except (ValueError, TypeError, AttributeError):
        raise BadInput(
            "it is not an unencrypted RSA key in PEM", where="RSA private key", hint="begin with -----BEGIN PRIVATE KEY-----"
        ) from None
    if not isinstance(numbers, RSAPrivateNumbers):
        raise BadInput("it is not an RSA key", where="RSA private key", hint="EMV Book 2 knows no other")
    known: RSAPublicNumbers = numbers.public_numbers
    return PrivateKey(PublicKey(known.n, known.e), numbers.d, numbers.p, numbers.q)
