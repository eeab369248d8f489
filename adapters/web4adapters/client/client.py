"""One platform, seen from outside, over HTTP.

Whatever the platform says of an account, a transfer, a transaction or a block is checked with its
proof and commit certificate against the keys of the genesis; what does not hold is an error
(W-HTTP-7).
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any

from attrs import frozen

from web4adapters.signers import Verifier
from web4core.chain import Block, Genesis, genesis_block
from web4core.errors import RemoteProtocolError
from web4core.gate import Gate
from web4core.ledger.application import Ledger
from web4core.ledger.light import (
    Anchor,
    EntryProof,
    Trust,
    check_anchor,
    check_entry,
    check_inclusion,
)
from web4core.ledger.state import Account, Address, CrossTransfer, account_path
from web4core.ledger.transactions import Transaction
from web4core.messages import CERTIFICATE, MAX_MESSAGE_BYTES

MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""Length of an answer that a client reads; a full export is half of it."""

TIMEOUT_S = 10.0
"""How long a client waits for an answer, beyond what it asked to wait."""

LONG_POLL_MS = 5_000
"""How long a client asks to wait for a transaction, before it asks again."""


class ClientError(Exception):
    """The platform cannot be reached, refuses the request, or says what does not hold."""


class Refused(Exception):
    """A transaction was refused, for good, with this code."""

    def __init__(self, code: str, meaning: str) -> None:
        super().__init__(f"refused, {code}: {meaning}")
        self.code = code
        self.meaning = meaning


@frozen
class Shown:
    """An account as a platform showed and proved it, after the block of this height."""

    account: Account
    height: int


@frozen
class ShownTransfer:
    """A transfer as a platform showed and proved it, after the block of this height."""

    transfer: CrossTransfer
    height: int


@frozen
class Committed:
    """Where a transaction was found, proved."""

    transaction: Transaction
    height: int


