"""Theorem: the first state keeps the invariants, and so does every state that blocks lead to.

`Ledger.initial` is executed on any list of a few genesis accounts; of the decoder it needs only
that amounts are in their range.
Every later state keeps the invariants by the induction over blocks and transactions in
`spec/proofs.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any, Final

import z3
from attrs import frozen

from web4core.errors import LocalProtocolError, RemoteProtocolError
from web4core.ledger.application import GenesisAccount, Ledger, genesis_content
from web4core.ledger.state import MAX_SUPPLY_UATP, Account, Address, account_path
from web4core.types import ChainId, Nonce
from web4proofs.ledger.code_check import Statement, check
from web4proofs.ledger.overlay import Path
from web4proofs.ledger.view import (
    NAME,
    any_int,
    any_key,
)
from web4proofs.symbolic import (
    SymbolicMap,
    assume,
    bind_late,
    choose,
    equal,
    identifier,
    term,
)
from web4proofs.symbolic.concrete import Concretion
from web4proofs.symbolic.reach import Excuse
from web4proofs.symbolic.subject import Subject, Taken
from web4proofs.theorem import Outcome, Theorem

MOST_ENDOWMENTS: Final = 3


class _Named(Address):
    """An address that may stand in a message, where its text does not matter."""

    def __str__(self) -> str:
        return "an address"

    def concretised(self, concretion: Concretion) -> Address:
        """Return an address of the shipped class."""
        return Address(platform=concretion(self.platform), agent=concretion(self.agent))


@frozen
class Content:
    """A genesis before it is encoded; the replaced decoder returns it as it was.

    None instead of genesis accounts represents bytes that are no encoding.
    """

    endowments: tuple[GenesisAccount, ...] | None

    def concretised(self, concretion: Concretion) -> bytes:
        """Return the shipped encoding."""
        return b"" if self.endowments is None else genesis_content(concretion(self.endowments))


class _Decoder:
    """A replacement of the schema of a genesis."""

    @staticmethod
    def decode(content: Content, _limit: int) -> tuple[GenesisAccount, ...]:
        """Return the content that was encoded."""
        if content.endowments is None:
            raise RemoteProtocolError("W-CBOR-2", "no encoding")
        return content.endowments


class _Genesis(Ledger):
    """The shipped ledger, whose paths are `Path`s and whose map is symbolic."""

    initial = bind_late(
        Ledger.initial,
        {
            "CONTENT": _Decoder,
            "empty_entries": lambda: SymbolicMap(None),
            "path_of": lambda account: Path(account.address),
        },
    )

    def concretised(self, concretion: Concretion) -> Ledger:
        """Return the shipped ledger, with the platforms that were looked up."""
        platforms: Any = self.platform_keys
        keys = {
            concretion(p): concretion(key) for p, key, _ in platforms.touched() if key is not None
        }
        return Ledger(self.chain_id, keys)


def _any_named(stem: str) -> _Named:
    platform: Any = identifier(f"{stem}_platform", NAME)
    agent: Any = identifier(f"{stem}_agent", NAME)
    return _Named(platform=platform, agent=agent)


def _any_endowment() -> GenesisAccount:
    amount = any_int("amount")
    assume(z3.And(amount.term >= 0, amount.term <= MAX_SUPPLY_UATP))  # W-TYPE-1
    return GenesisAccount(_any_named("endowed"), any_key("owner"), amount)


def _any_genesis() -> tuple[Any, ...]:
    keys: Any = SymbolicMap(lambda _platform: any_key("platform_key"))
    count = choose((None, *range(MOST_ENDOWMENTS + 1)))
    endowments = None if count is None else tuple(_any_endowment() for _ in range(count))
    return _Genesis(ChainId(bytes(32)), keys), Content(endowments), _any_named("any")


def _begin(ledger: Ledger, content: Any, asked: Address) -> Any:
    """Return the supply and any entry of the first state; None if the genesis is refused."""
    try:
        state = ledger.initial(content)
    except LocalProtocolError:
        return None
    path: Any = Path(asked) if isinstance(ledger, _Genesis) else account_path(asked)
    return state.supply_uatp, state.entries.get(path)


def _begins(taken: Taken) -> Iterator[Statement]:
    ledger, content, asked = taken.arguments
    endowments = content.endowments
    if endowments is None:
        refused = z3.BoolVal(taken.result is None)
        yield Statement("what is no encoding is refused", refused)
        return
    twice = [equal(a.address, b.address) for a, b in combinations(endowments, 2)]
    known = [_is_platform(each.address.platform) for each in endowments]
    supply = z3.Sum([z3.IntVal(0), *[term(each.amount_uatp) for each in endowments]])
    right = z3.And(*known, *map(z3.Not, twice), supply <= MAX_SUPPLY_UATP)
    if taken.result is None:
        yield _given(ledger, "refused only against L-GEN-2 or L-GEN-3", z3.Not(right))
        return
    yield _given(ledger, "taken only with L-GEN-2 and L-GEN-3", right)
    got, found = taken.result
    yield _given(ledger, "the supply is the sum of the amounts", term(got) == supply)
    expected = z3.BoolVal(found is None)
    for each in endowments:
        opened = Account(
            address=asked,
            owner=each.owner,
            available_uatp=each.amount_uatp,
            locked_uatp=0,
            nonce=Nonce(0),
        )
        here = equal(each.address, asked)
        expected = z3.If(
            here, z3.BoolVal(False) if found is None else equal(found, opened), expected
        )
    yield _given(ledger, "exactly the accounts listed are open, with their amounts", expected)


_PLATFORM_IS_KNOWN = z3.Function("is_platform", NAME.of_solver, z3.BoolSort())


def _is_platform(platform: Any) -> z3.BoolRef:
    return _PLATFORM_IS_KNOWN(term(platform))


def _given(ledger: Any, name: str, formula: z3.BoolRef) -> Statement:
    """Return a statement with the platforms that the execution found in the genesis."""
    facts = [
        _is_platform(platform) == z3.BoolVal(key is not None)
        for platform, key, _ in ledger.platform_keys.touched()
    ]
    return Statement(name, z3.Implies(z3.And(facts), formula))


GENESIS: Final = Subject(
    (Ledger.initial,),
    _any_genesis,
    _begin,
    (
        Excuse(
            "web4core.ledger.application.Ledger.initial",
            '"except RemoteProtocolError as error:" is false',
            "a decoder raises nothing else",
        ),
    ),
)


def prove_genesis() -> Outcome:
    """Prove the theorem below."""
    return check("a genesis", GENESIS, _begins)


THEOREMS: Final = (
    Theorem(
        "P-LEDGER-16",
        "a genesis is taken if and only if every account is on one of its platforms and listed "
        "once and the sum is within the supply's bound; then exactly those accounts are open, with "
        "their amounts available, nothing locked and nonce 0, and the sum is the supply",
        ("L-GEN-1", "L-GEN-2", "L-GEN-3"),
        ("A3", "A11"),
        f"up to {MOST_ENDOWMENTS} accounts, any amounts",
        prove_genesis,
    ),
)
