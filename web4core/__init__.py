"""web4core: a federation's consensus and ledger as one pure function.

    start(genesis, platform, settings, application) -> Transition(state, effects)
    step(state, event)                              -> Transition(state, effects)

The same state and event give the same transition on every machine.
Nothing here does I/O, reads a clock, or holds a key: bytes come in through a `Gate`, time comes in
with events, and what is to be done leaves as effects.
This module is the public API; `spec/api.md` is its contract.
"""

# --- names for bytes and integers -------------------------------------------------------------
from web4core.types import (
    ChainId,
    Digest,
    Nonce,
    PublicKey,
    Signature,
    StateRoot,
    TimeMs,
    TransactionId,
    View,
)

# --- the two calls, and what surrounds them ---------------------------------------------------
from web4core.errors import LocalProtocolError, RemoteProtocolError
from web4core.replica.blocks import next_block
from web4core.replica.catchup import FETCH_BLOCKS
from web4core.replica.pacemaker import has_work
from web4core.replica.state import Config, State, Sync, Transition, Verdict
from web4core.replica.step import configure, may_drop, start, step
from web4core.settings import Settings

# --- events -----------------------------------------------------------------------------------
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

# --- effects ----------------------------------------------------------------------------------
from web4core.effects import Accuse, Decide, Effect, Fetch, Halt, Refuse, Send, SetTimer, Sign

# --- bytes from outside -----------------------------------------------------------------------
from web4core.ed25519 import key_is_acceptable, signature_is_acceptable, verify
from web4core.gate import Gate, Parsed
from web4core.signature_check import SignatureCheck, Verify

# --- chain and blocks -------------------------------------------------------------------------
from web4core.chain import (
    GENESIS,
    KEY_BYTES,
    MAX_GENESIS_BYTES,
    MAX_ITEM_BYTES,
    SIGNATURE_BYTES,
    Block,
    Genesis,
    Header,
    Item,
    Platform,
    block_schema,
    chain_id,
    check_genesis,
    genesis_block,
    payload_root,
    seal,
)

# --- messages ---------------------------------------------------------------------------------
from web4core.messages import (
    BINDING,
    CERTIFICATE,
    EVIDENCE,
    MAX_MESSAGE_BYTES,
    MAX_SUBMISSION,
    Certificate,
    Decided,
    Draft,
    Evidence,
    Kind,
    Message,
    MessageSchemas,
    Proposal,
    ProposalDraft,
    Signed,
    Statement,
    Status,
    StatusDraft,
    Submission,
    ViewChange,
    ViewChangeDraft,
    Vote,
    VoteDraft,
    certified_statement,
    conflict,
    decided_bytes,
    message_schemas,
    prepared_reference,
    signing_bytes,
    with_signature,
)

# --- agreement on one height ------------------------------------------------------------------
from web4core.consensus.rules import standing
from web4core.consensus.state import (
    Agreement,
    Lock,
    OwnStatements,
    SlotMessage,
    Slots,
    proposal_in_view,
)
from web4core.quorum import faulty, proposer, quorum as quorum_size

# --- durability -------------------------------------------------------------------------------
from web4core.snapshot import (
    decode_event,
    decode_state,
    encode_event,
    encode_state,
    event_schema,
    received_bytes,
    state_digest,
)

# --- applications -----------------------------------------------------------------------------
from web4core.application import (
    AnyApplication,
    Application,
    Applied,
    Chosen,
    Pooled,
    Refusal,
)

# --- the ledger -------------------------------------------------------------------------------
from web4core.ledger.application import CONTENT, GenesisAccount, Ledger, genesis_content
from web4core.ledger.pool import POOL_EXPLAINED, PoolCode
from web4core.ledger.rules import EXPLAINED, Code
from web4core.ledger.state import (
    MAX_SUPPLY_UATP,
    MICRO,
    Account,
    Address,
    CrossTransfer,
    Entry,
    LedgerState,
    Phase,
    account_path,
    encode_entry,
    path_of,
    transfer_path,
)
from web4core.ledger.transactions import (
    MAX_REASON_CHARACTERS,
    AccountOpen,
    Body,
    Transaction,
    Transfer,
    TransferCommit,
    TransferLock,
    TransferRollback,
    assemble,
    draft,
)

# --- light clients ----------------------------------------------------------------------------
from web4core.ledger.light import (
    ENTRY_PROOF,
    INCLUSION_PROOF,
    EntryProof,
    InclusionProof,
    SignedHeader,
    TrustAnchor,
    check_entry,
    check_inclusion,
    check_signed_header,
    encode_trust_anchor,
)

# --- links between platforms ------------------------------------------------------------------
from web4core.link import (
    HELLO,
    MAX_HANDSHAKE_BYTES,
    MAX_PACKET_BYTES,
    NONCE_BYTES,
    PROOF,
    WELCOME,
    Frame,
    Hello,
    Proof,
    Request,
    Welcome,
    check_hello,
    check_welcome,
    dials,
    frame,
    link_signing_bytes,
    open_packet,
    packet,
    parse_proof,
    proof_claim,
    welcome_claim,
)

