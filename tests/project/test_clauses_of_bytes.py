"""Clauses about bytes, judged by what the specification says and not by what the code computes.

Expected digests are made here with `hashlib` and `cbor2` from the text of the clauses.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from typing import Any

import cbor2
import pytest
from attrs import evolve

from tests.spec_tools.examples import ALICE, BOB, NAMES, TIME_MS, Example
from web4core import codec, link
from web4core.chain import (
    HEADER,
    MAX_BLOCK_BYTES,
    MAX_ITEM_BYTES,
    Platform,
    block_schema,
    check_genesis,
)
from web4core.errors import LocalProtocolError, RemoteProtocolError
from web4core.ledger.application import GenesisAccount, genesis_content
from web4core.ledger.state import ADDRESS, ENTRY, Account, Address, account_path, transfer_path
from web4core.ledger.transactions import BODY, TransferRollback, decode_transaction
from web4core.messages import Kind, Statement, conflict, message_schemas, signing_bytes
from web4core.schema import line, name, octets, sequence, uint
from web4core.settings import Settings
from web4core.types import ChainId, Digest, Nonce, PublicKey, Signature, TransactionId, View

LIMIT = 1 << 20


@pytest.fixture(scope="module")
def example() -> Example:
    return Example()


def tagged(tag: str, *parts: bytes) -> bytes:
    return hashlib.sha256(b"web4/1/" + tag.encode() + b"\x00" + b"".join(parts)).digest()


def refused(clause: str, act: Callable[[], Any]) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        act()
    assert caught.value.clause == clause


# --- values and types ---------------------------------------------------------------------------

NOT_CANONICAL = [
    pytest.param("W-CBOR-2", "4261", id="a byte string cut short"),
    pytest.param("W-CBOR-2", "9a00ffffff", id="an array that claims more than there is"),
    pytest.param("W-CBOR-3", "0000", id="a second value"),
    pytest.param("W-CBOR-4", "1817", id="a long integer"),
    pytest.param("W-CBOR-5", "9fff", id="an array of no stated length"),
    pytest.param("W-CBOR-6", "1c", id="a reserved head"),
    pytest.param("W-CBOR-7", "c000", id="a tag"),
    pytest.param("W-CBOR-8", "f90000", id="a float"),
    pytest.param("W-CBOR-9", "f7", id="undefined"),
    pytest.param("W-CBOR-10", "61ff", id="text that is not UTF-8"),
    pytest.param("W-CBOR-11", "a10000", id="a key that is a number"),
    pytest.param("W-CBOR-12", "a2616200616100", id="keys out of order"),
    pytest.param("W-CBOR-13", "a2616100616100", id="a key twice"),
    pytest.param("W-CBOR-14", "81" * 33 + "00", id="nesting of 33"),
]


@pytest.mark.clause("W-CBOR-2", "W-CBOR-3", "W-CBOR-4", "W-CBOR-5", "W-CBOR-6", "W-CBOR-7")
@pytest.mark.clause("W-CBOR-8", "W-CBOR-9", "W-CBOR-10", "W-CBOR-11", "W-CBOR-12", "W-CBOR-13")
@pytest.mark.clause("W-CBOR-14")
@pytest.mark.parametrize(("clause", "data"), NOT_CANONICAL)
def test_bytes_that_are_no_encoding_are_refused_by_their_clause(clause: str, data: str) -> None:
    refused(clause, lambda: codec.decode(bytes.fromhex(data), LIMIT))


@pytest.mark.clause("W-CBOR-14")
def test_nesting_of_32_is_allowed() -> None:
    assert codec.decode(bytes.fromhex("81" * 32 + "00"), LIMIT)


WRONG_TYPES = [
    pytest.param("W-TYPE-1", lambda: uint(5).load(6), id="an integer above its maximum"),
    pytest.param("W-TYPE-1", lambda: uint().load(-1), id="a negative integer"),
    pytest.param("W-TYPE-1", lambda: uint().load(True), id="a boolean for an integer"),
    pytest.param("W-TYPE-2", lambda: octets(2, 2).load(b"abc"), id="a long byte string"),
    pytest.param("W-TYPE-2", lambda: octets(2, 2).load("ab"), id="text for bytes"),
    pytest.param("W-TYPE-3", lambda: name().load("Alice"), id="a name with a capital"),
    pytest.param("W-TYPE-3", lambda: name().load("a" * 65), id="a name of 65 characters"),
    pytest.param("W-TYPE-3", lambda: name().load("a-"), id="a name that ends in a hyphen"),
    pytest.param("W-TYPE-3", lambda: line(3).load("a\nb"), id="a line of two"),
    pytest.param("W-TYPE-3", lambda: line(3).load("abcd"), id="a line that is too long"),
    pytest.param("W-TYPE-4", lambda: sequence(uint(), 1).load((1, 2)), id="an item too many"),
    pytest.param("W-TYPE-5", lambda: ADDRESS.load(("adress", "a", "b")), id="another label"),
    pytest.param("W-TYPE-5", lambda: ADDRESS.load(("address", "a")), id="a field too few"),
    pytest.param("W-TYPE-6", lambda: ENTRY.load(("nobody", 1)), id="a label of none of them"),
    pytest.param("W-TYPE-6", lambda: ENTRY.load(5), id="a number for a record"),
]


@pytest.mark.clause("W-TYPE-1", "W-TYPE-2", "W-TYPE-3", "W-TYPE-4", "W-TYPE-5", "W-TYPE-6")
@pytest.mark.parametrize(("clause", "act"), WRONG_TYPES)
def test_a_value_of_another_type_is_refused(clause: str, act: Callable[[], Any]) -> None:
    refused(clause, act)


# --- genesis and blocks -------------------------------------------------------------------------


@pytest.mark.clause("H-GENESIS-1")
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda _: (), id="no platform"),
        pytest.param(
            lambda them: (*them, Platform("thor", PublicKey(bytes(32)))), id="a name twice"
        ),
        pytest.param(lambda them: (*them, Platform("odin", them[0].key)), id="a key twice"),
        pytest.param(
            lambda _: tuple(
                Platform(f"p{i}", PublicKey(i.to_bytes(32, "big"))) for i in range(129)
            ),
            id="129 platforms",
        ),
    ],
)
def test_an_impossible_federation_is_refused(example: Example, change: Any) -> None:
    genesis = evolve(example.genesis, platforms=change(example.genesis.platforms))
    with pytest.raises(LocalProtocolError, match="H-GENESIS-1"):
        check_genesis(genesis)


@pytest.mark.clause("H-GENESIS-2", "W-TYPE-5")
def test_the_chain_id_is_the_digest_of_the_genesis(example: Example) -> None:
    genesis = example.genesis
    platforms = [["platform", each.name, each.key] for each in genesis.platforms]
    plain = ["genesis", genesis.chain, genesis.time_ms, platforms, genesis.content]
    assert example.gate.chain_id == tagged("genesis", cbor2.dumps(plain, canonical=True))


@pytest.mark.clause("H-GENESIS-2")
def test_the_parent_of_block_0_is_the_chain_id(example: Example) -> None:
    header = example.first.header
    assert (header.parent, header.height) == (Digest(example.gate.chain_id), 0)


@pytest.mark.clause("H-BLOCK-1", "H-BLOCK-4", "W-TYPE-5")
def test_the_digest_of_a_block_is_that_of_its_six_fields(example: Example) -> None:
    header = example.block.header
    plain = [
        "header",
        example.gate.chain_id,
        1,
        example.first.digest,
        TIME_MS + 1,
        hashlib.sha256(b"\x00" + example.transaction.encoded).digest(),
        header.state_root,
    ]
    assert example.block.digest == tagged("header", cbor2.dumps(plain, canonical=True))


@pytest.mark.clause("H-BLOCK-2")
def test_a_payload_that_the_header_does_not_name_is_refused(example: Example) -> None:
    plain = ("block", HEADER.dump(example.block.header), ())
    refused("H-BLOCK-2", lambda: block_schema(example.ledger.decode).load(plain))


@pytest.mark.clause("H-BLOCK-3")
def test_a_payload_of_too_many_bytes_is_refused(example: Example) -> None:
    items = (bytes(MAX_ITEM_BYTES),) * (MAX_BLOCK_BYTES // MAX_ITEM_BYTES + 1)
    plain = ("block", HEADER.dump(example.block.header), items)
    refused("H-BLOCK-3", lambda: block_schema(example.ledger.decode).load(plain))


@pytest.mark.clause("H-BLOCK-3")
@pytest.mark.parametrize(
    ("clause", "items"),
    [("W-TYPE-2", (bytes(MAX_ITEM_BYTES + 1),)), ("W-TYPE-4", (b"x",) * 4097)],
    ids=["an item of 2049 bytes", "4097 items"],
)
def test_a_payload_of_the_wrong_shape_is_refused(
    example: Example, clause: str, items: tuple[bytes, ...]
) -> None:
    plain = ("block", HEADER.dump(example.block.header), items)
    refused(clause, lambda: block_schema(example.ledger.decode).load(plain))


# --- statements and messages --------------------------------------------------------------------


@pytest.mark.clause("C-STMT-1", "C-STMT-2")
@pytest.mark.parametrize("kind", list(Kind))
def test_signed_bytes_are_domain_chain_kind_height_view_digest(kind: Kind) -> None:
    chain, named = bytes(range(32)), bytes(range(32, 64))
    expected = b"web4/1/statement\x00" + chain + struct.pack(">BQQ", kind, 7, 9) + named
    assert signing_bytes(ChainId(chain), Statement(kind, 7, View(9), Digest(named), 3)) == expected


@pytest.mark.clause("C-STMT-5")
def test_signed_bytes_differ_where_kind_chain_height_or_view_do() -> None:
    signed = {
        signing_bytes(
            ChainId(bytes([chain]) * 32), Statement(kind, height, View(view), Digest(bytes(32)), 0)
        )
        for chain in (0, 1)
        for kind in Kind
        for height in (0, 1, 256)
        for view in (0, 1, 256)
    }
    assert len(signed) == 2 * 5 * 3 * 3


@pytest.mark.clause("C-STMT-4")
@pytest.mark.parametrize("kind", list(Kind))
def test_two_digests_conflict_for_all_kinds_but_status(kind: Kind) -> None:
    one, other = (Statement(kind, 1, View(0), Digest(bytes([each]) * 32), 2) for each in (0, 1))
    assert conflict(one, other) is (kind is not Kind.STATUS)


@pytest.mark.clause("W-MSG-5")
@pytest.mark.parametrize("field", ["chain_id", "height"])
def test_a_block_of_another_chain_or_height_is_refused(example: Example, field: str) -> None:
    change: dict[str, Any] = {field: bytes(32) if field == "chain_id" else 2}
    header = evolve(example.block.header, **change)
    schema = block_schema(example.ledger.decode)
    other = schema.load(("block", HEADER.dump(header), (example.transaction.encoded,)))
    statement = ["statement", 1, 1, 0, other.digest, 1]
    data = cbor2.dumps(
        ["proposal", statement, bytes(64), _thawed(schema.dump(other)), None], canonical=True
    )
    refused("W-MSG-5", lambda: example.gate.parse(data))


def _thawed(plain: Any) -> Any:
    return [_thawed(each) for each in plain] if isinstance(plain, tuple) else plain


@pytest.mark.clause("W-MSG-7")
def test_a_submission_of_257_transactions_is_refused(example: Example) -> None:
    data = codec.encode(("submission", (example.transaction.encoded,) * 257))
    refused("W-TYPE-4", lambda: example.gate.parse(data))


@pytest.mark.clause("W-MSG-8")
def test_evidence_is_no_message(example: Example) -> None:
    refused("W-TYPE-6", lambda: example.gate.parse(codec.encode(("evidence", 1))))


@pytest.mark.clause("W-MSG-8")
def test_there_are_six_messages(example: Example) -> None:
    members = message_schemas(example.ledger.decode).message.fields
    assert [label for label, _ in members] == [
        "vote",
        "proposal",
        "view_change",
        "status",
        "decided",
        "submission",
    ]


# --- the ledger's bytes -------------------------------------------------------------------------


@pytest.mark.clause("L-STATE-3")
def test_paths_are_digests_of_names() -> None:
    assert account_path(ALICE) == tagged("map-key", b"account/alice@thor")
    assert transfer_path(TransactionId(bytes(32))) == tagged("map-key", b"transfer/" + bytes(32))


@pytest.mark.clause("L-STATE-1", "L-STATE-5")
def test_the_state_root_is_the_map_over_the_accounts(example: Example) -> None:
    owner = example.transaction.keys[0]
    leaves = {}
    for agent, available, nonce in (("alice", 750_000_000, 1), ("bob", 250_000_000, 0)):
        path = tagged("map-key", f"account/{agent}@thor".encode())
        plain = ["account", ["address", "thor", agent], owner, available, 0, nonce]
        leaves[path] = tagged("map-leaf", path, cbor2.dumps(plain, canonical=True))
    halves = {path[0] >> 4: leaf for path, leaf in leaves.items()}
    assert len(halves) == 2, "the example's paths part at the first half byte"
    bitmap = sum(1 << half for half in halves).to_bytes(2, "big")
    expected = tagged("map-branch", bitmap, *(halves[half] for half in sorted(halves)))
    assert example.applied.root == expected


@pytest.mark.clause("L-TX-4", "L-TX-6")
def test_a_transactions_id_covers_body_and_keys(example: Example) -> None:
    label, body, keys, signatures = cbor2.loads(example.transaction.encoded)
    assert label == "tx"
    assert cbor2.loads(body)[0] == "transfer"
    assert example.transaction.id == tagged("transaction", body, *keys)
    assert len(signatures) == 1


@pytest.mark.clause("L-TX-2")
def test_a_nonce_without_a_successor_is_refused(example: Example) -> None:
    plain = BODY.dump(evolve(example.body, nonce=Nonce(2**63 - 1)))
    refused("W-TYPE-1", lambda: BODY.load(plain))


@pytest.mark.clause("L-TX-5")
@pytest.mark.parametrize("reason", ["a\nb", "x" * 121, "\x00"], ids=["two lines", "long", "null"])
def test_a_reason_that_is_no_line_is_refused(example: Example, reason: str) -> None:
    body = TransferRollback(example.gate.chain_id, TransactionId(bytes(32)), reason)
    refused("W-TYPE-3", lambda: BODY.load(BODY.dump(body)))


@pytest.mark.clause("L-TX-6")
def test_a_body_that_is_not_in_a_byte_string_is_refused(example: Example) -> None:
    _, body, keys, signatures = cbor2.loads(example.transaction.encoded)
    data = cbor2.dumps(["tx", cbor2.loads(body), keys, signatures], canonical=True)
    refused("W-TYPE-2", lambda: decode_transaction(data, example.gate.chain_id))


def content(*endowments: tuple[Address, int]) -> bytes:
    return genesis_content(
        GenesisAccount(address, PublicKey(bytes(32)), amount) for address, amount in endowments
    )


@pytest.mark.clause("L-GEN-1", "L-STATE-5")
def test_the_accounts_of_the_genesis_are_open_with_their_amounts(example: Example) -> None:
    state = example.ledger.initial(content((ALICE, 5), (BOB, 0)))
    account = state.entries.get(account_path(ALICE))
    assert isinstance(account, Account)
    assert (account.available_uatp, account.locked_uatp, account.nonce) == (5, 0, 0)


@pytest.mark.clause("L-GEN-3")
def test_the_supply_is_the_sum_of_the_genesis(example: Example) -> None:
    assert example.ledger.initial(content((ALICE, 5), (BOB, 7))).supply_uatp == 12


@pytest.mark.clause("L-GEN-2")
@pytest.mark.parametrize(
    "address",
    [ALICE, Address(platform="asgard", agent="loki")],
    ids=["listed twice", "on no platform"],
)
def test_an_account_out_of_place_is_refused(example: Example, address: Address) -> None:
    with pytest.raises(LocalProtocolError, match="L-GEN-2"):
        example.ledger.initial(content((ALICE, 5), (address, 0)))


@pytest.mark.clause("L-GEN-3", "L-STATE-2")
def test_a_supply_of_two_to_the_63_is_refused(example: Example) -> None:
    with pytest.raises(LocalProtocolError, match="L-GEN-3"):
        example.ledger.initial(content((ALICE, 2**63 - 1), (BOB, 1)))


@pytest.mark.clause("L-GEN-1")
def test_a_content_that_is_no_list_of_accounts_is_refused(example: Example) -> None:
    with pytest.raises(LocalProtocolError, match="L-GEN-1"):
        example.ledger.initial(b"\x00")


# --- the link -----------------------------------------------------------------------------------


def hello(example: Example, platform: int, chain_id: bytes | None = None) -> bytes:
    return link.HELLO.encode(
        link.Hello(ChainId(chain_id or example.gate.chain_id), platform, bytes(32))
    )


@pytest.mark.clause("W-LINK-1")
@pytest.mark.parametrize("caller", [0, 1, 4], ids=["a lower index", "oneself", "nobody"])
def test_only_a_platform_of_a_higher_index_is_answered(example: Example, caller: int) -> None:
    data = hello(example, caller)
    refused("W-LINK-1", lambda: link.check_hello(data, example.gate.chain_id, n=len(NAMES), me=1))


@pytest.mark.clause("W-LINK-2")
def test_a_caller_of_another_chain_is_refused(example: Example) -> None:
    data = hello(example, 2, bytes(32))
    refused("W-LINK-2", lambda: link.check_hello(data, example.gate.chain_id, n=len(NAMES), me=1))


@pytest.mark.clause("W-LINK-2")
def test_an_answer_of_another_platform_is_refused() -> None:
    data = link.WELCOME.encode(link.Welcome(2, bytes(32), Signature(bytes(64))))
    refused("W-LINK-2", lambda: link.check_welcome(data, 1))


@pytest.mark.clause("W-LINK-3")
def test_both_ends_sign_domain_chain_parties_and_nonces(example: Example) -> None:
    chain, keys = example.gate.chain_id, example.gate.keys
    theirs, ours = bytes([7]) * 32, bytes([8]) * 32
    welcome = link.Welcome(1, theirs, Signature(bytes(64)))
    claim = link.welcome_check(chain, 3, keys, ours, welcome)
    parties = struct.pack(">HH", 1, 3)
    assert claim.key == keys[1]
    assert claim.message == b"web4/1/hello\x00" + chain + parties + ours + theirs


@pytest.mark.clause("W-LINK-3")
def test_the_proof_is_over_the_nonces_the_other_way_round(example: Example) -> None:
    chain, keys = example.gate.chain_id, example.gate.keys
    theirs, ours = bytes([7]) * 32, bytes([8]) * 32
    caller, proof = link.Hello(chain, 3, theirs), link.Proof(Signature(bytes(64)))
    claim = link.proof_check(chain, 1, keys, ours, caller, proof)
    parties = struct.pack(">HH", 3, 1)
    assert claim.key == keys[3]
    assert claim.message == b"web4/1/hello\x00" + chain + parties + ours + theirs


# --- settings -----------------------------------------------------------------------------------


@pytest.mark.clause("A-SET-1")
@pytest.mark.parametrize(
    "setting",
    [
        {"view_timeout_ms": 0},
        {"resend_ms": 86_400_001},
        {"sync_delay_ms": 1.5},
        {"pool_items": True},
        {"block_items": 4097},
        {"block_bytes": 2047},
    ],
    ids=lambda setting: next(iter(setting)),
)
def test_a_setting_out_of_its_bounds_is_refused(setting: dict[str, Any]) -> None:
    with pytest.raises(LocalProtocolError, match="A-SET-1"):
        Settings(**setting)
