"""Equivalent mutants: they change nothing observable, each with the reason.

The list is checked both ways: a mutant that nothing catches must be in it, and one that is caught
must not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_APART: Final = "the two conditions exclude one another, so their order does not matter"
_IN_WORDS: Final = "it is a number in the words of a reason, which no rule looks at"
_SAME_CLAUSE: Final = "both refuse with the same clause; the words of the reason differ"
_ONE_KEY: Final = "such a transaction has exactly one key (L-TX-3), which is the first and the last"
_NO_BIT: Final = "neither 0 nor 2^16 has the bit of a path, which is asked for next"
_TOGETHER: Final = "a VIEW-CHANGE has certificate and block, or neither (C-VIEW-3), at the gate"

RULES: Final = "web4core.consensus.rules"
GATE: Final = "web4core.gate"
LEDGER: Final = "web4core.ledger.rules"
BLOCKS: Final = "web4core.replica.blocks"
STEP: Final = "web4core.replica.step"
CATCHUP: Final = "web4core.replica.catchup"
CODEC: Final = "web4core.codec"
MERKLE: Final = "web4core.merkle"

EQUIVALENT: Final[Mapping[str, str]] = {
    f"{RULES}.enter:no update of said in"
    " `evolve(agreement, view=view, said=OwnStatements(), gathered=False)`": (
        "`said` is set anew, whole, in the last line of the function"
    ),
    f"{RULES}.may_propose:`if proposer(agreement.height, agreement.view, agreement.n)"
    " != agreement.me` after `if agreement.said.proposal is not None`": (
        "both answer no, so their order does not matter"
    ),
    f"{RULES}.reproposal:`best.prepared is None` dropped from"
    " `best is None or best.prepared is None or best.block is None`": _TOGETHER,
    f"{RULES}.reproposal:`best.block is None` dropped from"
    " `best is None or best.prepared is None or best.block is None`": _TOGETHER,
    f"{RULES}.reproposal:`best.prepared is None` dropped from"
    " `best is None or best.prepared is None or message.prepared.view > best.prepared.view`": (
        "`best` is one of those that have a certificate"
    ),
    f"{GATE}._signed:`if statement.signer >= len(gate.keys)` after"
    " `if statement.height == 0`": _SAME_CLAUSE,
    f"{GATE}._block:`if block.header.chain_id != gate.chain_id` after"
    " `if block.header.height != height`": _SAME_CLAUSE,
    f"{GATE}._check_proposal:`if statement.signer != proposer(statement.height, statement.view,"
    " len(gate.keys))` after `if statement.digest != message.block.digest`": _SAME_CLAUSE,
    f"{LEDGER}.transfer:`if destination is None` after `if body.source == body.destination`": (
        "the source is open by then, so a destination that is the source is open, too"
    ),
    f"{LEDGER}.transfer_commit:-1 for 0": _ONE_KEY,
    f"{LEDGER}.transfer_rollback:-1 for 0": _ONE_KEY,
    f"{LEDGER}._spend_refused:-1 for 0 (2)": _ONE_KEY,
    f"{LEDGER}._spend_refused:`if nonce < source.nonce` after `if nonce > source.nonce`": _APART,
    "web4core.ledger.overlay.Overlay.settle:`self._paths.get(address)` dropped from"
    " `self._paths.get(address) or account_path(address)`": (
        "what is remembered is what `account_path` gives; it saves a digest"
    ),
    f"{BLOCKS}._result:`if header.chain_id != state.config.chain_id or header.height !="
    " state.height` after `if header.parent != tip.digest or header.time_ms <="
    " tip.header.time_ms`": "both answer that there is no result",
    "web4core.replica.pacemaker.set_timers:never `if armed == run.state.armed`": (
        "where nothing is to be set or forgotten, the rest does nothing; it saves work"
    ),
    f"{STEP}._on_statement:`if statement.height < height` after"
    " `if statement.height > height`": _APART,
    f"{STEP}._apply_rules:2 for 1": "-2 is no height either",
    f"{STEP}._apply_rules:0 for 1": "0 is not the height of a platform: it begins at 1",
    f"{STEP}._propose:`if again is not None` after"
    " `if agreement.view == 0 and (not pending(run.state))`": (
        "in view 0 there is nothing to propose again: nobody changes into it (C-VIEW-1)"
    ),
    f"{STEP}._propose:no update of verdict in `evolve(run.state, verdict=None)`": (
        "the memo is right for the digest that it names; dropping it saves memory"
    ),
    f"{CATCHUP}.assist_lagging:always `if certificate is not None`": (
        "nothing is below height 1 (W-MSG-3), and from height 2 on there is a certificate"
    ),
    f"{CATCHUP}.on_decided:`height > run.state.height` with GtE": (
        "the same height was dealt with before"
    ),
    f"{CATCHUP}.record_peer_height:never `if not others`": (
        "claims of nobody are forgotten at the end of the same event"
    ),
    f"{CATCHUP}.synchronise:1 for 0 (2)": "once blocks were asked for, `asked` is above 32",
    f"{MERKLE}.check_map:`0 < bitmap < 1 << _FANOUT` with LtE": _NO_BIT,
    f"{MERKLE}.check_map:`0 < bitmap < 1 << _FANOUT` with LtE (2)": _NO_BIT,
    f"{MERKLE}.check_map:-1 for 0": _NO_BIT,
    f"{CODEC}._integer:`if 0 <= value <= INT_MAX` after `if INT_MIN <= value < 0`": _APART,
    f"{CODEC}._integer:`INT_MIN <= value < 0` with LtE": "0 was dealt with before",
    f"{CODEC}._integer:1 for 0 (2)": "0 was dealt with before",
    f"{CODEC}.decode:`len(data) - end` with Add": _IN_WORDS,
    f"{CODEC}.decode:`len(data) - end` without its right side": _IN_WORDS,
    f"{CODEC}._value:-1 for 0 (2)": "one value is left by then, the first and the last",
    f"{CODEC}._long_argument:`if information == _ONE_BYTE` after"
    " `if information == _INDEFINITE`": _APART,
}
"""The reason, by the id of the mutant."""
