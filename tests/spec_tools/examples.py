"""Worked examples for `spec/wire.md`: real values, made by the code from fixed keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from web4core.application import Applied
from web4core.chain import (
    GENESIS,
    HEADER,
    Block,
    Genesis,
    Header,
    Platform,
    genesis_block,
    payload_root,
    seal,
)
from web4core.ed25519 import verify
from web4core.gate import Gate
from web4core.ledger.application import GenesisAccount, Ledger, genesis_content
from web4core.ledger.state import Account, Address, account_path, encode_entry
from web4core.ledger.transactions import (
    BODY,
    Transaction,
    Transfer,
    assemble,
    transaction_id,
    transaction_signing_bytes,
)
from web4core.messages import (
    Certificate,
    Decided,
    Draft,
    Kind,
    ProposalDraft,
    SignedMessage,
    Statement,
    ViewChangeDraft,
    Vote,
    VoteDraft,
    prepared_reference,
    signing_bytes,
    with_signature,
)
from web4core.quorum import quorum
from web4core.types import Nonce, PublicKey, Signature, TimeMs, View

NAMES = ("thor", "sprout", "legion", "platform2")
TIME_MS = TimeMs(1_700_000_000_000)
ALICE, BOB = Address(platform="thor", agent="alice"), Address(platform="thor", agent="bob")
ALICES_KEY = Ed25519PrivateKey.from_private_bytes(bytes([161]) * 32)
HEX_WIDTH = 96


def _key(index: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([index + 1]) * 32)


def _public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def _genesis() -> Genesis:
    owner = _public(ALICES_KEY)
    content = genesis_content(
        [
            GenesisAccount(ALICE, PublicKey(owner), 1_000_000_000),
            GenesisAccount(BOB, PublicKey(owner), 0),
        ]
    )
    platforms = tuple(
        Platform(name, PublicKey(_public(_key(index)))) for index, name in enumerate(NAMES)
    )
    return Genesis("example", TIME_MS, platforms, content)


class Example:
    """A federation of four that decides one block, with one transfer in it, in view 0."""

    def __init__(self) -> None:
        self.genesis = _genesis()
        self.ledger = Ledger.of(self.genesis)
        self.gate = Gate.of(self.genesis, self.ledger)
        state = self.ledger.initial(self.genesis.content)
        self.first = genesis_block(self.genesis, self.ledger.root(state))
        self.body = Transfer(
            chain_id=self.gate.chain_id,
            source=ALICE,
            destination=BOB,
            amount_uatp=250_000_000,
            nonce=Nonce(0),
        )
        self.transaction = _alice_signs(self.body)
        applied = self.ledger.apply(state, (self.transaction,), TimeMs(TIME_MS + 1))
        if not isinstance(applied, Applied):
            raise ValueError(f"the transfer of the example does not apply: {applied.code}")
        self.applied = applied
        root = payload_root([self.transaction])
        header = Header(
            self.gate.chain_id, 1, self.first.digest, TimeMs(TIME_MS + 1), root, applied.root
        )
        self.block: Block = seal(header, [self.transaction])

    def signed(self, draft: Draft) -> Any:
        """The signed message, which must pass the gate by the verdict of the core itself."""
        message_bytes = signing_bytes(self.gate.chain_id, draft.statement)
        message = with_signature(draft, Signature(_key(draft.statement.signer).sign(message_bytes)))
        self.gate.open(self.gate.encode(message), verify)
        return message

    def vote(self, kind: Kind, signer: int) -> Vote:
        """A platform's vote on the block in view 0."""
        vote: Vote = self.signed(VoteDraft(Statement(kind, 1, View(0), self.block.digest, signer)))
        return vote

    def certificate(self, kind: Kind) -> Certificate:
        """The votes of the first q platforms on the block in view 0."""
        votes = [self.vote(kind, signer) for signer in range(quorum(len(NAMES)))]
        pairs = tuple((vote.statement.signer, vote.signature) for vote in votes)
        return Certificate(kind, 1, View(0), self.block.digest, pairs)


def _alice_signs(body: Transfer) -> Transaction:
    keys = (PublicKey(_public(ALICES_KEY)),)
    identity = transaction_id(BODY.encode(body), keys)
    signature = Signature(ALICES_KEY.sign(transaction_signing_bytes(identity)))
    return assemble(body, keys, (signature,))


