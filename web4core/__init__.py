"""The pure core of web4: consensus and ledger of a federation, as one function.

    start(genesis, platform, settings, application) -> Transition(state, effects)
    step(state, event)                              -> Transition(state, effects)

The same state and event give the same transition on every machine.
The core does no I/O, reads no clock, holds no key, and starts no thread.
This module is its whole public interface; `spec/api.md` is the contract.

The platform
------------
A federation is a list of platforms, fixed by a `Genesis`; the place of a platform in it is its
index.
All of them agree on one chain of blocks.
Of n platforms, f = (n - 1) // 3 may do anything whatsoever; the others agree all the same.
A `State` is all that one platform knows: its tip (the last block decided), the application's state
after that block, the pool of what waits, and an `Agreement` on the next height.
States are frozen values; `step` returns another one.

Events and effects
------------------
Five things can happen to a platform: a message has come (`Received`), a timer has run out
(`Elapsed`), clients have handed in transactions (`Submitted`), a link has come up
(`Connected`), the process has started (`Resumed`).
Each event carries the embedder's reading of the clock.
`step` handles an event in three stages:

1. It records the event: a message goes into the slot of its signer and kind, a transaction into the
   pool. There is one slot for each signer and kind, so no flood makes a state grow.
2. It applies the rules, always in the same order: join a view, propose, prepare, lock and commit,
   decide. A rule looks at the state, and does nothing or takes one step. If a block was
   decided, the rules are applied again, to the next height.
3. It derives from the state which timers should run, and asks for those that do not run yet.

What is to be done comes out as effects, in order: sign a draft, send a message, set a timer, fetch
blocks, keep a decided block, tell a client of a refusal, keep evidence, halt.

Views and locks
---------------
At each height there are views, numbered from 0, and each view has one proposer, in turn.
The proposer signs a PRE-PREPARE for a block.
A platform that finds the block valid signs a PREPARE for it, once in a view.
A quorum is so large that any two quorums share an honest platform.
A quorum of PREPAREs is a prepared certificate: whoever sees one locks on the block and signs a
COMMIT.
A quorum of COMMITs decides the block.

If nothing is decided in time, a platform moves to the next view and says so in a VIEW-CHANGE, which
carries its lock: the certificate and the block.
It also moves when f + 1 platforms are ahead, since one of these is honest.
The new proposer gathers a quorum of VIEW-CHANGEs, and must propose again the block of the highest
certificate among them.
A locked platform votes for another block only if it is shown a certificate of a view at or above
its own lock's.
So a block that some platform has decided stays the only one that can gather a quorum, in every
later view.
This is why no two honest platforms decide differently, however messages are lost, doubled, late or
forged.
That something is decided at all needs time-outs that double until they exceed the delay of the
network.

Deciding
--------
A decided block becomes the tip, the application's state moves on, and the agreement on the next
height begins with the messages that came early.
The block and its commit certificate prove the decision to anybody who has the platforms' keys.
So a platform that is behind fetches blocks from any other and needs to trust none; and a light
client needs one header, one certificate and one Merkle proof (`check_entry`, `check_inclusion`).

The ledger
----------
Consensus orders the items of an `Application`, and knows nothing else of them.
The one that is shipped is the `Ledger`: accounts of ATP, in one authenticated map whose root stands
in every header.
A rule is a function of plain values: it returns the code of the first check that fails, or the
entries that change, whole.
A transfer across platforms takes two transactions: the first locks the amount, the second commits
it or rolls it back; after its expiry only the rollback is left.
The sum of all balances never changes.

The gate
--------
Bytes from outside come in through a `Gate`, and by no other way.
It decodes strictly, checks all that can be checked without a state, and collects every signature
inside as a `SignatureCheck`; the embedder carries out the checks, in threads if it likes.
Every statement in a message that passed was signed by its signer, for this chain and height; `step`
never raises on such a message.
Everything else is a `RemoteProtocolError`, which names the clause that the bytes break.
`LocalProtocolError` means that the embedder made a mistake.

The journal
-----------
A state is the fold of `step` over the events of its platform.
So an embedder writes events down, not states: after a crash it folds the journal again, from
`start` or from a snapshot (`encode_state`), and is where it was.
An event must be on disk before any of its effects leaves the machine.
Otherwise a platform could forget what it has signed, and sign the opposite.
A guard with a memory of its own, beside the journal, refuses to do that even if the journal is
lost.

What an embedder owes
---------------------
It feeds one event at a time, writes it down, and then carries out its effects in order.
It signs drafts, and feeds what it has signed back as `Received`, in its turn.
It keeps one timer of each kind.
It keeps decided blocks, and gives them to those who ask.
It stops when it is told to halt.

`Node` keeps this order for an embedder: it drives `step`, signs nothing itself, and releases each
effect only after what it depends on is durable.
What remains is the input and output: a disk, a key, clocks and sockets.

Where to read on: `consensus/rules.py` has the rules of agreement, `ledger/rules.py` those of the
ledger, `replica/step.py` puts them together.
Each branch names its clause in `spec/`.
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
    SignedMessage,
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

# --- the node --------------------------------------------------------------------------------
from web4core.guard import MAX_GUARDED, Conflict, Memory, Signed, covers, highest_signed
from web4core.node import (
    Answer,
    Flush,
    Node,
    NotSigned,
    Outgoing,
    Output,
    Release,
    Remember,
    SignAll,
    Snapshot,
    Stepped,
    Task,
    Write,
    is_bulk,
)
from web4core.recovery import Fold, Journal, fold, has_forgotten

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
    proof_check,
    welcome_check,
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
    "MAX_GUARDED",
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
    "Answer",
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
    "Conflict",
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
    "Flush",
    "Fold",
    "Frame",
    "Gate",
    "Genesis",
    "GenesisAccount",
    "Halt",
    "Header",
    "Hello",
    "InclusionProof",
    "Item",
    "Journal",
    "Kind",
    "Ledger",
    "LedgerState",
    "LocalProtocolError",
    "Lock",
    "Map",
    "MapProof",
    "MapStep",
    "Memory",
    "Message",
    "MessageSchemas",
    "Node",
    "Nonce",
    "NotSigned",
    "Outgoing",
    "Output",
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
    "Release",
    "Remember",
    "RemoteProtocolError",
    "Request",
    "Resumed",
    "Schema",
    "Send",
    "SetTimer",
    "Settings",
    "Sign",
    "SignAll",
    "Signature",
    "SignatureCheck",
    "Signed",
    "SignedHeader",
    "SignedMessage",
    "SlotMessage",
    "Slots",
    "Snapshot",
    "State",
    "StateRoot",
    "Statement",
    "Status",
    "StatusDraft",
    "Stepped",
    "Submission",
    "Submitted",
    "Sync",
    "Tag",
    "Task",
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
    "Write",
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
    "covers",
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
    "fold",
    "frame",
    "genesis_block",
    "genesis_content",
    "has_forgotten",
    "has_work",
    "highest_signed",
    "is_bulk",
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
    "proof_check",
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
    "welcome_check",
    "with_signature",
]
