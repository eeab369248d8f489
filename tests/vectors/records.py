"""Records: each one read from its bytes, and bytes of a wrong type refused."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from attrs import frozen

from tests.support.federation import ALICE, BOB, START_MS, owner_key, platform_key, sign
from tests.support.forge import certificate, proposal, status, view_change, vote
from tests.vectors.fixtures import block, encoded_genesis, federation, genesis_of, opening, payment
from tests.vectors.form import (
    Document,
    Json,
    Vector,
    accept,
    check_each,
    long,
    raw,
    readable,
    refuse,
    sentence,
)
from tests.vectors.texts import BAD_LINES, BAD_NAMES, GOOD_LINES, GOOD_NAMES
from web4core import codec
from web4core.chain import GENESIS, HEADER, MAX_BLOCK_BYTES, MAX_BLOCK_ITEMS, PLATFORM
from web4core.codec import Plain
from web4core.events import Connected, Elapsed, Resumed, Submitted, Timer, TimerKind
from web4core.ledger.application import ENDOWMENT, GenesisAccount, Ledger
from web4core.ledger.state import (
    ADDRESS,
    ENTRY,
    Account,
    CrossTransfer,
    Phase,
)
from web4core.ledger.transactions import (
    BODY,
    AccountOpen,
    Transfer,
    TransferCommit,
    TransferLock,
    TransferRollback,
)
from web4core.link import HELLO, PROOF, WELCOME, Hello, Proof, Welcome
from web4core.merkle import list_root
from web4core.messages import (
    CERTIFICATE,
    EVIDENCE,
    STATEMENT,
    Decided,
    Evidence,
    Kind,
    Submission,
    message_schemas,
)
from web4core.schema import MAX_UINT, Schema
from web4core.settings import Settings
from web4core.snapshot import event_schema
from web4core.types import Nonce, TransactionId, View

ABOUT = (
    "A record of spec/wire.md and its fields by name. `record` names the type that the bytes are "
    "read as: a record, or `message`, `entry`, `body`, `event` for one of several. Signatures are "
    "not checked here."
)
LIMIT: Final = 1 << 21


@cache
def schemas() -> dict[str, Schema[Any]]:
    """The types by the names that the vectors use, on the chain of the file's genesis."""
    ledger = Ledger.of(genesis_of(4))
    messages = message_schemas(ledger.decode)
    return {
        "platform": PLATFORM,
        "genesis": GENESIS,
        "header": HEADER,
        "block": messages.block,
        "statement": STATEMENT,
        "certificate": CERTIFICATE,
        "message": messages.message,
        "evidence": EVIDENCE,
        "address": ADDRESS,
        "entry": ENTRY,
        "endowment": ENDOWMENT,
        "body": BODY,
        "hello": HELLO,
        "welcome": WELCOME,
        "link proof": PROOF,
        "event": event_schema(ledger),
    }


@frozen
class Sample:
    """A value of some type, with a name."""

    name: str
    type: str
    value: Any

    def plain(self) -> tuple[Any, ...]:
        plain = schemas()[self.type].dump(self.value)
        assert isinstance(plain, tuple)
        return plain


def _of_the_chain() -> Iterator[Sample]:
    fed = federation()
    yield Sample("platform", "platform", fed.genesis.platforms[1])
    yield Sample("genesis", "genesis", fed.genesis)
    yield Sample("header", "header", block().header)
    yield Sample("block of one item", "block", block())
    yield Sample("block of two items", "block", block(5, 6))
    yield Sample("block of no items", "block", fed.nodes[0].state.tip)


def _of_the_messages() -> Iterator[Sample]:
    fed = federation()
    prepared, decided = (certificate(fed, kind, block()) for kind in (Kind.PREPARE, Kind.COMMIT))
    one, other = (vote(fed, Kind.COMMIT, 2, each) for each in (block(), block(7)))
    yield Sample("statement", "statement", one.statement)
    yield Sample("certificate", "certificate", prepared)
    yield Sample("vote", "message", one)
    yield Sample("proposal", "message", proposal(fed, block()))
    yield Sample("proposal with a certificate", "message", proposal(fed, block(), 1, prepared))
    yield Sample("view_change", "message", view_change(fed, 2, 1, 1))
    changed = view_change(fed, 2, 1, 1, prepared, block())
    yield Sample("view_change with a certificate", "message", changed)
    yield Sample("status", "message", status(fed, 3, 1))
    yield Sample("decided", "message", Decided(block(), decided))
    yield Sample("submission", "message", Submission((payment(), opening())))
    yield Sample("submission of nothing", "message", Submission(()))
    yield Sample(
        "evidence",
        "evidence",
        Evidence(one.statement, one.signature, other.statement, other.signature),
    )


