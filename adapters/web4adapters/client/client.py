"""One platform, seen from outside, over HTTP.

Every answer about an account, a transfer, a transaction or a block is checked with its proof and
commit certificate against the keys of the genesis; an answer that does not hold is an error
(W-HTTP-7).
"""

from __future__ import annotations

import json
import time
from http import HTTPStatus
from typing import Any

from attrs import frozen

from web4adapters.client.errors import ClientError, Denied, Nonsense, Refused, plain
from web4adapters.client.http import Answer, ask
from web4adapters.client.status import amiss_in_status, known_of
from web4adapters.signers import Verifier
from web4adapters.strict_json import read_json
from web4core import (
    CERTIFICATE,
    MAX_MESSAGE_BYTES,
    Account,
    Address,
    Block,
    CrossTransfer,
    EntryProof,
    Gate,
    Genesis,
    Ledger,
    RemoteProtocolError,
    SignedHeader,
    Transaction,
    TrustAnchor,
    account_path,
    check_entry,
    check_inclusion,
    check_signed_header,
    genesis_block,
)

TIMEOUT_S = 10.0
"""The longest that a client waits for a whole answer, beyond the wait that it asked for."""

EXPORT_TIMEOUT_S = 120.0
"""The longest that a client waits for a whole batch of blocks, which is the longest answer."""

LONG_POLL_MS = 5_000
"""The wait for a transaction that a client asks for in one request, before it asks again."""


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
    """The place of a transaction in a block, proved."""

    transaction: Transaction
    height: int


@frozen
class Fate:
    """A platform's answer on the outcome of a transaction; a commitment is proved."""

    status: str
    committed: Committed | None = None
    code: str = ""
    meaning: str = ""


class Client:
    """Requests to one platform."""

    def __init__(self, url: str, genesis: Genesis, verifier: Verifier | None = None) -> None:
        self.url = url.rstrip("/")
        self._genesis = genesis
        self._ledger = Ledger.of(genesis)
        self._trust = TrustAnchor.of(genesis)
        self._gate = Gate.of(genesis, self._ledger)
        self._verify = verifier or Verifier()

    # --- reading ---

    def status(self) -> dict[str, Any]:
        """The platform's status. A hint: each field has its type, and none is proved."""
        answer = self._get("/v1/status")
        amiss = amiss_in_status(answer)
        if amiss is not None:
            raise Nonsense(f"{self.url} answers nonsense: {amiss}")
        return known_of(answer)

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
            check_signed_header(self._trust, SignedHeader(block.header, certificate), self._verify)
        except RemoteProtocolError as error:
            raise self._disproved(error) from None
        if block.header.height != height:
            raise ClientError(f"{self.url} sent block {block.header.height} in place of {height}")
        return block

    def export(self, first: int) -> list[dict[str, str]]:
        """Blocks and certificates in hex from a height on; nothing of it is checked here."""
        blocks = self._get(f"/v1/export?from={first}", EXPORT_TIMEOUT_S).get("blocks")
        return self._objects(blocks, "blocks")

    # --- transactions ---

    def submit(self, *transactions: Transaction) -> None:
        """Hand transactions in; `Refused` with the first code if any is refused."""
        body = {"transactions": [transaction.encoded.hex() for transaction in transactions]}
        answer = self._request("/v1/transactions", body)
        for each in self._objects(answer.get("transactions"), "transactions"):
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
                return self._same(self._committed(answer), transaction.id)
            if answer.get("status") == "refused":
                raise Refused(str(answer.get("code")), str(answer.get("meaning")))
            if left_ms <= 0:
                raise ClientError(f"{self.url} did not commit it within {timeout_s:g} s")

    def fate(self, identity: bytes) -> Fate:
        """Ask for the outcome of the transaction with this id; a commitment is proved."""
        answer = self._get(f"/v1/transactions/{identity.hex()}")
        said = answer.get("status")
        if said == "committed":
            return Fate(said, self._same(self._committed(answer), identity))
        if said == "refused":
            return Fate(
                said, None, plain(str(answer.get("code"))), plain(str(answer.get("meaning")))
            )
        if said in ("pending", "unknown"):
            return Fate(said)
        raise Nonsense(f"{self.url} answers nonsense: no transaction has the status {said!r}")

    def _committed(self, answer: dict[str, Any]) -> Committed:
        try:
            proof, proved = check_inclusion(self._trust, self._hex(answer, "proof"), self._verify)
        except RemoteProtocolError as error:
            raise self._disproved(error) from None
        return Committed(proved, proof.anchor.header.height)

    def _same(self, committed: Committed, identity: bytes) -> Committed:
        if committed.transaction.id != identity:
            raise ClientError(f"{self.url} proved another transaction")
        return committed

    # --- the keys and values that answers are checked with ---

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
        answer = ask(self.url, path, data, timeout_s)
        if answer.status != HTTPStatus.OK:
            raise self._told(answer)
        return self._json(answer.body)

    def _told(self, answer: Answer) -> ClientError:
        try:
            told = self._json(answer.body).get("error")
        except ClientError:
            told = None
        said = f"{self.url} answers {answer.status} {answer.reason}"
        if isinstance(told, dict) and "message" in told:
            said = f"{self.url} refuses: {told['message']} ({told.get('code')}); {told.get('do')}"
        is_denied = HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
        return Denied(said) if is_denied else ClientError(said)

    def _json(self, data: bytes) -> dict[str, Any]:
        try:
            answer = read_json(data)
        except ValueError:
            raise Nonsense(f"{self.url} did not answer with JSON") from None
        if not isinstance(answer, dict):
            raise Nonsense(f"{self.url} did not answer with an object")
        return answer

    def _objects(self, value: Any, what: str) -> list[dict[str, Any]]:
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise Nonsense(f"{self.url} did not answer with {what}")
        return value
