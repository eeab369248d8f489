"""Theorems: an overlay is its state with entries put on top, and settles into that state.

`Overlay` is executed with three replacements:

- a path is the address or id that it is made from, since different ones have different paths
  (L-STATE-3, A3);
- an authenticated map is a map (W-MAP-1);
- a rule returns any outcome; other theorems prove the outcomes of the real rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product
from typing import Any, Final

import z3
from attrs import frozen

from web4core.ledger.overlay import Overlay
from web4core.ledger.rules import Call, Code
from web4core.ledger.state import (
    Account,
    Address,
    CrossTransfer,
    Entry,
    LedgerState,
    account_path,
    encode_entry,
    path_of,
    transfer_path,
)
from web4core.ledger.transactions import Transaction
from web4core.merkle import Map
from web4core.types import TimeMs
from web4proofs.ledger.code_check import Statement, check, together
from web4proofs.ledger.view import (
    NAME,
    any_account,
    any_address,
    any_digest,
    any_int,
    any_key,
)
from web4proofs.symbolic import (
    SymbolicDict,
    SymbolicMap,
    assume,
    bind_late,
    choose,
    equal,
    identifier,
    optional,
)
from web4proofs.symbolic.concrete import Concretion
from web4proofs.symbolic.subject import Subject, Taken
from web4proofs.theorem import Outcome, Theorem

MOST_CHANGES: Final = 2
"""The largest number of accounts, and of transfers, that a settled overlay has changed here."""


@frozen
class Path:
    """The path of an account or a transfer; no other has the same."""

    of: Any

    def concretised(self, concretion: Concretion) -> bytes:
        """Return the shipped path."""
        of = concretion(self.of)
        return account_path(of) if isinstance(of, Address) else transfer_path(of)


def any_transfer(transfer: Any) -> CrossTransfer:
    """Return any transfer with this id; nothing reads its phase, so that may be anything."""
    ends = any_address("source"), any_address("destination")
    return CrossTransfer(
        id=transfer,
        source=ends[0],
        destination=ends[1],
        amount_uatp=any_int("amount"),
        expiry_ms=any_int("expiry"),
        phase=any_int("phase"),
    )


def any_entry(path: Path) -> Entry:
    """Return any entry that can stand at a path."""
    return any_account(path.of) if isinstance(path.of, Address) else any_transfer(path.of)


@frozen
class Asked:
    """A body whose rule returns the outcome that it carries, if the rule is called as expected."""

    outcome: Any
    call: Call


def _answer(_view: object, body: Asked, call: Call) -> Any:
    if call != body.call:
        raise ValueError("the rule was not told the transaction's id, time and keys")
    return body.outcome


class _Plain(Overlay):
    """The shipped overlay, with the rule for `Asked` among its rules."""

    __slots__ = ()
    run = bind_late(Overlay.run, {"RULES": {Asked: _answer}})


class _Symbolic(_Plain):
    """An overlay of any state, with any entries on top, whose paths are `Path`s."""

    __slots__ = ()
    account = bind_late(Overlay.account, {"account_path": Path})
    transfer = bind_late(Overlay.transfer, {"transfer_path": Path})
    settle = bind_late(Overlay.settle, {"account_path": Path, "transfer_path": Path})

    def concretised(self, concretion: Concretion) -> Overlay:
        """Return the shipped overlay, with the entries that were looked at."""
        entries = _first(self._state.entries, concretion).values()
        placed = sorted(((path_of(entry), entry) for entry in entries), key=lambda pair: pair[0])
        supply = concretion(self._state.supply_uatp)
        state = LedgerState(Map[Entry].build(encode_entry, placed), supply)
        made = _Plain(state, _first(self._keys, concretion))
        made._accounts = _first(self._accounts, concretion)
        made._transfers = _first(self._transfers, concretion)
        made._paths = _first(self._paths, concretion)
        return made


def _first(container: Any, concretion: Concretion) -> dict[Any, Any]:
    """Return the content of a symbolic container at the start of a run."""
    if type(container) is Few:
        return {concretion(key): concretion(value) for key, value in container.items()}
    touched = container.now.touched() if type(container) is SymbolicDict else container.touched()
    return {concretion(key): concretion(value) for key, value, _ in touched if value is not None}


@frozen
class Few:
    """A dictionary of a few known entries, in the order of insertion."""

    pairs: tuple[tuple[Any, Any], ...]

    def items(self) -> tuple[tuple[Any, Any], ...]:
        """Return its entries."""
        return self.pairs


def any_overlay(accounts: Any = None, transfers: Any = None) -> Overlay:
    """Return any overlay whose entries stand at their own places."""
    entries: Any = SymbolicMap(any_entry)
    keys: Any = SymbolicMap(lambda _platform: any_key("platform_key"))
    made = _Symbolic(LedgerState(entries, any_int("supply")), keys)
    _lay_on_top(made, accounts, transfers)
    return made


def _lay_on_top(overlay: Any, accounts: Any, transfers: Any) -> None:
    overlay._accounts = accounts or SymbolicDict(SymbolicMap(any_account))
    overlay._transfers = transfers or SymbolicDict(SymbolicMap(any_transfer))
    overlay._paths = SymbolicDict(SymbolicMap(Path))


def _path(overlay: Overlay, of: Any) -> Any:
    """Return the path in the form that this overlay uses."""
    if isinstance(overlay, _Symbolic):
        return Path(of)
    return account_path(of) if isinstance(of, Address) else transfer_path(of)


# --- reading ---------------------------------------------------------------------------------


def _read_entry(overlay: Overlay, asked: Any) -> tuple[Any, ...]:
    """Return the entries at a path on top, below and as found, and both remembered paths."""
    is_account = isinstance(asked, Address)
    on_top: Any = overlay._accounts if is_account else overlay._transfers
    path = _path(overlay, asked)
    known = on_top.get(asked), overlay._state.entries.get(path)
    found = _found(overlay, asked)
    kept = overlay._paths.get(asked, path) if is_account else path
    return (*known, found, kept, path)


def _found(overlay: Overlay, asked: Any) -> Any:
    return overlay.account(asked) if isinstance(asked, Address) else overlay.transfer(asked)


def _reads_entry(taken: Taken) -> Iterator[Statement]:
    on_top, below, found, kept, path = taken.result
    expected = below if on_top is None else on_top
    yield Statement("the entry is the one on top, else the state's", equal(found, expected))
    yield Statement("the path that is kept is its own", equal(kept, path))


READING: Final = Subject(
    (Overlay.account, Overlay.transfer),
    lambda: (any_overlay(), _any_asked()),
    _read_entry,
)


def _any_asked() -> Any:
    return any_address("asked") if choose((True, False)) else any_digest("asked")


def _read_key(overlay: Overlay, platform: str) -> tuple[Any, ...]:
    return overlay._keys.get(platform), overlay.platform_key(platform)


READING_KEYS: Final = Subject(
    (Overlay.platform_key,), lambda: (any_overlay(), identifier("asked", NAME)), _read_key
)


def _reads_key(taken: Taken) -> Iterator[Statement]:
    yield Statement("a platform's key is that of the genesis", equal(*taken.result))


# --- applying --------------------------------------------------------------------------------


_SHAPES: Final = (
    *(shape for length in range(3) for shape in product((Account, CrossTransfer), repeat=length)),
    (CrossTransfer, Account, Account),
)
"""Kinds of the entries that a rule returns: all lists up to two, and that of a TransferCommit."""


def _any_put(kind: type) -> Entry:
    if kind is Account:
        return any_account(any_address("put"))
    return any_transfer(any_digest("put"))


def _any_outcome() -> Any:
    """Return a code, or entries, some of which may be of one account or transfer."""
    refusal = optional(lambda: choose((Code.WRONG_KEY, Code.NONCE_GAP)))
    if refusal is not None:
        return refusal
    return tuple(map(_any_put, choose(_SHAPES)))


def _any_application() -> tuple[Any, ...]:
    identity, keys, time_ms = any_digest("id"), (any_key("key"),), any_int("time")
    body: Any = Asked(_any_outcome(), Call(identity, time_ms, keys))
    transaction = Transaction(b"", identity, body, keys, ())
    return any_overlay(), transaction, time_ms, _any_asked()


def _apply(
    overlay: Overlay, transaction: Transaction, time_ms: TimeMs, asked: Any
) -> tuple[Any, ...]:
    before = _found(overlay, asked)
    refusal = overlay.apply(transaction, time_ms)
    return before, refusal, _found(overlay, asked)


def _applies(taken: Taken) -> Iterator[Statement]:
    _, transaction, _, asked = taken.arguments
    before, refusal, after = taken.result
    outcome = transaction.body.outcome
    told = outcome if isinstance(outcome, Code) else None
    yield Statement("the rule's refusal is told, and nothing else", z3.BoolVal(refusal is told))
    expected = equal(before, after)
    for entry in () if isinstance(outcome, Code) else outcome:
        name = entry.address if isinstance(entry, Account) else entry.id
        if isinstance(name, Address) is isinstance(asked, Address):
            expected = z3.If(equal(name, asked), equal(after, entry), expected)
    yield Statement("every entry is as put last, else as before", expected)


APPLYING: Final = Subject(
    (Overlay.apply, Overlay.run, Overlay.put, Overlay.account, Overlay.transfer),
    _any_application,
    _apply,
)

# --- settling --------------------------------------------------------------------------------


def _any_settlement() -> tuple[Any, ...]:
    """Return an overlay with a few accounts and transfers on top, all different, and any query."""
    addresses = [any_address("changed") for _ in range(choose(range(MOST_CHANGES + 1)))]
    transfers = [any_digest("changed") for _ in range(choose(range(MOST_CHANGES + 1)))]
    for group in (addresses, transfers):
        for one, other in combinations(group, 2):
            assume(z3.Not(equal(one, other)))
    accounts = Few(tuple((address, any_account(address)) for address in addresses))
    promises = Few(tuple((transfer, any_transfer(transfer)) for transfer in transfers))
    return any_overlay(accounts, promises), _any_asked()


def _settle(overlay: Overlay, asked: Any) -> tuple[Any, ...]:
    path = _path(overlay, asked)
    before = overlay._state.entries.get(path)
    accounts, transfers = overlay._accounts.items(), overlay._transfers.items()
    changed = tuple(_path(overlay, of) for of, _ in (*accounts, *transfers))
    state, touched = overlay.settle()
    supplies = state.supply_uatp, overlay._state.supply_uatp
    return before, state.entries.get(path), (touched, changed), supplies


def _settles(taken: Taken) -> Iterator[Statement]:
    overlay, asked = taken.arguments
    before, after, paths, supplies = taken.result
    expected = equal(before, after)
    for name, entry in (*overlay._accounts.items(), *overlay._transfers.items()):
        if isinstance(name, Address) is isinstance(asked, Address):
            expected = z3.If(equal(name, asked), equal(after, entry), expected)
    yield Statement("every entry of the new state is the changed one, else the old", expected)
    yield Statement("exactly the paths that changed are told", equal(*paths))
    yield Statement("the supply is as it was", equal(*supplies))


SETTLING: Final = Subject((Overlay.settle,), _any_settlement, _settle)


def prove_overlay() -> Outcome:
    """Prove the first of the theorems below."""
    return together(
        (
            check("reading an entry", READING, _reads_entry),
            check("reading a key", READING_KEYS, _reads_key),
            prove_applying(),
        )
    )


def prove_applying() -> Outcome:
    """Prove the part of it that is about applying the result of a rule."""
    return check("applying", APPLYING, _applies)


def prove_settle() -> Outcome:
    """Prove the second."""
    return check("settling", SETTLING, _settles)


THEOREMS: Final = (
    Theorem(
        "P-LEDGER-13",
        "the overlay of a block reads what was put last and else the state, tells a rule the "
        "transaction's id, time and keys, and carries out its entries whole or, after a refusal, "
        "nothing",
        ("L-BLOCK-2", "L-RULE-2", "L-RULE-4"),
        ("A3", "A11"),
        "any state and overlay, any outcome of the kinds of entries that the rules return",
        prove_overlay,
    ),
    Theorem(
        "P-LEDGER-14",
        "settling an overlay gives the state with exactly the changed entries in their places, and "
        "tells exactly their paths",
        ("L-STATE-1", "L-BLOCK-2"),
        ("A3", "A11"),
        f"any state, up to {MOST_CHANGES} accounts and {MOST_CHANGES} transfers changed",
        prove_settle,
    ),
)
