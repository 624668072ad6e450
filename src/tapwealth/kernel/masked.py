"""Secrets that do not show themselves in logs, reprs and error messages."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Masked:
    """Some text that is only shown on purpose, by `reveal()`."""

    _value: str

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"

    def __str__(self) -> str:
        return "•" * 6


class Pan(Masked):
    """A primary account number (ISO/IEC 7812): shown as the first six and the last four digits."""

    def __str__(self) -> str:
        digits = self._value
        return f"{digits[:6]}{'*' * (len(digits) - 10)}{digits[-4:]}"


class PhoneNumber(Masked):
    """Shown as 138****5678."""

    def __str__(self) -> str:
        return f"{self._value[:3]}****{self._value[-4:]}"


class IdentityNumber(Masked):
    """GB 11643: shown by its first and last character."""

    def __str__(self) -> str:
        return f"{self._value[:1]}{'*' * (len(self._value) - 2)}{self._value[-1:]}"


class PersonName(Masked):
    """Shown by its last character."""

    def __str__(self) -> str:
        return f"*{self._value[-1:]}"


class Imei(Masked):
    """The number of a phone (3GPP TS 23.003): shown by its last four digits."""

    def __str__(self) -> str:
        return f"{'*' * (len(self._value) - 4)}{self._value[-4:]}"