# --- what must always hold --------------------------------------------------------------------
from web4core.invariants import (
    LEDGER_INVARIANTS,
    Decision,
    Violation,
    chain_is_linked,
    check_decisions,
    check_state,
    check_statements,
    check_step,
)

# --- encoding, hashing, trees -----------------------------------------------------------------
from web4core.codec import Plain, decode as decode_plain, encode as encode_plain
from web4core.hashing import DIGEST_BYTES, Tag, domain
from web4core.merkle import Map, MapProof, MapStep, list_proof, prove
from web4core.schema import CONTROL, MAX_UINT, NAME, Schema, uint

__all__ = [
    "BINDING",
    "CERTIFICATE",
    "CONTENT",
    "CONTROL",
    "DIGEST_BYTES",
    "ENTRY_PROOF",
    "EVIDENCE",
    "EXPLAINED",
    "FETCH_BLOCKS",
    "GENESIS",
    "HELLO",
    "INCLUSION_PROOF",
    "KEY_BYTES",
    "LEDGER_INVARIANTS",
    "MAX_GENESIS_BYTES",
    "MAX_HANDSHAKE_BYTES",
    "MAX_ITEM_BYTES",
    "MAX_MESSAGE_BYTES",
    "MAX_PACKET_BYTES",
    "MAX_REASON_CHARACTERS",
    "MAX_SUBMISSION",
    "MAX_SUPPLY_UATP",
    "MAX_UINT",
    "MICRO",
    "NAME",
    "NONCE_BYTES",
    "POOL_EXPLAINED",
    "PROOF",
    "SIGNATURE_BYTES",
    "WELCOME",
    "Account",
    "AccountOpen",
    "Accuse",
    "Address",
    "Agreement",
    "AnyApplication",
    "Application",
    "Applied",
    "Block",
    "Body",
    "Certificate",
    "ChainId",
    "Chosen",
    "Code",
    "Config",
    "Connected",
    "CrossTransfer",
    "Decide",
    "Decided",
    "Decision",
    "Digest",
    "Draft",
    "Effect",
    "Elapsed",
    "Entry",
    "EntryProof",
    "Event",
    "Evidence",
    "Fetch",
    "Frame",
    "Gate",
    "Genesis",
    "GenesisAccount",
    "Halt",
    "Header",
    "Hello",
    "InclusionProof",
    "Item",
    "Kind",
    "Ledger",
    "LedgerState",
    "LocalProtocolError",
    "Lock",
    "Map",
    "MapProof",
    "MapStep",
    "Message",
    "MessageSchemas",
    "Nonce",
    "OwnStatements",
    "Parsed",
    "Phase",
    "Plain",
    "Platform",
    "PoolCode",
    "Pooled",
    "Proof",
    "Proposal",
    "ProposalDraft",
    "PublicKey",
    "Received",
    "Refusal",
    "Refuse",
    "RemoteProtocolError",
    "Request",
    "Resumed",
    "Schema",
    "Send",
    "SetTimer",
    "Settings",
    "Sign",
    "Signature",
    "SignatureCheck",
    "Signed",
    "SignedHeader",
    "SlotMessage",
    "Slots",
    "State",
    "StateRoot",
    "Statement",
    "Status",
    "StatusDraft",
    "Submission",
    "Submitted",
    "Sync",
    "Tag",
    "TimeMs",
    "Timer",
    "TimerKind",
    "Transaction",
    "TransactionId",
    "Transfer",
    "TransferCommit",
    "TransferLock",
    "TransferRollback",
    "Transition",
    "TrustAnchor",
    "Verdict",
    "Verify",
    "View",
    "ViewChange",
    "ViewChangeDraft",
    "Violation",
    "Vote",
    "VoteDraft",
    "Welcome",
    "account_path",
    "assemble",
    "block_schema",
    "certified_statement",
    "chain_id",
    "chain_is_linked",
    "check_decisions",
    "check_entry",
    "check_genesis",
    "check_hello",
    "check_inclusion",
    "check_signed_header",
    "check_state",
    "check_statements",
    "check_step",
    "check_welcome",
    "configure",
    "conflict",
    "decided_bytes",
    "decode_event",
    "decode_plain",
    "decode_state",
    "dials",
    "domain",
    "draft",
    "encode_entry",
    "encode_event",
    "encode_plain",
    "encode_state",
    "encode_trust_anchor",
    "event_schema",
    "faulty",
    "frame",
    "genesis_block",
    "genesis_content",
    "has_work",
    "key_is_acceptable",
    "link_signing_bytes",
    "list_proof",
    "may_drop",
    "message_schemas",
    "next_block",
    "open_packet",
    "packet",
    "parse_proof",
    "path_of",
    "payload_root",
    "prepared_reference",
    "proof_claim",
    "proposal_in_view",
    "proposer",
    "prove",
    "quorum_size",
    "received_bytes",
    "seal",
    "signature_is_acceptable",
    "signing_bytes",
    "standing",
    "start",
    "state_digest",
    "step",
    "transfer_path",
    "uint",
    "verify",
    "welcome_claim",
    "with_signature",
]