def _of_the_ledger() -> Iterator[Sample]:
    fed, key = federation(), owner_key(ALICE).public
    chain, transfer = fed.chain_id, bytes(range(32))
    yield Sample("address", "address", ALICE)
    yield Sample(
        "account",
        "entry",
        Account(address=ALICE, owner=key, available_uatp=5, locked_uatp=6, nonce=Nonce(7)),
    )
    yield Sample(
        "account with the largest amounts",
        "entry",
        Account(
            address=ALICE,
            owner=key,
            available_uatp=MAX_UINT,
            locked_uatp=MAX_UINT,
            nonce=Nonce(MAX_UINT),
        ),
    )
    for phase in Phase:
        yield Sample(
            f"transfer in phase {phase}",
            "entry",
            CrossTransfer(
                id=TransactionId(transfer),
                source=ALICE,
                destination=BOB,
                amount_uatp=5,
                expiry_ms=START_MS,
                phase=phase,
            ),
        )
    yield Sample("endowment", "endowment", GenesisAccount(ALICE, key, 1_000))
    yield Sample("open", "body", AccountOpen(chain, ALICE, key))
    yield Sample(
        "transfer",
        "body",
        Transfer(chain_id=chain, source=ALICE, destination=BOB, amount_uatp=5, nonce=Nonce(0)),
    )
    yield Sample(
        "transfer with the largest amount and nonce",
        "body",
        Transfer(
            chain_id=chain,
            source=ALICE,
            destination=BOB,
            amount_uatp=MAX_UINT,
            nonce=Nonce(MAX_UINT - 1),
        ),
    )
    yield Sample(
        "lock",
        "body",
        TransferLock(
            chain_id=chain,
            source=ALICE,
            destination=BOB,
            amount_uatp=5,
            nonce=Nonce(0),
            expiry_ms=START_MS,
        ),
    )
    yield Sample("commit", "body", TransferCommit(chain, TransactionId(transfer)))
    yield Sample(
        "rollback", "body", TransferRollback(chain, TransactionId(transfer), "no such agent")
    )


def _of_links_and_journals() -> Iterator[Sample]:
    nonce, signature = bytes(range(32)), platform_key(0).sign(b"")
    yield Sample("hello", "hello", Hello(federation().chain_id, 3, nonce))
    yield Sample("welcome", "welcome", Welcome(0, nonce, signature))
    yield Sample("link proof", "link proof", Proof(signature))
    for kind in TimerKind:
        yield Sample(f"elapsed {kind.name}", "event", Elapsed(Timer(kind, 1, View(0)), START_MS))
    yield Sample("submitted", "event", Submitted((payment(),), START_MS))
    yield Sample("connected", "event", Connected(3, START_MS))
    yield Sample("resumed", "event", Resumed(START_MS))
    yield Sample("resumed with settings", "event", Resumed(START_MS, Settings(pool_items=7)))


@cache
def samples() -> dict[str, Sample]:
    """A value of every record, by name."""
    each = (
        *_of_the_chain(),
        *_of_the_messages(),
        *_of_the_ledger(),
        *_of_links_and_journals(),
    )
    return {sample.name: sample for sample in each}


# --- what is refused -----------------------------------------------------------------------------


def _replaced(plain: Any, path: tuple[int, ...], value: Plain) -> Plain:
    """A plain value with the item at this path replaced."""
    if not path:
        return value
    place, *rest = path
    changed = _replaced(plain[place], tuple(rest), value)
    return (*plain[:place], changed, *plain[place + 1 :])