def _of_the_genesis(example: Example) -> Iterator[tuple[str, bytes]]:
    yield "Genesis, encoded", GENESIS.encode(example.genesis)
    yield "Chain id (H-GENESIS-2)", example.gate.chain_id
    yield "State root of block 0", example.first.header.state_root
    yield "Header of block 0, encoded", HEADER.encode(example.first.header)
    yield "Digest of block 0 (H-BLOCK-1)", example.first.digest


def _of_the_transaction(example: Example) -> Iterator[tuple[str, bytes]]:
    transaction = example.transaction
    yield "Body, encoded", BODY.encode(example.body)
    yield "Id (L-TX-4)", transaction.id
    yield "Signed bytes (L-TX-4)", transaction_signing_bytes(transaction.id)
    yield "Signature", transaction.signatures[0]
    yield "Transaction, encoded (L-TX-6)", transaction.encoded


def _of_the_state(example: Example) -> Iterator[tuple[str, bytes]]:
    for address in (ALICE, BOB):
        path = account_path(address)
        account = example.applied.state.entries.get(path)
        if not isinstance(account, Account):
            raise TypeError(f"{address} is not open")
        yield f"{address}: path (L-STATE-3)", path
        yield f"{address}: account, encoded", encode_entry(account)
    yield "State root (W-MAP-4)", example.applied.root


def _of_the_block(example: Example) -> Iterator[tuple[str, bytes]]:
    yield "Payload root (H-BLOCK-2)", example.block.header.payload_root
    yield "Header of block 1, encoded", HEADER.encode(example.block.header)
    yield "Digest of block 1 (H-BLOCK-1)", example.block.digest


def _of_the_messages(example: Example) -> Iterator[tuple[str, bytes]]:
    gate, block = example.gate, example.block
    vote = example.vote(Kind.PREPARE, 2)
    yield "PREPARE of platform 2, signed bytes (C-STMT-2)", _signed_bytes(example, vote)
    yield "PREPARE of platform 2, signature", vote.signature
    yield "PREPARE of platform 2, the vote encoded", gate.encode(vote)
    prepared = example.certificate(Kind.PREPARE)
    reference = prepared_reference(prepared)
    yield "Digest of a VIEW-CHANGE with the prepared certificate of view 0 (C-STMT-3)", reference
    statement = Statement(Kind.VIEW_CHANGE, 1, View(1), reference, 2)
    change = example.signed(ViewChangeDraft(statement, prepared, block))
    yield "VIEW-CHANGE of platform 2 into view 1, signed bytes", _signed_bytes(example, change)
    yield "VIEW-CHANGE of platform 2 into view 1, encoded", gate.encode(change)
    statement = Statement(Kind.PRE_PREPARE, 1, View(1), block.digest, 2)
    again = example.signed(ProposalDraft(statement, block, prepared))
    yield "PRE-PREPARE of platform 2, which proposes the block again in view 1", gate.encode(again)


def _signed_bytes(example: Example, message: SignedMessage) -> bytes:
    return signing_bytes(example.gate.chain_id, message.statement)


def _of_the_decision(example: Example) -> Iterator[tuple[str, bytes]]:
    decided = Decided(example.block, example.certificate(Kind.COMMIT))
    encoded = example.gate.encode(decided)
    example.gate.open(encoded, verify)
    yield "Block 1 with the COMMITs of platforms 0, 1 and 2, encoded", encoded


_SECTIONS: dict[str, Callable[[Example], Iterator[tuple[str, bytes]]]] = {
    "A genesis of four platforms": _of_the_genesis,
    "A transfer of 250 ATP from alice@thor to bob@thor": _of_the_transaction,
    "The state after it": _of_the_state,
    "A block with it": _of_the_block,
    "Messages about this block": _of_the_messages,
    "The block, decided": _of_the_decision,
}


def examples() -> str:
    """All examples, as Markdown."""
    example = Example()
    lines: list[str] = []
    for title, section in _SECTIONS.items():
        lines += [f"### {title}", ""]
        for what, value in section(example):
            lines += [f"{what}, {len(value)} bytes:", "", "```", *_wrapped(value.hex()), "```", ""]
    return "\n".join(lines).rstrip()


def _wrapped(text: str) -> list[str]:
    return [text[start : start + HEX_WIDTH] for start in range(0, len(text), HEX_WIDTH)]
