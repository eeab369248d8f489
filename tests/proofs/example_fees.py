"""Rules of an embedder, as `web4 check prove --rules tests.proofs.example_fees` takes them.

A transfer that pays a fee to a collector: once as it should be, and once losing the fee.
"""

from __future__ import annotations

import enum
from typing import Any

from attrs import evolve, frozen

from web4core.ledger.rules import Call
from web4core.ledger.state import Account, Address, LedgerView
from web4core.types import Nonce

FEE_UATP = 1


class Refused(enum.Enum):
    """Why a transfer is not carried out."""

    NOT_OPEN = "an account is not open"
    NOT_APART = "two of the accounts are one"
    NOT_ALLOWED = "wrong key or nonce"
    NOT_COVERED = "the amount is not positive, or exceeds what is available with the fee"


@frozen
class PaidTransfer:
    """Move an amount, and a fee to the collector."""

    source: Address
    destination: Address
    collector: Address
    amount_uatp: int
    nonce: int


@frozen
class LeakyTransfer(PaidTransfer):
    """The same, but for a mistake."""


def paid_transfer(view: LedgerView, body: PaidTransfer, call: Call) -> Any:
    """The amount to the destination, the fee to the collector."""
    source, destination = view.account(body.source), view.account(body.destination)
    collector = view.account(body.collector)
    if source is None or destination is None or collector is None:
        return Refused.NOT_OPEN
    if body.source in (body.destination, body.collector) or body.destination == body.collector:
        return Refused.NOT_APART
    if call.keys[0] != source.owner or body.nonce != source.nonce:
        return Refused.NOT_ALLOWED
    if body.amount_uatp <= 0 or source.available_uatp < body.amount_uatp + FEE_UATP:
        return Refused.NOT_COVERED
    left = source.available_uatp - body.amount_uatp - FEE_UATP
    debited = evolve(source, available_uatp=left, nonce=Nonce(source.nonce + 1))
    return debited, _paid(destination, body.amount_uatp), _paid(collector, FEE_UATP)


def leaky_transfer(view: LedgerView, body: LeakyTransfer, call: Call) -> Any:
    """As above, but the collector is forgotten."""
    outcome = paid_transfer(view, body, call)
    return outcome if isinstance(outcome, Refused) else outcome[:2]


def _paid(account: Account, amount_uatp: int) -> Account:
    return evolve(account, available_uatp=account.available_uatp + amount_uatp)


RULES = {PaidTransfer: paid_transfer, LeakyTransfer: leaky_transfer}
