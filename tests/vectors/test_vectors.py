"""The core does what the files of `spec/vectors/` say, and no clause that refuses is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.spec_tools.clauses import clauses
from tests.vectors.catalogue import FILES, read
from tests.vectors.runs import RUNS
from web4core.ledger.pool import PoolCode
from web4core.ledger.rules import Code

TRANSCRIPTS = tuple(f"transcript_{run}" for run in RUNS)


def problems(name: str) -> list[str]:
    """What is wrong with the file as it stands in the folder."""
    return FILES[name].check(read(name))


# --- what they say -------------------------------------------------------------------------------

# The marks are the clauses that the vectors of the file cite, no more and no fewer; a test below
# compares them.


@pytest.mark.clause("W-CBOR-1", "W-CBOR-2", "W-CBOR-3", "W-CBOR-4", "W-CBOR-5", "W-CBOR-6")
@pytest.mark.clause("W-CBOR-7", "W-CBOR-8", "W-CBOR-9", "W-CBOR-10", "W-CBOR-11", "W-CBOR-12")
@pytest.mark.clause("W-CBOR-13", "W-CBOR-14")
def test_bytes_are_the_encoding_of_their_value_or_refused() -> None:
    assert problems("codec") == []


@pytest.mark.clause("C-CERT-1", "H-BLOCK-2", "H-BLOCK-3", "H-GENESIS-1", "L-TX-2", "L-TX-5")
@pytest.mark.clause("W-CBOR-3", "W-MSG-8", "W-TYPE-1", "W-TYPE-2", "W-TYPE-3", "W-TYPE-4")
@pytest.mark.clause("W-TYPE-5", "W-TYPE-6")
def test_records_are_read_from_their_bytes_or_refused() -> None:
    assert problems("records") == []


@pytest.mark.clause("C-STMT-3", "H-BLOCK-1", "H-GENESIS-2", "L-STATE-3", "L-TX-4", "W-HASH-1")
@pytest.mark.clause("W-HASH-2", "W-MAP-3", "W-MAP-4")
def test_digests_are_over_their_domain_and_parts() -> None:
    assert problems("digests") == []


@pytest.mark.clause("W-LIST-1")
def test_lists_have_their_roots() -> None:
    assert problems("list_roots") == []


@pytest.mark.clause("W-LIST-2", "W-LIST-3")
def test_leaves_are_proved_or_not() -> None:
    assert problems("list_proofs") == []


@pytest.mark.clause("W-MAP-1", "W-MAP-2", "W-MAP-3", "W-MAP-4")
def test_maps_have_their_roots() -> None:
    assert problems("map_roots") == []


@pytest.mark.clause("W-MAP-5")
def test_entries_of_a_map_are_proved_or_not() -> None:
    assert problems("map_proofs") == []


@pytest.mark.clause("K-KEY-1", "K-KEY-2", "K-KEY-3", "K-KEY-4")
def test_keys_count_or_not() -> None:
    assert problems("keys") == []


@pytest.mark.clause("K-KEY-1", "K-KEY-2", "K-KEY-3", "K-KEY-4", "K-SIG-1", "K-SIG-2")
@pytest.mark.clause("K-SIG-3", "K-SIG-4", "K-SIG-5")
def test_signatures_count_or_not() -> None:
    assert problems("signatures") == []


@pytest.mark.clause("C-STMT-1", "C-STMT-2", "C-STMT-5", "L-TX-4", "W-LINK-3")
def test_keys_sign_these_bytes() -> None:
    assert problems("signed_bytes") == []


@pytest.mark.clause("C-QUORUM-1", "C-QUORUM-2", "C-QUORUM-3", "C-QUORUM-4")
def test_quorums_and_turns_are_counted_so() -> None:
    assert problems("quorums") == []


@pytest.mark.clause("C-CERT-1", "C-CERT-2", "C-CERT-3", "C-CERT-4", "C-QUORUM-2", "C-STMT-5")
@pytest.mark.clause("W-MSG-2", "W-MSG-3")
def test_certificates_prove_or_not() -> None:
    assert problems("certificates") == []


@pytest.mark.clause("C-CERT-1", "C-CERT-3", "C-CERT-4", "C-QUORUM-4", "C-STMT-3", "C-VIEW-1")
@pytest.mark.clause("C-VIEW-3", "L-TX-4", "W-CBOR-1", "W-CBOR-2", "W-CBOR-3", "W-MSG-1")
@pytest.mark.clause("W-MSG-2", "W-MSG-3", "W-MSG-4", "W-MSG-5", "W-MSG-6", "W-MSG-7")
@pytest.mark.clause("W-MSG-8", "W-TYPE-4", "W-TYPE-6")
def test_messages_pass_the_gate_or_not() -> None:
    assert problems("messages") == []


@pytest.mark.clause("W-CBOR-1", "W-CBOR-3", "W-LINK-1", "W-LINK-2", "W-LINK-3", "W-TYPE-5")
def test_handshakes_hold_or_not() -> None:
    assert problems("handshakes") == []


@pytest.mark.clause("W-LINK-4", "W-LINK-5", "W-LINK-6")
def test_packets_hold_their_frames_or_are_refused() -> None:
    assert problems("packets") == []


@pytest.mark.clause("H-BLOCK-1", "H-GENESIS-1", "H-GENESIS-2", "L-GEN-1", "L-GEN-2")
@pytest.mark.clause("L-GEN-3", "L-STATE-1", "L-STATE-2", "W-CBOR-2", "W-CBOR-3", "W-TYPE-4")
@pytest.mark.clause("W-TYPE-5")
def test_a_genesis_makes_its_chain_or_is_refused() -> None:
    assert problems("genesis") == []


@pytest.mark.clause("L-TX-1", "L-TX-2", "L-TX-3", "L-TX-4", "L-TX-5", "L-TX-6", "W-CBOR-1")
@pytest.mark.clause("W-CBOR-2", "W-CBOR-3", "W-CBOR-4", "W-CBOR-5", "W-CBOR-8", "W-MSG-2")
@pytest.mark.clause("W-TYPE-1", "W-TYPE-2", "W-TYPE-3", "W-TYPE-4", "W-TYPE-5", "W-TYPE-6")
def test_transactions_are_read_or_refused() -> None:
    assert problems("transactions") == []


@pytest.mark.clause("L-BACK-1", "L-BACK-2", "L-BACK-3", "L-BACK-4", "L-COMMIT-1")
@pytest.mark.clause("L-COMMIT-2", "L-COMMIT-3", "L-COMMIT-4", "L-COMMIT-5", "L-LOCK-1")
@pytest.mark.clause("L-LOCK-2", "L-LOCK-3", "L-LOCK-4", "L-LOCK-5", "L-LOCK-6", "L-LOCK-7")
@pytest.mark.clause("L-LOCK-8", "L-LOCK-9", "L-OPEN-1", "L-OPEN-2", "L-OPEN-3", "L-OPEN-4")
@pytest.mark.clause("L-RULE-1", "L-RULE-3", "L-STATE-4", "L-XFER-1", "L-XFER-2", "L-XFER-3")
@pytest.mark.clause("L-XFER-4", "L-XFER-5", "L-XFER-6", "L-XFER-7", "L-XFER-8")
def test_transactions_apply_or_are_refused_with_their_code() -> None:
    assert problems("rules") == []


@pytest.mark.clause("C-VALID-1", "C-VALID-2", "C-VALID-4", "H-BLOCK-2", "I-ROOT-1")
@pytest.mark.clause("L-BLOCK-1", "L-LOCK-8", "L-STATE-4")
def test_blocks_follow_from_block_0_or_not() -> None:
    assert problems("blocks") == []


@pytest.mark.clause("C-CERT-1", "C-CERT-4", "C-VALID-1", "C-VALID-2", "H-BLOCK-2", "I-ROOT-1")
@pytest.mark.clause("L-BLOCK-1", "W-MSG-2", "W-MSG-5")
def test_chains_are_followed_to_their_end_or_stopped() -> None:
    assert problems("chains") == []


@pytest.mark.clause("C-CERT-4", "C-VALID-1", "C-VALID-2", "I-ROOT-1", "L-BACK-4", "L-BLOCK-1")
@pytest.mark.clause("L-COMMIT-5", "L-LIGHT-1", "L-LIGHT-2", "L-LIGHT-3", "L-LIGHT-4")
@pytest.mark.clause("L-LOCK-9", "L-OPEN-4", "L-XFER-8")
def test_a_federation_comes_to_its_end_and_proves_it() -> None:
    assert problems("federation") == []


@pytest.mark.clause("C-CERT-4", "L-LIGHT-1", "L-LIGHT-2", "L-LIGHT-4", "W-CBOR-2", "W-CBOR-3")
@pytest.mark.clause("W-MAP-5", "W-MSG-2")
def test_entries_are_proved_to_a_light_client_or_not() -> None:
    assert problems("entry_proofs") == []


@pytest.mark.clause("C-CERT-4", "L-LIGHT-1", "L-LIGHT-3", "L-LIGHT-4", "W-LIST-3", "W-MSG-2")
def test_transactions_are_proved_to_a_light_client_or_not() -> None:
    assert problems("inclusion_proofs") == []


@pytest.mark.clause("A-EFFECT-7", "A-EFFECT-8", "A-SET-2", "L-BLOCK-3", "L-POOL-6")
@pytest.mark.clause("C-DEC-1", "C-DEC-2", "C-DEC-3", "C-DEC-4")
@pytest.mark.clause("C-EVID-1", "C-EVID-2", "C-FLOW-1", "C-LOCK-1", "C-LOCK-2", "C-LOCK-3")
@pytest.mark.clause("C-LOSS-1", "C-LOSS-2", "C-LOSS-3", "C-LOSS-4", "C-LOSS-5", "C-NEW-1")
@pytest.mark.clause("C-NEW-2", "C-NEW-3", "C-PACE-1", "C-PACE-2", "C-PACE-3", "C-PACE-4")
@pytest.mark.clause("C-PACE-5", "C-PACE-6", "C-PREP-1", "C-PREP-2", "C-PREP-3", "C-PREP-4")
@pytest.mark.clause("C-PROP-1", "C-PROP-2", "C-PROP-3", "C-SLOT-1", "C-SLOT-2", "C-SLOT-3")
@pytest.mark.clause("C-STMT-1", "C-STMT-3", "C-STMT-4", "C-SYNC-1", "C-SYNC-2", "C-SYNC-3")
@pytest.mark.clause("C-SYNC-4", "C-VALID-1", "C-VALID-2", "C-VALID-3", "C-VALID-4")
@pytest.mark.clause("C-VIEW-1", "C-VIEW-2", "C-VIEW-3", "H-BLOCK-4", "L-POOL-1", "L-POOL-2")
@pytest.mark.clause("L-POOL-3", "L-POOL-4", "L-POOL-5")
@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_a_platform_does_what_its_transcript_says(name: str) -> None:
    assert problems(name) == []


def marks_of(test: Callable[..., None]) -> set[str]:
    """The clauses that a test is marked with."""
    marks: list[pytest.Mark] = vars(test)["pytestmark"]
    return {clause for mark in marks if mark.name == "clause" for clause in mark.args}


MARKS = {
    "codec": marks_of(test_bytes_are_the_encoding_of_their_value_or_refused),
    "records": marks_of(test_records_are_read_from_their_bytes_or_refused),
    "digests": marks_of(test_digests_are_over_their_domain_and_parts),
    "list_roots": marks_of(test_lists_have_their_roots),
    "list_proofs": marks_of(test_leaves_are_proved_or_not),
    "map_roots": marks_of(test_maps_have_their_roots),
    "map_proofs": marks_of(test_entries_of_a_map_are_proved_or_not),
    "keys": marks_of(test_keys_count_or_not),
    "signatures": marks_of(test_signatures_count_or_not),
    "signed_bytes": marks_of(test_keys_sign_these_bytes),
    "quorums": marks_of(test_quorums_and_turns_are_counted_so),
    "certificates": marks_of(test_certificates_prove_or_not),
    "messages": marks_of(test_messages_pass_the_gate_or_not),
    "handshakes": marks_of(test_handshakes_hold_or_not),
    "packets": marks_of(test_packets_hold_their_frames_or_are_refused),
    "genesis": marks_of(test_a_genesis_makes_its_chain_or_is_refused),
    "transactions": marks_of(test_transactions_are_read_or_refused),
    "rules": marks_of(test_transactions_apply_or_are_refused_with_their_code),
    "blocks": marks_of(test_blocks_follow_from_block_0_or_not),
    "chains": marks_of(test_chains_are_followed_to_their_end_or_stopped),
    "federation": marks_of(test_a_federation_comes_to_its_end_and_proves_it),
    "entry_proofs": marks_of(test_entries_are_proved_to_a_light_client_or_not),
    "inclusion_proofs": marks_of(test_transactions_are_proved_to_a_light_client_or_not),
    "transcripts": marks_of(test_a_platform_does_what_its_transcript_says),
}


# --- nothing is left out -------------------------------------------------------------------------


def refused_by(*names: str) -> set[str]:
    """The clauses by which vectors of these files are refused."""
    vectors = (vector for name in names for vector in read(name)["vectors"])
    refusals = [vector["refusal"] for vector in vectors if "refusal" in vector]
    return {clause for refusal in refusals for clause in refusal["clauses"]}


@pytest.mark.parametrize(
    ("prefix", "names"),
    [
        ("W-CBOR-", ["codec"]),
        ("W-TYPE-", ["records"]),
        ("K-KEY-", ["keys"]),
        ("K-SIG-", ["signatures"]),
        ("W-MSG-", ["messages"]),
        ("C-CERT-", ["certificates"]),
        ("L-GEN-", ["genesis"]),
    ],
)
def test_each_clause_of_a_family_refuses_something(prefix: str, names: list[str]) -> None:
    family = {clause.id for clause in clauses() if clause.id.startswith(prefix)}
    assert family - refused_by(*names) - {"C-CERT-2"} == set()  # C-CERT-2 is how C-CERT-1 counts


def test_each_rule_with_a_code_refuses_something() -> None:
    rules = [clause for clause in clauses() if clause.id.startswith("L-")]
    coded = {clause.id for clause in rules if ", else `" in clause.text}
    assert coded - refused_by("rules") == set()


def codes_of(name: str) -> Iterator[str]:
    for vector in read(name)["vectors"]:
        if "refusal" in vector:
            yield vector["refusal"]["code"]
        elif "effects" in vector["result"]:
            yield from (each["code"] for each in vector["result"]["effects"] if "code" in each)


def test_each_code_of_the_rules_is_given() -> None:
    assert set(codes_of("rules")) == {str(code) for code in Code}


def test_each_code_of_the_pool_is_given() -> None:
    assert {str(code) for code in PoolCode} - set(codes_of("transcript_pool")) == set()


@pytest.mark.parametrize("name", FILES)
def test_the_marks_of_a_check_are_the_clauses_of_its_vectors(name: str) -> None:
    marked = MARKS["transcripts" if name in TRANSCRIPTS else name]
    names = TRANSCRIPTS if name in TRANSCRIPTS else (name,)
    assert marked == {each for every in names for each in cited(every)}


def test_every_clause_of_a_vector_exists() -> None:
    known = {clause.id for clause in clauses()}
    assert {each for name in FILES for each in cited(name)} - known == set()


def cited(name: str) -> set[str]:
    """The clauses that the vectors of a file exercise."""
    return {clause for vector in read(name)["vectors"] for clause in vector["clauses"]}
