"""The platforms that forked the chain: evidence against them, from journals of honest platforms.

An auditor who has these journals needs no trust in anybody: each piece of evidence is two signed
statements that contradict one another.
Votes against a lock, in a later view, contradict nothing and are not found here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from web4core import (
    Certificate,
    Decided,
    Evidence,
    Message,
    Proposal,
    Received,
    Signature,
    Statement,
    Submission,
    ViewChange,
    certified_statement,
    conflict,
    decode_event,
)
from web4lab.simulation.checker import evidence_verifies
from web4lab.simulation.federation import Federation


def convicted(federation: Federation, journals: Iterable[tuple[bytes, ...]]) -> dict[int, Evidence]:
    """Evidence against each platform that the events of these journals contradict, by platform."""
    found: dict[int, Evidence] = {}
    first: dict[tuple[int, int, int, int], tuple[Statement, Signature]] = {}
    for journal in journals:
        for statement, signature in _signed(federation, journal):
            if statement.signer in found:
                continue
            key = (statement.signer, statement.kind, statement.height, statement.view)
            known, known_signature = first.setdefault(key, (statement, signature))
            if conflict(known, statement):
                evidence = Evidence(known, known_signature, statement, signature)
                if evidence_verifies(federation, evidence):
                    found[statement.signer] = evidence
    return {signer: found[signer] for signer in sorted(found)}


def _signed(
    federation: Federation, journal: tuple[bytes, ...]
) -> Iterator[tuple[Statement, Signature]]:
    """Every signed statement in a journal, those inside certificates too."""
    for record in journal:
        event = decode_event(federation.events, record)
        if isinstance(event, Received):
            yield from _said(event.message)


def _said(message: Message) -> Iterator[tuple[Statement, Signature]]:
    certificates: tuple[Certificate | None, ...] = ()
    if isinstance(message, Decided):
        certificates = (message.certificate,)
    elif not isinstance(message, Submission):
        yield message.statement, message.signature
        if isinstance(message, Proposal):
            certificates = (message.justification,)
        elif isinstance(message, ViewChange):
            certificates = (message.prepared,)
    for certificate in certificates:
        if certificate is not None:
            for signer, signature in certificate.signatures:
                yield certified_statement(certificate, signer), signature
