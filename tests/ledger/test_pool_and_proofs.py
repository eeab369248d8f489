"""The pool keeps what applies; proofs convince who holds the platforms' keys alone."""

from __future__ import annotations

import pytest
from attrs import evolve

from tests.support.federation import (
    ALICE,
    BOB,
    Federation,
    Key,
    owner_key,
    platform_key,
    sign,
    verify,
)
from web4core import codec
from web4core.errors import RemoteProtocolError
from web4core.ledger.light import (
    ENTRY_PROOF,
    INCLUSION_PROOF,
    EntryProof,
    InclusionProof,
    SignedHeader,
    TrustAnchor,
    check_entry,
    check_inclusion,
    encode_trust_anchor,
)
from web4core.ledger.pool import MAX_LANE, lane_path
from web4core.ledger.state import Account, Address, account_path, transfer_path
from web4core.ledger.transactions import (
    AccountOpen,
    Transaction,
    Transfer,
    TransferCommit,
    TransferLock,
    TransferRollback,
)
from web4core.merkle import list_proof, prove
from web4core.types import Nonce, StateRoot, TimeMs, TransactionId

CAROL = Address(platform="thor", agent="carol")


def federation() -> Federation:
    fed = Federation(4, accounts={ALICE: 1000, CAROL: 0, BOB: 500})
    fed.settle()
    return fed


def pay(fed: Federation, amount: int, nonce: int) -> Transaction:
    return sign(
        Transfer(
            chain_id=fed.chain_id,
            source=ALICE,
            destination=CAROL,
            amount_uatp=amount,
            nonce=Nonce(nonce),
        ),
        owner_key(ALICE),
    )


def codes(fed: Federation, index: int = 0) -> list[str]:
    return [refusal.code for refusal in fed.nodes[index].refused]


@pytest.mark.clause("L-POOL-1", "L-POOL-2")
def test_overspending_over_several_transactions_is_refused_at_once() -> None:
    fed = federation()
    lock = TransferLock(
        chain_id=fed.chain_id,
        source=ALICE,
        destination=BOB,
        amount_uatp=500,
        nonce=Nonce(1),
        expiry_ms=TimeMs(fed.now_ms + 10_000),
    )
    fed.submit(0, pay(fed, 400, 0), sign(lock, owner_key(ALICE)), pay(fed, 101, 2))
    assert codes(fed) == ["insufficient-funds"]
    fed.run(fed.at_height(2))
    account = fed.nodes[3].state.app.entries.get(account_path(ALICE))
    assert (account.available_uatp, account.locked_uatp) == (100, 500)


@pytest.mark.clause("L-POOL-1")
def test_all_that_settles_a_transfer_waits_in_one_lane() -> None:
    fed = federation()
    transfer = bytes(range(32))
    home = platform_key(1)
    settlements = (
        sign(TransferCommit(fed.chain_id, TransactionId(transfer)), home),
        sign(TransferRollback(fed.chain_id, TransactionId(transfer), "no"), home),
        sign(TransferRollback(fed.chain_id, TransactionId(transfer), "anyone"), owner_key(ALICE)),
    )
    assert {lane_path(each) for each in settlements} == {transfer_path(TransactionId(transfer))}
    assert lane_path(pay(fed, 1, 0)) == account_path(ALICE)


@pytest.mark.clause("L-LIGHT-4")
def test_a_light_client_is_handed_the_chain_and_every_key() -> None:
    trust = TrustAnchor.of(federation().genesis)
    assert len(trust.keys) == 4
    assert encode_trust_anchor(trust) == codec.encode(("trust", trust.chain_id, trust.keys))


@pytest.mark.clause("L-POOL-4")
def test_a_second_transaction_with_a_nonce_that_waits_is_outpaced() -> None:
    fed = federation()
    fed.cut = lambda _source, _target, _message: True
    fed.submit(0, pay(fed, 1, 0), pay(fed, 2, 0), pay(fed, 1, 0), pay(fed, 3, 5))
    assert codes(fed) == ["outpaced", "nonce-gap"]
    assert fed.nodes[0].state.pool.size == 1


@pytest.mark.clause("L-POOL-3")
def test_a_lane_and_the_pool_are_bounded() -> None:
    fed = federation()
    fed.cut = lambda _source, _target, _message: True
    fed.submit(0, *(pay(fed, 1, nonce) for nonce in range(MAX_LANE + 1)))
    assert codes(fed) == ["lane-full"]
    config = fed.nodes[0].state.config
    full = fed.ledger.admit(
        fed.nodes[0].state.app, config.application.empty_pool(), (pay(fed, 1, 0),), TimeMs(1), 0
    )
    assert [refusal.code for refusal in full.refused] == ["pool-full"]


