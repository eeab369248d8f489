"""web4core: a federation's consensus and ledger as one pure function.

    start(genesis, platform, settings, application) -> Transition(state, effects)
    step(state, event)                              -> Transition(state, effects)

The same state and event give the same transition on every machine.
Nothing here does I/O, reads a clock, or holds a key: bytes come in through a `Gate`, time comes in
with events, and what is to be done leaves as effects.
This module is the public API; `spec/api.md` is its contract.
"""

from web4core.application import Application, Applied, Chosen, Pooled, Refusal
from web4core.chain import Block, Genesis, Header, Platform, chain_id, genesis_block
from web4core.claims import Claim, Verify
from web4core.effects import (
    Accuse,
    Decide,
    Effect,
    Fetch,
    Halt,
    Refuse,
    Send,
    SetTimer,
    Sign,
)
from web4core.errors import LocalProtocolError, RemoteProtocolError
from web4core.events import (
    Connected,
    Elapsed,
    Event,
    Received,
    Resumed,
    Submitted,
    Timer,
    TimerKind,
)
from web4core.gate import Gate, Parsed
from web4core.ledger.application import Endowment, Ledger, genesis_content
from web4core.ledger.state import Account, Address, CrossTransfer, Phase
from web4core.ledger.transactions import (
    AccountOpen,
    Transaction,
    Transfer,
    TransferCommit,
    TransferLock,
    TransferRollback,
    assemble,
    draft,
)
from web4core.messages import (
    Certificate,
    Decided,
    Draft,
    Evidence,
    Kind,
    Message,
    Proposal,
    Statement,
    Status,
    Submission,
    ViewChange,
    Vote,
    signing_bytes,
    with_signature,
)
from web4core.replica import Config, State, Transition, configure, may_drop, start, step
from web4core.settings import Settings
from web4core.snapshot import decode_event, decode_state, encode_state, event_schema, state_digest

__all__ = [
    "Account",
    "AccountOpen",
    "Accuse",
    "Address",
    "Application",
    "Applied",
    "Block",
    "Certificate",
    "Chosen",
    "Claim",
    "Config",
    "Connected",
    "CrossTransfer",
    "Decide",
    "Decided",
    "Draft",
    "Effect",
    "Elapsed",
    "Endowment",
    "Event",
    "Evidence",
    "Fetch",
    "Gate",
    "Genesis",
    "Halt",
    "Header",
    "Kind",
    "Ledger",
    "LocalProtocolError",
    "Message",
    "Parsed",
    "Phase",
    "Platform",
    "Pooled",
    "Proposal",
    "Received",
    "Refusal",
    "Refuse",
    "RemoteProtocolError",
    "Resumed",
    "Send",
    "SetTimer",
    "Settings",
    "Sign",
    "State",
    "Statement",
    "Status",
    "Submission",
    "Submitted",
    "Timer",
    "TimerKind",
    "Transaction",
    "Transfer",
    "TransferCommit",
    "TransferLock",
    "TransferRollback",
    "Transition",
    "Verify",
    "ViewChange",
    "Vote",
    "assemble",
    "chain_id",
    "configure",
    "decode_event",
    "decode_state",
    "draft",
    "encode_state",
    "event_schema",
    "genesis_block",
    "genesis_content",
    "may_drop",
    "signing_bytes",
    "start",
    "state_digest",
    "step",
    "with_signature",
]
