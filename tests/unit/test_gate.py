"""Every field of every message, changed: the gate refuses it, or it still says what was signed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.federation import Federation, verify
from tests.support.forge import certificate, commit_one, opening, proposal, view_change
from web4core import codec
from web4core.errors import RemoteProtocolError
from web4core.messages import (
    MAX_MESSAGE_BYTES,
    MAX_SUBMISSION,
    Decided,
    Kind,
    Message,
    Proposal,
    Status,
    Submission,
    ViewChange,
    Vote,
)
from web4core.signature_check import SignatureCheck, Verify

FED = Federation(4)


def samples() -> dict[str, Message]:
    """One message of each shape, all authentic."""
    FED.settle()
    FED.submit(0, opening(FED, "carol"))
    gossip = next(m for _, _, m in FED.sent if isinstance(m, Submission))
    commit_one(FED, "erin")
    decided = FED.nodes[0].blocks[1]
    prepared = certificate(FED, Kind.PREPARE, decided.block)
    found: dict[str, Message] = {
        "submission": gossip,
        "decided": decided,
        "justified proposal": proposal(FED, decided.block, 4, prepared),
        "view change": view_change(FED, 2, 1, 1),
        "view change with certificate": view_change(FED, 2, 1, 1, prepared, decided.block),
    }
    for kind in (Vote, Proposal, Status):
        found[kind.__name__.lower()] = next(m for _, _, m in FED.sent if isinstance(m, kind))
    return found


SAMPLES = samples()


def other_values(value: Any) -> Iterator[Any]:
    """What may stand in place of a field."""
    yield from (None, True, False, -1, 0, 2**63, 2**64 - 1, "", "x", b"", (), {})
    if type(value) is int:
        yield from (value + 1, max(0, value - 1), str(value))
    if type(value) is bytes and value:
        yield from (bytes([value[0] ^ 1]) + value[1:], value[:-1], value + b"\0", value.hex())
    if type(value) is str:
        yield from (value.upper(), value + "s", value.encode())
    if type(value) is tuple and value:
        yield from (value[:-1], (*value, value[-1]), value[::-1], list(value) and value[1:])


def mutations(value: Any) -> Iterator[Any]:
    """A plain value with one field of it, however deep, replaced."""
    yield from (other for other in other_values(value) if not same(other, value))
    if type(value) is tuple:
        for index, item in enumerate(value):
            for other in mutations(item):
                yield (*value[:index], other, *value[index + 1 :])


def same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one == other


@pytest.mark.clause(
    "W-MSG-1",
    "W-MSG-2",
    "W-MSG-3",
    "W-MSG-4",
    "W-MSG-5",
    "W-MSG-6",
    "W-MSG-7",
    "W-MSG-8",
    "W-TYPE-1",
    "W-TYPE-2",
    "W-TYPE-3",
    "W-TYPE-4",
    "W-TYPE-5",
    "W-TYPE-6",
)
@pytest.mark.parametrize("name", SAMPLES)
def test_a_changed_field_is_refused_or_the_message_is_still_authentic(name: str) -> None:
    original = SAMPLES[name]
    plain = codec.decode(FED.gate.encode(original), MAX_MESSAGE_BYTES)
    refused = 0
    for changed in mutations(plain):
        data = codec.encode(changed)
        try:
            message = FED.gate.open(data, verify)
        except RemoteProtocolError:
            refused += 1
            continue
        assert FED.gate.encode(message) == data
        said = getattr(original, "statement", None)
        assert getattr(message, "statement", None) == said
    assert refused > 20


@pytest.mark.parametrize("name", SAMPLES)
def test_a_message_survives_its_bytes(name: str) -> None:
    message = SAMPLES[name]
    assert FED.gate.open(FED.gate.encode(message), verify) == message


@pytest.mark.clause("W-MSG-2")
@pytest.mark.parametrize("name", SAMPLES)
def test_every_signature_inside_is_a_claim(name: str) -> None:
    claims = FED.gate.parse(FED.gate.encode(SAMPLES[name])).checks
    for spoilt in claims:
        with pytest.raises(RemoteProtocolError, match="W-MSG-2"):
            FED.gate.open(FED.gate.encode(SAMPLES[name]), all_but(spoilt))


def all_but(bad: SignatureCheck) -> Verify:
    return lambda *check: check != bad


@pytest.mark.clause("W-MSG-1")
def test_a_message_over_the_limit_is_refused_before_it_is_read() -> None:
    with pytest.raises(RemoteProtocolError, match="W-CBOR-1"):
        FED.gate.parse(bytes(MAX_MESSAGE_BYTES + 1))


@pytest.mark.clause("W-MSG-7")
def test_gossip_has_a_bound() -> None:
    transaction = opening(FED, "frank")
    full = FED.gate.encode(Submission((transaction,) * MAX_SUBMISSION))
    assert isinstance(FED.gate.parse(full).message, Submission)
    with pytest.raises(RemoteProtocolError, match="W-TYPE-4"):
        FED.gate.parse(FED.gate.encode(Submission((transaction,) * (MAX_SUBMISSION + 1))))


@pytest.mark.clause("C-CERT-4")
def test_a_prepared_certificate_does_not_pass_for_a_decision() -> None:
    decided = FED.nodes[0].blocks[1]
    prepared = certificate(FED, Kind.PREPARE, decided.block)
    with pytest.raises(RemoteProtocolError, match="C-CERT-4"):
        FED.gate.parse(FED.gate.encode(Decided(decided.block, prepared)))


@pytest.mark.clause("C-STMT-3")
def test_a_view_change_is_about_the_certificate_that_it_carries() -> None:
    message = SAMPLES["view change with certificate"]
    assert isinstance(message, ViewChange)
    bare = SAMPLES["view change"]
    assert isinstance(bare, ViewChange)
    swapped = ViewChange(bare.statement, bare.signature, message.prepared, message.block)
    with pytest.raises(RemoteProtocolError, match="C-STMT-3"):
        FED.gate.parse(FED.gate.encode(swapped))
