"""Certificates: which ones prove a block prepared or decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import evolve, frozen

from tests.support.federation import platform_key
from tests.vectors.curve import ORDER, little, value
from tests.vectors.fixtures import encoded_genesis, federation, genesis_from, verify
from tests.vectors.form import ACCEPTED, Document, Json, Refused, Vector, accept, check_each, refuse
from web4core.certificates import proves_decided, proves_prepared
from web4core.chain import chain_id
from web4core.messages import CERTIFICATE, Certificate, Kind, certified_statement, signing_bytes
from web4core.quorum import quorum
from web4core.types import Digest, Signature, View

ABOUT = (
    "Whether a certificate, with its signatures, proves that the block of this digest is prepared "
    "below a view (C-CERT-3) or decided (C-CERT-4) at this height, in the federation of N "
    "platforms whose genesis is given under N."
)
SIZES = (1, 2, 3, 4, 5, 7)
HEIGHT, VIEW, BELOW = 3, 2, 5
DIGEST = Digest(bytes(range(32)))
LIMIT = 1 << 20
PAIR = "C-CERT-3 C-CERT-4"


@frozen
class Case:
    """What is asked of a certificate."""

    n: int
    certificate: Certificate
    height: int = HEIGHT
    digest: bytes = DIGEST
    below: int = BELOW

    def given(self) -> dict[str, Json]:
        prepared = self.certificate.kind is Kind.PREPARE
        return {
            "n": self.n,
            "proves": "prepared" if prepared else "decided",
            "height": self.height,
            "digest": self.digest.hex(),
            **({"below": self.below} if prepared else {}),
            "certificate": CERTIFICATE.encode(self.certificate).hex(),
        }


def made(
    n: int, signers: Iterable[int], kind: Kind = Kind.PREPARE, view: int = VIEW
) -> Certificate:
    """A certificate with a good signature by each of these, whoever they are."""
    bare = Certificate(kind, HEIGHT, View(view), DIGEST, ())
    chain = federation(n).chain_id
    pairs = []
    for signer in signers:
        message = signing_bytes(chain, certified_statement(bare, signer))
        pairs.append((signer, platform_key(signer).sign(message)))
    return evolve(bare, signatures=tuple(pairs))


def _counted() -> Iterator[Vector]:
    """The size of a quorum, for each N and both kinds."""
    for n in SIZES:
        q = quorum(n)
        for kind, clause in ((Kind.PREPARE, "C-CERT-3"), (Kind.COMMIT, "C-CERT-4")):
            clauses = f"C-CERT-1 C-CERT-2 C-QUORUM-2 {clause}"
            for signers, who in ((range(q), f"the first {q}"), (range(n - q, n), f"the last {q}")):
                about = f"{kind.name}s of {who} of {n}: exactly a quorum."
                yield accept(
                    f"{kind.name} {who} of {n}",
                    about,
                    clauses,
                    **Case(n, made(n, signers, kind)).given(),
                )
            about = f"{kind.name}s of all {n}."
            yield accept(
                f"{kind.name} all of {n}",
                about,
                clauses,
                **Case(n, made(n, range(n), kind)).given(),
            )
            about = f"{kind.name}s of {q - 1} of {n}: one too few."
            yield refuse(
                f"{kind.name} too few of {n}",
                about,
                f"C-CERT-1 {clause}",
                also="C-QUORUM-2",
                **Case(n, made(n, range(q - 1), kind)).given(),
            )


def _listed() -> Iterator[tuple[str, Certificate]]:
    """Signers that do not count as a quorum, although their signatures verify."""
    good = made(4, range(3)).signatures
    bare = made(4, ())
    yield "one signer twice", evolve(bare, signatures=(good[0], good[0], good[1]))
    yield "one signer three times", evolve(bare, signatures=(good[0],) * 3)
    yield "a quorum and one of them again", evolve(bare, signatures=(*good, good[2]))
    yield "signers in descending order", evolve(bare, signatures=good[::-1])
    yield "two signers exchanged", evolve(bare, signatures=(good[1], good[0], good[2]))
    yield "a signer who is no platform", made(4, (0, 1, 4))
    yield "more signatures than platforms", made(4, (0, 1, 2, 3, 4))
    yield "no signatures", bare


def _about_another_thing() -> Iterator[tuple[str, Case, str]]:
    good = made(4, range(3))
    yield "a certificate of another height", Case(4, good, height=HEIGHT + 1), "C-CERT-3"
    yield "a certificate of another digest", Case(4, good, digest=bytes(32)), "C-CERT-3"
    yield "a certificate of the view itself", Case(4, good, below=VIEW), "C-CERT-3"
    yield "a certificate of a later view", Case(4, good, below=VIEW - 1), "C-CERT-3"
    decided = made(4, range(3), Kind.COMMIT)
    yield "COMMITs of another height", Case(4, decided, height=HEIGHT - 1), "C-CERT-4"
    yield "COMMITs of another digest", Case(4, decided, digest=bytes(32)), "C-CERT-4"


def _forged() -> Iterator[tuple[str, Certificate]]:
    """Certificates of the right shape in which a signature is wrong."""
    good = made(4, range(3))
    signatures = [signature for _, signature in good.signatures]
    first, s = signatures[0], value(signatures[0][32:])
    wrong = {
        "zero": bytes(64),
        "that of another signer": signatures[1],
        "with S plus L": first[:32] + little(s + ORDER),
        "of another view": made(4, (0,), view=VIEW + 1).signatures[0][1],
        "of a COMMIT": made(4, (0,), Kind.COMMIT).signatures[0][1],
        "of another chain": made(5, (0,)).signatures[0][1],
        "with a bit changed": bytes([first[0] ^ 1]) + first[1:],
    }
    for name, signature in wrong.items():
        yield name, evolve(good, signatures=((0, Signature(signature)), *good.signatures[1:]))


def _vectors() -> Iterator[Vector]:
    yield from _counted()
    for name, certificate in _listed():
        about = f"Of 4 platforms, {name}."
        yield refuse(
            name,
            about,
            "C-CERT-1 C-CERT-3 W-MSG-3",
            also="C-CERT-2",
            **Case(4, certificate).given(),
        )
    for name, case, clause in _about_another_thing():
        yield refuse(name, f"{name.capitalize()}.", clause, **case.given())
    view_zero = Case(4, made(4, range(3), view=0), below=1)
    yield accept(
        "a certificate of view 0 below 1", "The lowest view.", "C-CERT-3", **view_zero.given()
    )
    kinds = {"PREPAREs for COMMITs": Kind.PREPARE, "COMMITs for PREPAREs": Kind.COMMIT}
    for name, kind in kinds.items():
        case = Case(4, made(4, range(3), kind))
        proves = "decided" if kind is Kind.PREPARE else "prepared"
        yield refuse(
            name,
            f"{name}: good signatures of the wrong kind.",
            PAIR,
            **{**case.given(), "below": BELOW, "proves": proves},
        )
    for name, certificate in _forged():
        about = f"A quorum of 4, of which the first signature is {name}."
        yield refuse(
            f"signature {name}", about, "W-MSG-2", also="C-STMT-5", **Case(4, certificate).given()
        )


def make() -> Document:
    given = {"genesis": {str(n): encoded_genesis(n) for n in SIZES}}
    return Document("certificates", ABOUT, given, _vectors())


def judge(given: Json, vector: Json) -> Json:
    genesis = genesis_from(given["genesis"][str(vector["n"])])
    keys = [platform.key for platform in genesis.platforms]
    certificate = CERTIFICATE.decode(bytes.fromhex(vector["certificate"]), LIMIT)
    n, height, digest = len(keys), vector["height"], bytes.fromhex(vector["digest"])
    if vector["proves"] == "decided" and not proves_decided(certificate, n, height, Digest(digest)):
        raise Refused("C-CERT-4")
    if vector["proves"] == "prepared" and not proves_prepared(
        certificate, n, height, Digest(digest), vector["below"]
    ):
        raise Refused("C-CERT-3")
    for signer, signature in certificate.signatures:
        message = signing_bytes(chain_id(genesis), certified_statement(certificate, signer))
        if not verify(keys[signer], message, signature):
            raise Refused("W-MSG-2")
    return ACCEPTED


def check(document: Json) -> list[str]:
    return check_each(document, judge)