@pytest.mark.clause("L-POOL-5")
def test_what_a_block_made_impossible_is_evicted_and_told() -> None:
    fed = federation()
    fed.cut = lambda source, _target, message: (
        source == 0 and type(message).__name__ == "Submission"
    )
    fed.submit(0, pay(fed, 7, 0))
    fed.submit(1, pay(fed, 8, 0))
    fed.run(fed.at_height(2))
    assert codes(fed) == ["nonce-used"]
    assert fed.nodes[0].state.pool.size == 0


@pytest.mark.clause("L-TX-1")
def test_a_transaction_of_another_chain_is_refused() -> None:
    fed, other = federation(), Federation(5)
    with pytest.raises(RemoteProtocolError, match="L-TX-1"):
        fed.gate.parse_item(pay(other, 1, 0).encoded)


@pytest.mark.clause("W-TYPE-1", "W-CBOR-1")
@pytest.mark.parametrize("amount", [-1, True, "5", None, 2**63, 2**64 - 1, b"5"])
def test_an_amount_that_is_no_amount_never_passes_the_gate(amount: object) -> None:
    fed = federation()
    address = ("address", "thor", "alice")
    body = codec.encode(("transfer", fed.chain_id, address, address, amount, 0))  # type: ignore[arg-type]
    encoded = codec.encode(("tx", body, (bytes(32),), (bytes(64),)))
    with pytest.raises(RemoteProtocolError, match="W-TYPE-1"):
        fed.gate.parse_item(encoded)


@pytest.mark.parametrize("amount", [b"\xf9\x3c\x00", b"\xfb" + bytes(8), b"\xf9\x7e\x00"])
def test_a_float_or_nan_never_passes_the_gate(amount: bytes) -> None:
    fed = federation()
    good = codec.encode(("transfer", fed.chain_id, ("address", "thor", "a"), 5, 0))
    body = good.replace(b"\x05\x00", amount + b"\x00")
    encoded = codec.encode(("tx", body, (bytes(32),), (bytes(64),)))
    with pytest.raises(RemoteProtocolError):
        fed.gate.parse_item(encoded)


def proved(fed: Federation) -> EntryProof:
    node = fed.nodes[0]
    certificate = node.state.tip_certificate
    assert certificate is not None
    path = account_path(ALICE)
    entry = node.state.app.entries.get(path)
    anchor = SignedHeader(node.state.tip.header, certificate)
    return EntryProof(anchor, entry, prove(node.state.app.entries, path))


@pytest.mark.clause("L-LIGHT-1", "L-LIGHT-2", "L-LIGHT-3", "L-LIGHT-4")
def test_a_light_client_believes_what_is_proved_and_nothing_else() -> None:
    fed = federation()
    fed.submit(0, pay(fed, 100, 0), pay(fed, 50, 1))
    fed.run(fed.at_height(2))
    trust = TrustAnchor.of(fed.genesis)
    proof = proved(fed)
    shown = check_entry(trust, ENTRY_PROOF.encode(proof), verify).entry
    assert isinstance(shown, Account)
    assert shown.available_uatp == 850
    richer = evolve(proof, entry=evolve(shown, available_uatp=10**6))
    with pytest.raises(RemoteProtocolError, match="L-LIGHT-2"):
        check_entry(trust, ENTRY_PROOF.encode(richer), verify)
    other_root = evolve(proof.anchor.header, state_root=StateRoot(bytes(32)))
    forged = evolve(proof, anchor=evolve(proof.anchor, header=other_root))
    with pytest.raises(RemoteProtocolError, match="L-LIGHT-1"):
        check_entry(trust, ENTRY_PROOF.encode(forged), verify)
    with pytest.raises(RemoteProtocolError, match="L-LIGHT-1"):
        check_entry(TrustAnchor.of(Federation(5).genesis), ENTRY_PROOF.encode(proof), verify)
    leaves = [item.encoded for item in fed.nodes[0].blocks[1].block.payload]
    inclusion = InclusionProof(
        anchor=proof.anchor, transaction=leaves[1], index=1, size=2, path=list_proof(leaves, 1)
    )
    _, transaction = check_inclusion(trust, INCLUSION_PROOF.encode(inclusion), verify)
    assert transaction.encoded == leaves[1]
    moved = evolve(inclusion, index=0)
    with pytest.raises(RemoteProtocolError, match="L-LIGHT-3"):
        check_inclusion(trust, INCLUSION_PROOF.encode(moved), verify)


@pytest.mark.clause("L-OPEN-2", "L-TX-3")
def test_an_account_needs_the_platform_and_the_owner() -> None:
    fed = federation()
    dave = Address(platform="thor", agent="dave")
    body = AccountOpen(fed.chain_id, dave, owner_key(dave).public)
    fed.submit(0, sign(body, platform_key(1), owner_key(dave)))
    fed.submit(0, sign(body, platform_key(0), Key("somebody else")))
    assert codes(fed) == ["wrong-key", "wrong-key"]
    with pytest.raises(RemoteProtocolError, match="L-TX-3"):
        fed.gate.parse_item(sign(body, platform_key(0)).encoded)
