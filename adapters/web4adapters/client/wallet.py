"""Making transactions: a body, the keys that sign it, the next nonce."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from web4adapters.client.client import Client
from web4adapters.files import try_lock
from web4adapters.signers import KeyFileError, Signer
from web4core import Address, Body, Nonce, Transaction, assemble, draft

WALLET_WAIT_S = 60.0
"""The longest that a payment waits for an earlier payment with the same key file."""

WALLET_POLL_S = 0.05
"""The interval at which it looks whether the earlier one is done."""


@contextmanager
def held(wallet: Path) -> Iterator[None]:
    """Lock a key file, so that no two payments take the same nonce."""
    descriptor = os.open(wallet, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        until_s = time.monotonic() + WALLET_WAIT_S
        while not try_lock(descriptor):
            if time.monotonic() > until_s:
                reason = f"another payment has used it for {WALLET_WAIT_S:g} s"
                raise KeyFileError(wallet, reason, "wait for that one, or end it, and try again")
            time.sleep(WALLET_POLL_S)
        yield
    finally:
        os.close(descriptor)


def signed_transaction(body: Body, *signers: Signer) -> Transaction:
    """The transaction that these keys make of a body."""
    keys = tuple(signer.public_key for signer in signers)
    _, message = draft(body, keys)
    return assemble(body, keys, tuple(signer.sign(message) for signer in signers))


def next_transaction(
    client: Client, source: Address, signer: Signer, body: Callable[[Nonce], Body]
) -> Transaction:
    """The next transaction of an account, by the nonce that the platform proves."""
    return signed_transaction(body(client.account(source).account.nonce), signer)
