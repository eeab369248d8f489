"""Genesis: which ones make a federation, and what block 0 and the first state are."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve

from tests.support.federation import ALICE, BOB, owner_key, platform_key
from tests.vectors.curve import IDENTITY
from tests.vectors.fixtures import CAROL, genesis_of
from tests.vectors.form import Document, Json, Vector, accept, check_each, number, refuse, sentence
from web4core import codec
from web4core.chain import (
    GENESIS,
    HEADER,
    MAX_GENESIS_BYTES,
    Genesis,
    Platform,
    chain_id,
    check_genesis,
    genesis_block,
)
from web4core.ledger.application import CONTENT, GenesisAccount, Ledger, genesis_content
from web4core.ledger.state import MAX_SUPPLY_UATP, Address
from web4core.schema import MAX_UINT
from web4core.types import PublicKey, TimeMs

ABOUT = (
    "A genesis, as it is encoded, and what follows from it: chain id, header and digest of "
    "block 0, the root of the first state and the supply."
)


def _endowed(*amounts: int) -> Genesis:
    """A genesis whose accounts have these amounts."""
    addresses = (ALICE, BOB, CAROL)
    listed = [
        GenesisAccount(address, owner_key(address).public, amount)
        for address, amount in zip(addresses, amounts, strict=False)
    ]
    return evolve(genesis_of(4), content=genesis_content(listed))


def _platforms(count: int) -> tuple[Platform, ...]:
    """Platforms with keys that nobody can sign with; a genesis does not judge keys."""
    return tuple(
        Platform(f"p{index}", PublicKey(index.to_bytes(32, "big"))) for index in range(count)
    )


def _accepted() -> Iterator[tuple[str, Genesis]]:
    good = genesis_of(4)
    for n in (1, 2, 4, 7):
        yield f"{n} platforms", genesis_of(n)
    yield "128 platforms", evolve(_endowed(), platforms=_platforms(128))
    yield "no accounts", _endowed()
    yield "accounts with nothing", _endowed(0, 0, 0)
    yield "the largest supply", _endowed(MAX_SUPPLY_UATP - 1, 1)
    yield "the largest supply in one account", _endowed(MAX_SUPPLY_UATP)
    yield "time zero", evolve(good, time_ms=TimeMs(0))
    yield "the last time", evolve(good, time_ms=TimeMs(MAX_UINT))
    yield "another name", evolve(good, chain="other")
    yield "another order of platforms", evolve(good, platforms=good.platforms[::-1])
    backwards = CONTENT.encode(CONTENT.decode(good.content, len(good.content))[::-1])
    yield "another order of accounts", evolve(good, content=backwards)
    weak = (Platform("weak", PublicKey(IDENTITY)), *good.platforms[1:])
    yield "a key that K-KEY-4 refuses", evolve(_endowed(), platforms=weak)


def _refused() -> Iterator[tuple[str, Genesis, str]]:
    good = genesis_of(4)
    thor = good.platforms[0]
    yield "no platforms", evolve(_endowed(), platforms=()), "H-GENESIS-1"
    clauses = "H-GENESIS-1 W-TYPE-4"
    yield "129 platforms", evolve(_endowed(), platforms=_platforms(129)), clauses
    named = (*good.platforms, Platform("thor", platform_key(5).public))
    yield "a name twice", evolve(good, platforms=named), "H-GENESIS-1"
    keyed = (*good.platforms, Platform("odin", thor.key))
    yield "a key twice", evolve(good, platforms=keyed), "H-GENESIS-1"
    key = owner_key(ALICE).public
    for name, listed, clause in (
        (
            "an account on no platform",
            [GenesisAccount(Address(platform="nowhere", agent="alice"), key, 1)],
            "L-GEN-2",
        ),
        (
            "an account twice",
            [GenesisAccount(ALICE, key, 1), GenesisAccount(ALICE, key, 2)],
            "L-GEN-2",
        ),
        (
            "a supply of 2^63",
            [GenesisAccount(ALICE, key, MAX_SUPPLY_UATP), GenesisAccount(BOB, key, 1)],
            "L-GEN-3 L-STATE-2",
        ),
    ):
        yield name, evolve(good, content=genesis_content(listed)), clause
    yield "content of no bytes", evolve(good, content=b""), "L-GEN-1 W-CBOR-2"
    yield "content that is no array", evolve(good, content=codec.encode(0)), "L-GEN-1 W-TYPE-4"
    longer = evolve(good, content=good.content + b"\0")
    yield "content with a byte after it", longer, "L-GEN-1 W-CBOR-3"
    account = (("account", ("address", "thor", "alice"), key, 1, 0, 0),)
    entries = evolve(good, content=codec.encode(account))
    yield "content with accounts instead of endowments", entries, "L-GEN-1 W-TYPE-5"


def _vectors() -> Iterator[Vector]:
    for name, genesis in _accepted():
        data = GENESIS.encode(genesis)
        clauses = "H-GENESIS-1 H-GENESIS-2 H-BLOCK-1 L-GEN-1 L-GEN-2 L-GEN-3 L-STATE-1"
        yield accept(name, f"A good one: {name}.", clauses, _result(genesis), genesis=data.hex())
    for name, genesis, clauses in _refused():
        yield refuse(name, sentence(name), clauses, genesis=GENESIS.encode(genesis).hex())


def _result(genesis: Genesis) -> Json:
    ledger = Ledger.of(genesis)
    state = ledger.initial(genesis.content)
    first = genesis_block(genesis, ledger.root(state))
    return {
        "chain_id": chain_id(genesis).hex(),
        "header": HEADER.encode(first.header).hex(),
        "digest": first.digest.hex(),
        "state_root": first.header.state_root.hex(),
        "supply_uatp": number(state.supply_uatp),
    }


def make() -> Document:
    return Document("genesis", ABOUT, {}, _vectors())


def judge(_given: Json, vector: Json) -> Json:
    genesis = GENESIS.decode(bytes.fromhex(vector["genesis"]), MAX_GENESIS_BYTES)
    check_genesis(genesis)
    return _result(genesis)


def check(document: Json) -> list[str]:
    return check_each(document, judge)
