"""Amounts as people write them: decimal ATP, to and from integers of micro-ATP, without floats."""

from __future__ import annotations

import re

from web4core import MAX_SUPPLY_UATP, MICRO

DECIMALS = 6
_DECIMAL = re.compile(r"(\d{1,13})(?:\.(\d{1,6}))?")


def parse_atp(text: str) -> int:
    """Micro-ATP from decimal ATP; ValueError says what is wrong."""
    match = _DECIMAL.fullmatch(text)  # G-GENESIS-4
    if match is None or not text.isascii():
        raise ValueError(f"{text!r} is not an amount; write ATP with up to {DECIMALS} decimals")
    whole, fraction = match.group(1), (match.group(2) or "").ljust(DECIMALS, "0")
    amount_uatp = int(whole) * MICRO + int(fraction)
    if amount_uatp > MAX_SUPPLY_UATP:
        raise ValueError(f"{text} ATP is more than any ledger holds")
    return amount_uatp


def format_atp(amount_uatp: int) -> str:
    """Decimal ATP, as short as it is exact."""
    whole, fraction = divmod(amount_uatp, MICRO)
    digits = f"{fraction:0{DECIMALS}d}".rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)
