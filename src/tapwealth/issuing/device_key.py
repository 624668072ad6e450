"""The key by which a device proves itself: P-256 with SHA-256 (FIPS 186-4), the public point uncompressed, signatures as DER (SEC 1).

What a device signs is ASCII text, one item a line, the first of which says what it is for.
"""

from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from tapwealth.kernel.refusal import BadInput

_POINT = 65
_LONGEST_SIGNATURE = 72


def read_device_key(text: str) -> bytes:
    """The point's 65 bytes from hex. Raises BadInput for anything that is no point of the curve."""
    point = _hex(text, "device_key", _POINT)
    try:
        if len(point) != _POINT:
            raise ValueError
        EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)
    except ValueError:
        raise BadInput("it is no point of P-256", where="device_key", hint="65 bytes in hex, beginning with 04") from None
    return point


def signed_by(point: bytes, signature: str, message: bytes) -> bool:
    """Whether the device made this signature (hex) over the message. Raises BadInput for what is no hex."""
    made = _hex(signature, "signature", _LONGEST_SIGNATURE)
    try:
        EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point).verify(made, message, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def provision_message(device_key: bytes) -> bytes:
    """What a device signs to show that it holds the key it names."""
    return f"tapwealth/provision\n{device_key.hex()}".encode("ascii")


def replenish_message(token: UUID, number: int, counter: int) -> bytes:
    """What a device signs to be given keys: the request's number (one more than the last) and its card's counter."""
    return f"tapwealth/replenish\n{token}\n{number}\n{counter}".encode("ascii")


def _hex(text: str, where: str, longest: int) -> bytes:
    try:
        if len(text) > 2 * longest or not text.isascii():
            raise ValueError
        return bytes.fromhex(text)
    except ValueError:
        raise BadInput("it is not hex, or too long", where=where, hint=f"write at most {longest} bytes as hex digits") from None