REPLACED: tuple[tuple[str, str, tuple[int, ...], Plain, str], ...] = (
    ("a height of 2^63", "header", (2,), 2**63, "W-TYPE-1"),
    ("a height below zero", "header", (2,), -1, "W-TYPE-1"),
    ("a height that is true", "header", (2,), True, "W-TYPE-1"),
    ("a height that is text", "header", (2,), "1", "W-TYPE-1"),
    ("a height that is null", "header", (2,), None, "W-TYPE-1"),
    ("a time that is a byte string", "header", (4,), bytes(8), "W-TYPE-1"),
    ("a view of 2^64 - 1", "statement", (3,), 2**64 - 1, "W-TYPE-1"),
    ("kind 0", "statement", (1,), 0, "W-TYPE-1"),
    ("kind 6", "statement", (1,), 6, "W-TYPE-1"),
    ("kind false", "statement", (1,), False, "W-TYPE-1"),
    ("kind by name", "statement", (1,), "PREPARE", "W-TYPE-1"),
    ("signer 128", "statement", (5,), 128, "W-TYPE-1"),
    ("signer 128 in a certificate", "certificate", (5, 0, 0), 128, "W-TYPE-1"),
    ("phase 0", "transfer in phase 1", (6,), 0, "W-TYPE-1"),
    ("phase 4", "transfer in phase 1", (6,), 4, "W-TYPE-1"),
    ("an amount of 2^63", "account", (3,), 2**63, "W-TYPE-1"),
    ("an amount below zero", "transfer", (4,), -5, "W-TYPE-1"),
    ("a nonce of 2^63 - 1 in a transaction", "transfer", (5,), 2**63 - 1, "W-TYPE-1 L-TX-2"),
    ("timer 0", "elapsed VIEW", (1, 1), 0, "W-TYPE-1"),
    ("timer 6", "elapsed VIEW", (1, 1), 6, "W-TYPE-1"),
    ("platform 128 that connects", "connected", (1,), 128, "W-TYPE-1"),
    ("a digest of 31 bytes", "header", (3,), bytes(31), "W-TYPE-2"),
    ("a digest of 33 bytes", "header", (3,), bytes(33), "W-TYPE-2"),
    ("a digest of no bytes", "statement", (4,), b"", "W-TYPE-2"),
    ("a digest that is text", "header", (3,), "00" * 16, "W-TYPE-2"),
    ("a digest that is null", "header", (3,), None, "W-TYPE-2"),
    ("a key of 31 bytes", "platform", (2,), bytes(31), "W-TYPE-2"),
    ("a signature of 63 bytes", "vote", (2,), bytes(63), "W-TYPE-2"),
    ("a signature of 65 bytes", "vote", (2,), bytes(65), "W-TYPE-2"),
    ("a signature of 63 bytes in a certificate", "certificate", (5, 0, 1), bytes(63), "W-TYPE-2"),
    ("a nonce of 16 bytes", "hello", (3,), bytes(16), "W-TYPE-2"),
    ("an item of no bytes", "block of one item", (2, 0), b"", "W-TYPE-2"),
    ("an item of 2049 bytes", "block of one item", (2, 0), bytes(2049), "W-TYPE-2 H-BLOCK-3"),
    ("a list that is null", "block of one item", (2,), None, "W-TYPE-4"),
    ("a list that is a byte string", "certificate", (5,), b"", "W-TYPE-4"),
    ("a list that is a map", "submission", (1,), {}, "W-TYPE-4"),
    ("another label", "header", (0,), "heading", "W-TYPE-5"),
    ("a label with a capital", "header", (0,), "Header", "W-TYPE-5"),
    ("a label that is a byte string", "header", (0,), b"header", "W-TYPE-5"),
    ("another label within", "account", (1, 0), "adress", "W-TYPE-5"),
    ("a record that is null", "block of one item", (1,), None, "W-TYPE-5"),
    ("a record that is a number", "account", (), 5, "W-TYPE-5 W-TYPE-6"),
    ("a record that is an empty array", "address", (), (), "W-TYPE-5"),
    ("a record that is a map", "address", (), {"platform": "thor"}, "W-TYPE-5"),
    ("a signer without a signature", "certificate", (5, 0), (0,), "W-TYPE-5"),
    ("a pair of three", "certificate", (5, 0), (0, bytes(64), 0), "W-TYPE-5"),
    ("a pair with a label", "certificate", (5, 0), ("by", 0, bytes(64)), "W-TYPE-5"),
    ("an account that is an endowment", "account", (0,), "endowment", "W-TYPE-6"),
    ("a message of no known label", "vote", (0,), "hint", "W-TYPE-6 W-MSG-8"),
    ("a message that is evidence", "vote", (0,), "evidence", "W-TYPE-6 W-MSG-8"),
    ("a body of no known label", "transfer", (0,), "mint", "W-TYPE-6"),
    ("a message whose label is an integer", "vote", (0,), 1, "W-TYPE-6 W-MSG-8"),
    ("a message that is an empty array", "vote", (), (), "W-TYPE-6 W-MSG-8"),
)
"""What it is, the sample that is changed, where and to what, and the clauses that refuse it."""


def _resized() -> Iterator[tuple[str, str, Plain, str]]:
    """Records with a field too many or too few, and lists with an item too many."""
    for name in ("header", "statement", "vote", "account", "lock", "hello", "resumed"):
        sample = samples()[name]
        plain = sample.plain()
        yield f"{name} without its last field", sample.type, plain[:-1], "W-TYPE-5"
        yield f"{name} with a field too many", sample.type, (*plain, None), "W-TYPE-5"
    genesis, platform = samples()["genesis"].plain(), samples()["platform"].plain()
    many = (platform,) * 129
    yield "129 platforms", "genesis", _replaced(genesis, (3,), many), "W-TYPE-4 H-GENESIS-1"
    signed = samples()["certificate"].plain()
    pairs = tuple((number % 128, bytes(64)) for number in range(129))
    yield "129 signatures", "certificate", _replaced(signed, (5,), pairs), "W-TYPE-4 C-CERT-1"


def _named(kind: str, text: Plain) -> tuple[str, Plain]:
    """A name or a line in a record that has one: its type and its plain value."""
    if kind == "name":
        return "address", ("address", "thor", text)
    return "body", _replaced(samples()["rollback"].plain(), (3,), text)


