"""What a Byzantine platform can make with its own key, and what tests need to play its part.

Every function signs with real keys; what it signs is up to the caller.
"""

from __future__ import annotations

from collections.abc import Iterable

from tests.support.federation import ALICE, Federation, owner_key, platform_key, sign, verify
from web4core.application import Applied
from web4core.chain import Block, Header, payload_root, seal
from web4core.events import Received
from web4core.ledger.state import Address
from web4core.ledger.transactions import AccountOpen, Transaction, Transfer
from web4core.messages import (
    Certificate,
    Kind,
    Message,
    Proposal,
    ProposalDraft,
    Statement,
    Status,
    StatusDraft,
    ViewChange,
    ViewChangeDraft,
    Vote,
    VoteDraft,
    prepared_reference,
)
from web4core.quorum import proposer, quorum
from web4core.replica import State
from web4core.types import Digest, Nonce, StateRoot, TimeMs, View


def opening(fed: Federation, agent: str) -> Transaction:
    """A valid opening of agent@thor."""
    address = Address(platform="thor", agent=agent)
    body = AccountOpen(fed.chain_id, address, owner_key(address).public)
    return sign(body, platform_key(0), owner_key(address))


def paying(fed: Federation, payee: Address, amount_uatp: int, nonce: int) -> Transaction:
    """A transfer of Alice's."""
    return sign(
        Transfer(
            chain_id=fed.chain_id,
            source=ALICE,
            destination=payee,
            amount_uatp=amount_uatp,
            nonce=Nonce(nonce),
        ),
        owner_key(ALICE),
    )


def commit_one(fed: Federation, agent: str) -> None:
    """Have one more block decided by all that are up."""
    height = max(node.state.height for node in fed.nodes.values())
    up = next(index for index in fed.honest if fed.nodes[index].up)
    fed.submit(up, opening(fed, agent))
    fed.run(fed.at_height(height + 1))


def block_after(
    state: State, payload: Iterable[Transaction], time_ms: int, root: bytes | None = None
) -> Block:
    """A block on top of this state's tip; the true root after it, unless another is given.

    A payload that does not apply gets the root before it.
    """
    items = tuple(payload)
    application = state.config.application
    if root is None:
        applied = application.apply(state.app, items, TimeMs(time_ms))
        root = applied.root if isinstance(applied, Applied) else application.root(state.app)
    header = Header(
        state.config.chain_id,
        state.height,
        state.tip.digest,
        TimeMs(time_ms),
        payload_root(items),
        StateRoot(root),
    )
    return seal(header, items)


def proposal(
    fed: Federation, block: Block, view: int = 0, justification: Certificate | None = None
) -> Proposal:
    """The proposal of this block by the platform whose turn it is."""
    height = block.header.height
    turn = proposer(height, view, fed.n)
    statement = Statement(Kind.PRE_PREPARE, height, View(view), block.digest, turn)
    return fed.sign_as(turn, ProposalDraft(statement, block, justification))


def vote(fed: Federation, kind: Kind, signer: int, block: Block, view: int = 0) -> Vote:
    """A platform's PREPARE or COMMIT for this block."""
    statement = Statement(kind, block.header.height, View(view), block.digest, signer)
    return fed.sign_as(signer, VoteDraft(statement))


def certificate(
    fed: Federation, kind: Kind, block: Block, view: int = 0, signers: Iterable[int] | None = None
) -> Certificate:
    """Votes of these platforms, by default the first q, as a certificate."""
    chosen = range(quorum(fed.n)) if signers is None else signers
    pairs = tuple((each, vote(fed, kind, each, block, view).signature) for each in chosen)
    return Certificate(kind, block.header.height, View(view), block.digest, pairs)


def view_change(
    fed: Federation,
    signer: int,
    height: int,
    view: int,
    prepared: Certificate | None = None,
    block: Block | None = None,
) -> ViewChange:
    """A platform's VIEW-CHANGE."""
    statement = Statement(
        Kind.VIEW_CHANGE, height, View(view), prepared_reference(prepared), signer
    )
    return fed.sign_as(signer, ViewChangeDraft(statement, prepared, block))


def status(fed: Federation, signer: int, height: int, view: int = 0) -> Status:
    """A platform's word on where it is."""
    statement = Statement(Kind.STATUS, height, View(view), Digest(bytes(32)), signer)
    return fed.sign_as(signer, StatusDraft(statement))


def tell(fed: Federation, target: int, *messages: Message) -> None:
    """Deliver messages to one platform, through the gate."""
    for message in messages:
        opened = fed.gate.open(fed.gate.encode(message), verify)
        fed.feed(target, Received(opened, fed.now_ms))


def statements(fed: Federation, signer: int, kind: Kind) -> list[Statement]:
    """What an honest platform has signed of a kind, in order."""
    return [each for each in fed.signed if each.signer == signer and each.kind is kind]
