"""The rules of the five transactions: each refusal code, each boundary, and what applies."""

from __future__ import annotations

from collections.abc import Iterator

from tests.support.federation import sign
from tests.vectors.fixtures import encoded_genesis, genesis_from
from tests.vectors.form import (
    Document,
    Json,
    Refused,
    Vector,
    accept,
    check_each,
    number,
    readable,
    refuse,
    sentence,
)
from tests.vectors.rule_cases import STATES, Case, cases
from web4core.application import Refusal
from web4core.ledger.application import Ledger
from web4core.ledger.state import (
    ENTRY,
    Account,
    Entry,
    LedgerState,
    empty_entries,
    encode_entry,
    path_of,
)
from web4core.types import TimeMs

ABOUT = (
    "A transaction on a state, in a block of its own at `time_ms`: the entries that it changes and "
    "the state root after it, or its refusal code. Its signatures are good. `before` names a state "
    "of `given`, with each entry encoded and by its fields; all other entries stay as they are."
)


def state_of(entries: tuple[Entry, ...]) -> LedgerState:
    """The state with these entries."""
    built = empty_entries()
    supply = 0
    for entry in entries:
        built = built.set(path_of(entry), entry)
        if isinstance(entry, Account):
            supply += entry.available_uatp + entry.locked_uatp
    return LedgerState(built, supply)


def shown(entries: tuple[Entry, ...]) -> Json:
    """Entries by ascending path, encoded and by their fields."""
    return [
        {
            "path": path_of(entry).hex(),
            "encoded": encode_entry(entry).hex(),
            "kind": "account" if isinstance(entry, Account) else "transfer",
            **readable(entry),
        }
        for entry in sorted(entries, key=path_of)
    ]


def _root_after(case: Case) -> bytes:
    """The root of the state before, with the entries that the case says by hand."""
    kept = {path_of(entry): entry for entry in (*STATES[case.before], *case.after)}
    return state_of(tuple(kept.values())).entries.root()


def _vectors() -> Iterator[Vector]:
    for case in cases():
        about = sentence(case.name)
        given: dict[str, Json] = {
            "before": case.before,
            "time_ms": number(case.time_ms),
            "transaction": sign(case.body, *case.keys).encoded.hex(),
        }
        if case.code is not None:
            yield refuse(case.name, about, case.clauses, case.code, **given)
        else:
            result = {"changed": shown(case.after), "state_root": _root_after(case).hex()}
            yield accept(case.name, about, case.clauses, result, **given)


def make() -> Document:
    states = {
        name: {"entries": shown(entries), "state_root": state_of(entries).entries.root().hex()}
        for name, entries in STATES.items()
    }
    given = {"genesis": encoded_genesis(), "states": states}
    return Document("rules", ABOUT, given, _vectors())


def judge(given: Json, vector: Json) -> Json:
    ledger = Ledger.of(genesis_from(given["genesis"]))
    before = given["states"][vector["before"]]
    encoded = [bytes.fromhex(entry["encoded"]) for entry in before["entries"]]
    state = state_of(tuple(ENTRY.decode(each, len(each)) for each in encoded))
    if state.entries.root().hex() != before["state_root"]:
        raise ValueError("the state before is not what its root says")
    item = ledger.decode(bytes.fromhex(vector["transaction"]))
    applied = ledger.apply(state, (item,), TimeMs(int(vector["time_ms"])))
    if isinstance(applied, Refusal):
        raise Refused(code=str(applied.code))
    changed = tuple(
        entry for path, entry in applied.state.entries.items() if state.entries.get(path) != entry
    )
    return {"changed": shown(changed), "state_root": applied.root.hex()}


def check(document: Json) -> list[str]:
    return check_each(document, judge)