def _texts() -> Iterator[Vector]:
    for number, text in enumerate(GOOD_NAMES):
        yield _accepted(f"name {number}", f"The name {text!r}.", *_named("name", text), "W-TYPE-3")
    for what, text in GOOD_LINES.items():
        yield _accepted(
            f"line with {what}", f"A line with {what}.", *_named("line", text), "W-TYPE-3"
        )
    for what, text in BAD_NAMES.items():
        yield _refused(
            f"name with {what}", f"A name with {what}.", *_named("name", text), "W-TYPE-3"
        )
    for what, text in BAD_LINES.items():
        yield _refused(
            f"line with {what}", f"A line with {what}.", *_named("line", text), "W-TYPE-3 L-TX-5"
        )
    for kind in ("name", "line"):
        yield _refused(
            f"{kind} that is a byte string",
            f"A {kind} that is a byte string.",
            *_named(kind, b"thor"),
            "W-TYPE-3",
        )


def _accepted(name: str, about: str, kind: str, plain: Plain, clauses: str) -> Vector:
    schema = schemas()[kind]
    result = {"fields": readable(schema.load(plain))}
    return accept(name, about, clauses, result, record=kind, bytes=codec.encode(plain).hex())


def _refused(name: str, about: str, kind: str, plain: Plain, clauses: str) -> Vector:
    return refuse(name, about, clauses, record=kind, bytes=codec.encode(plain).hex())


def _too_long() -> Iterator[Vector]:
    """Blocks of more than is allowed, written short; their items are no transactions either."""
    header = codec.encode(samples()["header"].plain())
    start = b"\x83" + codec.encode("block") + header
    about = "A block of 4097 items of one byte each."
    yield refuse(
        "4097 items",
        about,
        "W-TYPE-4 H-BLOCK-3",
        record="block",
        bytes=long(start + b"\x99\x10\x01", b"\x41\x00", 4097),
    )
    about = "A block of 513 items of 2048 bytes each: 1,050,624 bytes."
    yield refuse(
        "items of over 1048576 bytes",
        about,
        "H-BLOCK-3 H-BLOCK-2 W-CBOR-3 W-TYPE-5",
        record="block",
        bytes=long(start + b"\x99\x02\x01", b"\x59\x08\x00" + bytes(2048), 513),
    )


def _a_byte_too_many() -> Vector:
    """A block that would be good if its last item were as long as the others."""
    item, last = _rollback_of("x" * 68), _rollback_of("x" * 69)
    times = MAX_BLOCK_ITEMS - 1
    assert times * len(item) + len(last) == MAX_BLOCK_BYTES + 1
    root = list_root([*[item] * times, last])
    header = codec.encode(_replaced(samples()["header"].plain(), (5,), root))
    start = b"\x83" + codec.encode("block") + header + b"\x99\x10\x00"
    return refuse(
        "a byte over 1048576 in all items",
        "A block of 4096 transactions of 1,048,577 bytes, with their payload root.",
        "H-BLOCK-3",
        record="block",
        bytes=long(start, codec.encode(item), times, codec.encode(last)),
    )


def _rollback_of(reason: str) -> bytes:
    body = TransferRollback(federation().chain_id, TransactionId(bytes(32)), reason)
    return sign(body, platform_key(1)).encoded


def _vectors() -> Iterator[Vector]:
    for sample in samples().values():
        about = f"A good one: {sample.name}."
        yield _accepted(sample.name, about, sample.type, sample.plain(), "W-TYPE-5")
    for name, base, path, value, clauses in REPLACED:
        sample = samples()[base]
        plain = _replaced(sample.plain(), path, value)
        yield _refused(name, sentence(name), sample.type, plain, clauses)
    for name, kind, plain, clauses in _resized():
        yield _refused(name, sentence(name), kind, plain, clauses)
    yield from _texts()
    yield from _too_long()
    yield _a_byte_too_many()
    wrong = _replaced(samples()["block of one item"].plain(), (1, 5), bytes(32))
    yield _refused(
        "another payload root",
        "A block whose header names another payload root.",
        "block",
        wrong,
        "H-BLOCK-2",
    )


def make() -> Document:
    return Document("records", ABOUT, {"genesis": encoded_genesis()}, _vectors())


def judge(given: Json, vector: Json) -> Json:
    if given["genesis"] != encoded_genesis():
        raise ValueError("the schemas are those of another chain")
    schema = schemas()[vector["record"]]
    data = raw(vector["bytes"])
    value = schema.decode(data, LIMIT)
    if schema.encode(value) != data:
        raise ValueError("the record does not give back its bytes")
    return {"fields": readable(value)}


def check(document: Json) -> list[str]:
    return check_each(document, judge)
