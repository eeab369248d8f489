"""The ledger as consensus sees it: an `Application`.

Composes the rules, the overlay and the pool; decides nothing of its own.
Implements L-GEN-1 to L-GEN-3, L-BLOCK-1 to L-BLOCK-3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import field, frozen

from web4core.application import Applied, Chosen, Pooled, Refusal
from web4core.chain import KEY, MAX_GENESIS_BYTES, Genesis, chain_id
from web4core.errors import LocalProtocolError, RemoteProtocolError
from web4core.ledger import pool as pools
from web4core.ledger.overlay import Overlay
from web4core.ledger.pool import Pool, PoolCode
from web4core.ledger.state import (
    ADDRESS,
    AMOUNT_UATP,
    ENTRY,
    MAX_SUPPLY_UATP,
    Account,
    Address,
    Entry,
    LedgerState,
    empty_entries,
    encode_entry,
    path_of,
)
from web4core.ledger.transactions import Transaction, decode_transaction, signature_checks_of
from web4core.merkle import Map
from web4core.schema import Schema, record, sequence
from web4core.signature_check import SignatureCheck
from web4core.types import ChainId, Nonce, PublicKey, StateRoot, TimeMs

MAX_ENTRIES = 1 << 30
"""Entries in one snapshot or genesis."""


@frozen
class GenesisAccount:
    """An account that is open from the start, and what it holds (L-GEN-1)."""

    address: Address
    """The address, on a platform of the genesis; listed once (L-GEN-2)."""
    owner: PublicKey
    """The public key that signs for the account."""
    amount_uatp: int
    """The balance, in micro-ATP, 0 to `MAX_SUPPLY_UATP`; all together no more than that (L-GEN-3).
    """


ENDOWMENT: Schema[GenesisAccount] = record(
    "endowment", GenesisAccount, address=ADDRESS, owner=KEY, amount_uatp=AMOUNT_UATP
)
CONTENT = sequence(ENDOWMENT, MAX_ENTRIES)
"""The form of a genesis' content: the accounts, at most `MAX_ENTRIES` (L-GEN-1)."""


def genesis_content(endowments: Iterable[GenesisAccount]) -> bytes:
    """The content of a genesis: its accounts, in the order given (L-GEN-1)."""
    return CONTENT.encode(tuple(endowments))


def _state_of(supply_uatp: int, entries: tuple[Entry, ...]) -> LedgerState:
    placed = sorted(((path_of(entry), entry) for entry in entries), key=lambda pair: pair[0])
    return LedgerState(Map[Entry].build(encode_entry, placed), supply_uatp)


_STATE_FIELDS: Schema[LedgerState] = record(
    "ledger", _state_of, supply=AMOUNT_UATP, entries=sequence(ENTRY, MAX_ENTRIES)
)
STATE: Schema[LedgerState] = Schema(
    lambda state: (
        "ledger",
        state.supply_uatp,
        tuple(ENTRY.dump(entry) for _, entry in state.entries.items()),
    ),
    _STATE_FIELDS.load,
    "ledger(supply, entries by ascending path)",
)


