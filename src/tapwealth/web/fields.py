"""What is read of the fields of a customer's form, and how it is said what does not fit."""

from collections.abc import Mapping
from uuid import UUID

from tapwealth.kernel.money import checked, read_minor
from tapwealth.kernel.refusal import BadInput
from tapwealth.web.customer_wording import chinese
from tapwealth.web.forms import Form

Wrong = Mapping[str, tuple[str, str]]
"""What does not fit, by the name of its field in a form: Chinese, English."""


def fen_in(form: Form, name: str, empty: str) -> int | tuple[str, str]:
    """What was filled in as yuan, or why it is no amount; `empty`: the Chinese where nothing was."""
    text = form[name].strip().removeprefix("¥")
    if not text:
        return empty, "nothing is filled in"
    try:
        return checked(read_minor(text, where=name))
    except BadInput as error:
        said = f"{error.what}; {error.hint}"
        return chinese(said) or said, said


def number_in(form: Form, name: str, *, signed: bool = False) -> int | None:
    """What a page of ours has put into a field of its own; None: nothing, or something else."""
    text = form[name]
    digits = text.removeprefix("-") if signed else text
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 16 else None


def shown_in(form: Form, name: str) -> int:
    """Fen that they were shown, by that field; -1, which nothing costs, where a page of ours has put none there."""
    found = number_in(form, name)
    return -1 if found is None else found


def identifier_of(text: str) -> UUID:
    """The nil one, so that nothing is found, for what is none."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)
