"""Rules applied one after another on top of a state, without touching it.

An `Overlay` belongs to one call of one function and never leaves it.
Implements L-BLOCK-1 and L-BLOCK-2.
"""

from __future__ import annotations

from collections.abc import Mapping

from web4core.ledger.rules import RULES, Call, Code, Outcome
from web4core.ledger.state import (
    Account,
    Address,
    CrossTransfer,
    Entry,
    LedgerState,
    account_path,
    transfer_path,
)
from web4core.ledger.transactions import Transaction
from web4core.types import PublicKey, TimeMs, TransactionId


class Overlay:
    """A `LedgerView` of a state with changes on top."""

    __slots__ = ("_accounts", "_keys", "_paths", "_state", "_transfers")

    def __init__(self, state: LedgerState, platform_keys: Mapping[str, PublicKey]) -> None:
        self._state = state
        self._keys = platform_keys
        self._accounts: dict[Address, Account] = {}
        self._transfers: dict[TransactionId, CrossTransfer] = {}
        self._paths: dict[Address, bytes] = {}

    def account(self, address: Address) -> Account | None:
        """The account as changed so far."""
        changed = self._accounts.get(address)
        if changed is not None:
            return changed
        path = account_path(address)
        self._paths[address] = path
        entry = self._state.entries.get(path)
        return entry if isinstance(entry, Account) else None

    def transfer(self, transfer: TransactionId) -> CrossTransfer | None:
        """The transfer as changed so far."""
        changed = self._transfers.get(transfer)
        if changed is not None:
            return changed
        entry = self._state.entries.get(transfer_path(transfer))
        return entry if isinstance(entry, CrossTransfer) else None

    def platform_key(self, platform: str) -> PublicKey | None:
        """The key of a platform of this federation."""
        return self._keys.get(platform)

    def run(self, transaction: Transaction, time_ms: TimeMs) -> Outcome:
        """The outcome of the rule for this transaction; changes nothing."""
        body = transaction.body
        return RULES[type(body)](self, body, Call(transaction.id, time_ms, transaction.keys))

    def put(self, entries: tuple[Entry, ...]) -> None:
        """Take over the entries that a rule returned."""
        for entry in entries:
            if isinstance(entry, Account):
                self._accounts[entry.address] = entry
            else:
                self._transfers[entry.id] = entry

    def apply(self, transaction: Transaction, time_ms: TimeMs) -> Code | None:
        """Carry out a transaction, whole or not at all (L-BLOCK-2)."""
        outcome = self.run(transaction, time_ms)
        if isinstance(outcome, Code):
            return outcome
        self.put(outcome)
        return None

    def settle(self) -> tuple[LedgerState, tuple[bytes, ...]]:
        """The state with all changes in it, and the paths that changed."""
        entries = self._state.entries
        touched: list[bytes] = []
        changed: list[tuple[bytes, Entry]] = [
            (self._paths.get(address) or account_path(address), account)
            for address, account in self._accounts.items()
        ]
        changed.extend(
            (transfer_path(transfer), entry) for transfer, entry in self._transfers.items()
        )
        for path, entry in changed:
            entries = entries.set(path, entry)
            touched.append(path)
        return LedgerState(entries, self._state.supply_uatp), tuple(touched)
