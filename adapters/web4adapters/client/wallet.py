"""Making transactions: a body, the keys that sign it, the next nonce."""

from __future__ import annotations

from collections.abc import Callable

from web4adapters.client.client import Client
from web4adapters.signers import Signer
from web4core.ledger.state import Address
from web4core.ledger.transactions import Body, Transaction, assemble, draft


def signed_transaction(body: Body, *signers: Signer) -> Transaction:
    """The transaction that these keys make of a body."""
    keys = tuple(signer.public_key for signer in signers)
    _, message = draft(body, keys)
    return assemble(body, keys, tuple(signer.sign(message) for signer in signers))


def next_transaction(
    client: Client, source: Address, signer: Signer, body: Callable[[int], Body]
) -> Transaction:
    """The transaction of an account that comes next, by the nonce that the platform proves."""
    return signed_transaction(body(client.account(source).account.nonce), signer)