@frozen
class Ledger:
    """The ledger of one chain."""

    chain_id: ChainId
    """The chain whose transactions it reads (L-TX-1)."""
    platform_keys: Mapping[str, PublicKey] = field(repr=False)
    """The public key of each platform of the genesis, by name."""

    @property
    def state_schema(self) -> Schema[LedgerState]:
        """A supply and all entries."""
        return STATE

    @property
    def pool_schema(self) -> Schema[Pool]:
        """All lanes."""
        return pools.pool_schema(self.decode)

    @classmethod
    def of(cls, genesis: Genesis) -> Ledger:
        """The ledger that a genesis describes."""
        keys = {platform.name: platform.key for platform in genesis.platforms}
        return cls(chain_id(genesis), keys)

    def decode(self, encoded: bytes) -> Transaction:
        """Read a transaction of this chain."""
        return decode_transaction(encoded, self.chain_id)

    def signature_checks(self, item: Transaction) -> tuple[SignatureCheck, ...]:
        """The signatures of a transaction."""
        return signature_checks_of(item)

    def initial(self, content: bytes) -> LedgerState:
        """The state of the genesis; its sum is the supply for ever (L-GEN-1 to L-GEN-3)."""
        try:
            endowments = CONTENT.decode(content, MAX_GENESIS_BYTES)
        except RemoteProtocolError as error:
            raise LocalProtocolError(f"L-GEN-1: the genesis accounts: {error}") from None
        supply_uatp = 0
        entries = empty_entries()
        for endowment in endowments:
            address = endowment.address
            if address.platform not in self.platform_keys:  # L-GEN-2
                raise LocalProtocolError(f"L-GEN-2: {address} is on no platform of the genesis")
            account = Account(
                address=address,
                owner=endowment.owner,
                available_uatp=endowment.amount_uatp,
                locked_uatp=0,
                nonce=Nonce(0),
            )
            path = path_of(account)
            if entries.get(path) is not None:  # L-GEN-2
                raise LocalProtocolError(f"L-GEN-2: {address} is listed twice")
            entries = entries.set(path, account)
            supply_uatp += endowment.amount_uatp
        if supply_uatp > MAX_SUPPLY_UATP:  # L-GEN-3
            raise LocalProtocolError(f"L-GEN-3: the supply exceeds {MAX_SUPPLY_UATP} micro-ATP")
        return LedgerState(entries, supply_uatp)

    def root(self, state: LedgerState) -> StateRoot:
        """The root of the authenticated map."""
        return StateRoot(state.entries.root())

    def apply(
        self, state: LedgerState, payload: tuple[Transaction, ...], time_ms: TimeMs
    ) -> Applied[LedgerState] | Refusal:
        """A block is valid if and only if every transaction in it applies, in order (L-BLOCK-1)."""
        overlay = Overlay(state, self.platform_keys)
        for transaction in payload:
            code = overlay.apply(transaction, time_ms)
            if code is not None:
                return Refusal(transaction.id, code)
        return self._applied(overlay)

    def _applied(self, overlay: Overlay) -> Applied[LedgerState]:
        state, touched = overlay.settle()
        return Applied(state, StateRoot(state.entries.root()), touched)

    def empty_pool(self) -> Pool:
        """Nothing waits."""
        return Pool()

    def pending(self, pool: Pool) -> int:
        """The number of transactions that wait."""
        return pool.size

    def waiting(self, pool: Pool, limit: int) -> tuple[Transaction, ...]:
        """Some of those that wait, lane by lane."""
        found: list[Transaction] = []
        for transactions in pools.in_order(pool, self.chain_id):
            found.extend(transactions[: limit - len(found)])
            if len(found) >= limit:
                break
        return tuple(found)

    def admit(
        self,
        state: LedgerState,
        pool: Pool,
        items: tuple[Transaction, ...],
        time_ms: TimeMs,
        capacity: int,
    ) -> Pooled[Pool, Transaction]:
        """Let each transaction wait, or refuse it with its code.

        A waiting transaction that no longer applies must not keep out one that would apply, so it
        is refused then.
        """
        refused: list[Refusal] = []
        added: list[Transaction] = []
        for item in items:
            pool, code = pools.admit(state, self.platform_keys, pool, item, time_ms, capacity)
            if code in (PoolCode.OUTPACED, PoolCode.LANE_FULL):  # L-POOL-5: time may have passed
                path = pools.lane_path(item)
                left = pools.recheck(state, self.platform_keys, pool, (path,), (), time_ms)
                refused.extend(left.refused)
                pool, code = pools.admit(
                    state, self.platform_keys, left.pool, item, time_ms, capacity
                )
            if code is None:
                added.append(item)
            else:
                refused.append(Refusal(item.id, code))
        return Pooled(pool, tuple(refused), tuple(added))

    def choose(
        self, state: LedgerState, pool: Pool, time_ms: TimeMs, start: bytes, items: int, size: int
    ) -> Chosen[LedgerState, Transaction]:
        """Take lanes in turn, each as far as it applies, until the block is full (L-BLOCK-3)."""
        overlay = Overlay(state, self.platform_keys)
        payload: list[Transaction] = []
        stale: list[bytes] = []
        room = size
        for transactions in pools.in_order(pool, start):
            for transaction in transactions:
                if len(payload) == items or room < len(transaction.encoded):
                    return Chosen(tuple(payload), self._applied(overlay), tuple(stale))
                if overlay.apply(transaction, time_ms) is not None:  # L-POOL-5: time has passed
                    stale.append(pools.lane_path(transaction))
                    break
                payload.append(transaction)
                room -= len(transaction.encoded)
        return Chosen(tuple(payload), self._applied(overlay), tuple(stale))

    def recheck(
        self,
        state: LedgerState,
        pool: Pool,
        touched: tuple[bytes, ...] | None,
        included: tuple[Transaction, ...],
        time_ms: TimeMs,
    ) -> Pooled[Pool, Transaction]:
        """Drop what a block took or made impossible."""
        return pools.recheck(state, self.platform_keys, pool, touched, included, time_ms)
