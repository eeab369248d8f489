"""A client that always pays: one transfer after another, through any platform that answers."""

from __future__ import annotations

import threading
import time

from web4adapters.client import ClientError, Refused, signed_transaction
from web4adapters.signers import KeyFile
from web4core import Address, Code, Nonce, Transaction, Transfer, chain_id
from web4lab.demo.federation import LocalFederation

REST_S = 0.05
PATIENCE_S = 3.0
STOP_TIMEOUT_S = 30.0


class Load:
    """One unit at a time from one account to another; a context manager, in a thread.

    `committed` has the transactions that a platform proved to be in a block: their heights by
    transaction.
    """

    def __init__(self, federation: LocalFederation, source: Address, destination: Address) -> None:
        self.committed: dict[bytes, int] = {}
        self._federation = federation
        self._pair = (source, destination)
        self._key = KeyFile.load(federation.folder / "wallets" / f"{source}.key")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Begin no more, and wait for the last."""
        self._stopping.set()
        self._thread.join(STOP_TIMEOUT_S)

    def goes_on(self, count: int, timeout_s: float) -> bool:
        """Whether so many more are committed in time."""
        aim = len(self.committed) + count
        until_s = time.monotonic() + timeout_s
        while len(self.committed) < aim and time.monotonic() < until_s:
            time.sleep(REST_S)
        return len(self.committed) >= aim

    def _run(self) -> None:
        names = self._federation.names
        source, destination = self._pair
        nonce = turn = 0
        while not self._stopping.is_set():
            body = Transfer(
                chain_id=chain_id(self._federation.genesis),
                source=source,
                destination=destination,
                amount_uatp=1,
                nonce=Nonce(nonce),
            )
            turn += 1
            if self._settles(names[turn % len(names)], signed_transaction(body, self._key)):
                nonce += 1

    def _settles(self, name: str, transaction: Transaction) -> bool:
        """Submit the transaction and wait; one that was committed before is found as well."""
        client = self._federation.clients[name]
        try:
            client.submit(transaction)
        except Refused as refusal:
            if refusal.code != Code.NONCE_USED:
                time.sleep(REST_S)
                return False
        except ClientError:
            time.sleep(REST_S)
            return False
        try:
            self.committed[transaction.id] = client.wait(transaction, PATIENCE_S).height
        except (ClientError, Refused):
            return False
        return True