class Client:
    """Requests to one platform."""

    def __init__(self, url: str, genesis: Genesis, verifier: Verifier | None = None) -> None:
        self.url = url.rstrip("/")
        self._genesis = genesis
        self._ledger = Ledger.of(genesis)
        self._trust = Trust.of(genesis)
        self._gate = Gate.of(genesis, self._ledger)
        self._verify = verifier or Verifier()

    # --- reading ---

    def status(self) -> dict[str, Any]:
        """Where the platform says it is. A hint: nothing in it is proved."""
        return self._get("/v1/status")

    def is_up(self) -> bool:
        """Whether the platform answers."""
        try:
            return bool(self._get("/v1/health").get("status") == "ok")
        except ClientError:
            return False

    def account(self, address: Address) -> Shown:
        """An account, proved; before the first block, from the genesis that everybody has."""
        answer = self._get(f"/v1/accounts/{address}")
        if answer.get("proof") is None:
            return Shown(self._genesis_account(address), 0)
        proof = self._entry(answer)
        entry = proof.entry
        if not isinstance(entry, Account) or entry.address != address:
            raise ClientError(f"{self.url} proved another entry in place of {address}")
        self._agree(answer, "available_uatp", entry.available_uatp)
        self._agree(answer, "locked_uatp", entry.locked_uatp)
        self._agree(answer, "nonce", entry.nonce)
        return Shown(entry, proof.anchor.header.height)

    def transfer(self, transfer: bytes) -> ShownTransfer:
        """A cross-platform transfer, proved."""
        proof = self._entry(self._get(f"/v1/transfers/{transfer.hex()}"))
        entry = proof.entry
        if not isinstance(entry, CrossTransfer) or entry.id != transfer:
            raise ClientError(f"{self.url} proved another entry in place of {transfer.hex()}")
        return ShownTransfer(entry, proof.anchor.header.height)

    def block(self, height: int) -> Block:
        """A block, proved by its certificate; block 0 by the genesis."""
        answer = self._get(f"/v1/blocks/{height}")
        block = self._decode_block(answer)
        if height == 0:
            root = self._ledger.root(self._ledger.initial(self._genesis.content))
            if block != genesis_block(self._genesis, root):
                raise ClientError(f"{self.url} has another genesis block")
            return block
        try:
            certificate = CERTIFICATE.decode(self._hex(answer, "certificate"), MAX_MESSAGE_BYTES)
            check_anchor(self._trust, Anchor(block.header, certificate), self._verify)
        except RemoteProtocolError as error:
            raise self._disproved(error) from None
        if block.header.height != height:
            raise ClientError(f"{self.url} sent block {block.header.height} in place of {height}")
        return block

    def export(self, first: int) -> list[dict[str, str]]:
        """Blocks and certificates in hex from a height on; nothing of it is checked here."""
        blocks = self._get(f"/v1/export?from={first}").get("blocks", [])
        if not isinstance(blocks, list):
            raise ClientError(f"{self.url} did not answer with blocks")
        return blocks

    # --- transactions ---

    def submit(self, *transactions: Transaction) -> None:
        """Hand transactions in; `Refused` with the first code if any is refused."""
        body = {"transactions": [transaction.encoded.hex() for transaction in transactions]}
        answer = self._request("/v1/transactions", body)
        for each in answer.get("transactions", []):
            if each.get("status") == "refused":
                raise Refused(str(each.get("code")), str(each.get("meaning")))

    def wait(self, transaction: Transaction, timeout_s: float) -> Committed:
        """Wait until a transaction is in a block, proved; `Refused` if it never will be."""
        until_s = time.monotonic() + timeout_s
        while True:
            left_ms = int((until_s - time.monotonic()) * 1000)
            wait_ms = max(0, min(LONG_POLL_MS, left_ms))
            path = f"/v1/transactions/{transaction.id.hex()}?wait_ms={wait_ms}"
            answer = self._get(path, timeout_s=TIMEOUT_S + wait_ms / 1000)
            if answer.get("status") == "committed":
                return self._committed(answer, transaction)
            if answer.get("status") == "refused":
                raise Refused(str(answer.get("code")), str(answer.get("meaning")))
            if left_ms <= 0:
                raise ClientError(f"{self.url} did not commit it within {timeout_s:g} s")

    def _committed(self, answer: dict[str, Any], transaction: Transaction) -> Committed:
        try:
            proof, proved = check_inclusion(self._trust, self._hex(answer, "proof"), self._verify)
        except RemoteProtocolError as error:
            raise self._disproved(error) from None
        if proved != transaction:
            raise ClientError(f"{self.url} proved another transaction")
        return Committed(proved, proof.anchor.header.height)

    # --- what answers are checked with ---

    def _genesis_account(self, address: Address) -> Account:
        entry = self._ledger.initial(self._genesis.content).entries.get(account_path(address))
        if not isinstance(entry, Account):
            raise ClientError(f"{address} is not in the genesis, and {self.url} proves nothing")
        return entry

    def _entry(self, answer: dict[str, Any]) -> EntryProof:
        try:
            return check_entry(self._trust, self._hex(answer, "proof"), self._verify)
        except RemoteProtocolError as error:
            raise self._disproved(error) from None

    def _decode_block(self, answer: dict[str, Any]) -> Block:
        try:
            return self._gate.schemas.block.decode(self._hex(answer, "block"), MAX_MESSAGE_BYTES)
        except RemoteProtocolError as error:
            raise self._disproved(error) from None

    def _disproved(self, error: RemoteProtocolError) -> ClientError:
        return ClientError(f"what {self.url} says does not hold: {error}")

    def _hex(self, answer: dict[str, Any], name: str) -> bytes:
        value = answer.get(name)
        try:
            return bytes.fromhex(value) if isinstance(value, str) else b""
        except ValueError:
            raise ClientError(f"{self.url} sent a {name} that is not hex") from None

    def _agree(self, answer: dict[str, Any], name: str, proved: int) -> None:
        if answer.get(name) != proved:
            raise ClientError(f"{self.url} says {name} is {answer.get(name)}, but proves {proved}")

    # --- HTTP ---

    def _get(self, path: str, timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
        return self._request(path, None, timeout_s)

    def _request(
        self, path: str, body: dict[str, Any] | None, timeout_s: float = TIMEOUT_S
    ) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data, {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout_s) as response:
                return self._json(response.read(MAX_ANSWER_BYTES))
        except urllib.error.HTTPError as error:
            raise ClientError(self._told(error)) from None
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise ClientError(f"{self.url} cannot be reached: {reason}") from None

    def _told(self, error: urllib.error.HTTPError) -> str:
        try:
            told = self._json(error.read(MAX_ANSWER_BYTES)).get("error", {})
        except ClientError:
            told = {}
        if isinstance(told, dict) and "message" in told:
            return f"{self.url} refuses: {told['message']} ({told.get('code')}); {told.get('do')}"
        return f"{self.url} answers {error.code} {error.reason}"

    def _json(self, data: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(data)
        except (ValueError, RecursionError):
            raise ClientError(f"{self.url} did not answer with JSON") from None
        if not isinstance(answer, dict):
            raise ClientError(f"{self.url} did not answer with an object")
        return answer
