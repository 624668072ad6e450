"""Identity numbers of people who do not exist, by birthday and sex, with the check character that each must have."""

from datetime import date

from stdnum.cn import ric


def identity_of(birthday: date, *, male: bool = True, order: int = 10) -> str:
    """Given out in Chaoyang, Beijing; `order` tells apart who was born there on the same day."""
    digits = f"110105{birthday:%Y%m%d}{order:02}{1 if male else 2}"
    return digits + ric.calc_check_digit(digits + "0")
