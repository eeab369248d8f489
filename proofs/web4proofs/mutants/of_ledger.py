"""Mutants of the rules of the ledger, one change each: `spec/ledger.md`."""

from __future__ import annotations

from typing import Final

from web4proofs.mutants.named import TESTS, Named

STEP: Final = "web4core.replica.step"
LEDGER: Final = "web4core.ledger.rules"
APPLICATION: Final = "web4core.ledger.application"
OVERLAY: Final = "web4core.ledger.overlay"
LEDGER_STATE: Final = "web4core.ledger.state"
TRANSACTIONS: Final = "web4core.ledger.transactions"
POOL: Final = "web4core.ledger.pool"
LIGHT: Final = "web4core.ledger.light"

LEDGER_RULES: Final[tuple[Named, ...]] = (
    Named(
        "the supply is credited before the debit is checked",
        "L-XFER-7",
        LEDGER,
        "_spend_refused",
        "    if source.available_uatp < amount_uatp:\n        return Code.INSUFFICIENT_FUNDS\n",
        "",
    ),
    Named(
        "an account pays itself, and is credited over its debit",
        "L-XFER-4",
        LEDGER,
        "transfer",
        "    if body.source == body.destination:  # L-XFER-4\n        return Code.SAME_ACCOUNT\n",
        "",
    ),
    Named(
        "an amount below zero",
        "L-XFER-7",
        LEDGER,
        "_spend_refused",
        "    if amount_uatp <= 0:\n        return Code.AMOUNT_NOT_POSITIVE\n",
        "",
    ),
    Named(
        "anybody's key spends",
        "L-XFER-5",
        LEDGER,
        "_spend_refused",
        "    if call.keys[0] != source.owner:\n        return Code.WRONG_KEY\n",
        "",
    ),
    Named(
        "a payment is replayed",
        "L-XFER-6",
        LEDGER,
        "transfer",
        "        available_uatp=source.available_uatp - body.amount_uatp,\n"
        "        nonce=Nonce(source.nonce + 1),\n",
        "        available_uatp=source.available_uatp - body.amount_uatp,\n",
    ),
    Named(
        "an expiry that has passed already",
        "L-LOCK-8",
        LEDGER,
        "transfer_lock",
        "body.expiry_ms <= call.time_ms",
        "body.expiry_ms < call.time_ms",
    ),
    Named(
        "a lock sets nothing aside",
        "L-LOCK-9",
        LEDGER,
        "transfer_lock",
        "        available_uatp=source.available_uatp - body.amount_uatp,\n"
        "        locked_uatp=source.locked_uatp + body.amount_uatp,\n"
        "        nonce",
        "        locked_uatp=source.locked_uatp + body.amount_uatp,\n        nonce",
    ),
    Named(
        "a commit after the expiry",
        "L-COMMIT-4",
        LEDGER,
        "transfer_commit",
        "call.time_ms >= pending.expiry_ms",
        "call.time_ms < pending.expiry_ms",
    ),
    Named(
        "a commit at the expiry",
        "L-COMMIT-4",
        LEDGER,
        "transfer_commit",
        "call.time_ms >= pending.expiry_ms",
        "call.time_ms > pending.expiry_ms",
    ),
    Named(
        "a settled transfer is committed",
        "L-COMMIT-3",
        LEDGER,
        "transfer_commit",
        "pending.phase is not Phase.LOCKED or source is None or destination is None",
        "source is None or destination is None",
    ),
    Named(
        "anybody commits",
        "L-COMMIT-2",
        LEDGER,
        "transfer_commit",
        "    if call.keys[0] != view.platform_key(pending.destination.platform):"
        "  # L-COMMIT-2\n        return Code.WRONG_KEY\n",
        "",
    ),
    Named(
        "a commit pays the source",
        "L-COMMIT-5",
        LEDGER,
        "transfer_commit",
        "destination = view.account(pending.destination)",
        "destination = view.account(pending.source)",
    ),
    Named(
        "a commit leaves the amount locked too",
        "L-COMMIT-5",
        LEDGER,
        "transfer_commit",
        "return (evolve(pending, phase=Phase.COMMITTED), debited, credited)",
        "return (evolve(pending, phase=Phase.COMMITTED), credited)",
    ),
    Named(
        "a committed transfer is rolled back",
        "L-BACK-2",
        LEDGER,
        "transfer_rollback",
        "pending.phase is not Phase.LOCKED or source is None:  # L-BACK-2",
        "source is None:",
    ),
    Named(
        "a stranger rolls back before the expiry",
        "L-BACK-3",
        LEDGER,
        "transfer_rollback",
        "call.time_ms < pending.expiry_ms and not by_destination",
        "False",
    ),
    Named(
        "a rollback leaves the transfer open",
        "L-BACK-4",
        LEDGER,
        "transfer_rollback",
        "return (evolve(pending, phase=Phase.ROLLED_BACK), returned)",
        "return (pending, returned)",
    ),
    Named(
        "a refusal after a write: the block keeps what came before it",
        "L-BLOCK-1",
        APPLICATION,
        "Ledger.apply",
        "return Refusal(transaction.id, code)\n        return self._applied(overlay)",
        "break\n        return self._applied(overlay)",
    ),
    Named(
        "a changed transfer is not settled",
        "L-STATE-1",
        OVERLAY,
        "Overlay.settle",
        "for transfer, entry in self._transfers.items()\n",
        "for transfer, entry in ()\n",
    ),
    Named(
        "a supply of 2^64 is taken",
        "L-STATE-2",
        LEDGER_STATE,
        "",
        "MAX_SUPPLY_UATP = MAX_UINT",
        "MAX_SUPPLY_UATP = 2 * MAX_UINT",
        TESTS,
    ),
    Named(
        "a transfer stands where an account could",
        "L-STATE-3",
        LEDGER_STATE,
        "transfer_path",
        'b"transfer/"',
        'b"account/"',
        TESTS,
    ),
    Named(
        "accounts of the genesis begin with nonce 1",
        "L-GEN-1",
        APPLICATION,
        "Ledger.initial",
        "nonce=Nonce(0)",
        "nonce=Nonce(1)",
    ),
    Named(
        "an account may be listed twice",
        "L-GEN-2",
        APPLICATION,
        "Ledger.initial",
        "if entries.get(path) is not None:",
        "if False:",
    ),
    Named(
        "the genesis may mint any amount",
        "L-GEN-3",
        APPLICATION,
        "Ledger.initial",
        "if supply_uatp > MAX_SUPPLY_UATP:",
        "if False:",
    ),
    Named(
        "a transaction of another chain is taken",
        "L-TX-1",
        TRANSACTIONS,
        "decode_transaction",
        "if body.chain_id != chain_id:",
        "if False:",
        TESTS,
    ),
    Named(
        "a nonce may be the last of the wire",
        "L-TX-2",
        TRANSACTIONS,
        "",
        "MAX_NONCE = MAX_UINT - 1",
        "MAX_NONCE = MAX_UINT",
        TESTS,
    ),
    Named(
        "an opening needs one signature",
        "L-TX-3",
        TRANSACTIONS,
        "signers_needed",
        "return 2 if type(body) is AccountOpen else 1",
        "return 1",
        TESTS,
    ),
    Named(
        "an id leaves the keys out",
        "L-TX-4",
        TRANSACTIONS,
        "transaction_id",
        "digest(Tag.TRANSACTION, body_bytes, *keys)",
        "digest(Tag.TRANSACTION, body_bytes)",
        TESTS,
    ),
    Named(
        "a reason may be longer",
        "L-TX-5",
        TRANSACTIONS,
        "",
        "MAX_REASON_CHARACTERS = 120",
        "MAX_REASON_CHARACTERS = 121",
        TESTS,
    ),
    Named(
        "signatures stand before the keys",
        "L-TX-6",
        TRANSACTIONS,
        "assemble",
        'codec.encode(("tx", body_bytes, keys, signatures))',
        'codec.encode(("tx", body_bytes, signatures, keys))',
        TESTS,
    ),
    Named(
        "the nonce is judged before the key",
        "L-RULE-1",
        LEDGER,
        "_spend_refused",
        (
            "    if call.keys[0] != source.owner:\n"
            "        return Code.WRONG_KEY\n"
            "    if nonce < source.nonce:\n"
            "        return Code.NONCE_USED\n"
        ),
        (
            "    if nonce < source.nonce:\n"
            "        return Code.NONCE_USED\n"
            "    if call.keys[0] != source.owner:\n"
            "        return Code.WRONG_KEY\n"
        ),
    ),
    Named(
        "a refused transaction leaves its subject changed",
        "L-RULE-2",
        OVERLAY,
        "Overlay.apply",
        (
            "        if isinstance(outcome, Code):\n"
            "            return outcome\n"
            "        self.put(outcome)\n"
        ),
        (
            "        if isinstance(outcome, Code):\n"
            "            self._transfers.clear()\n"
            "            return outcome\n"
            "        self.put(outcome)\n"
        ),
    ),
    Named(
        "what is locked can be spent",
        "L-RULE-3",
        LEDGER,
        "_spend_refused",
        "if source.available_uatp < amount_uatp:",
        "if source.available_uatp + source.locked_uatp < amount_uatp:",
    ),
    Named(
        "a commit is carried out as a rollback",
        "L-RULE-4",
        LEDGER,
        "",
        "    TransferCommit: transfer_commit,\n",
        "    TransferCommit: transfer_rollback,\n",
        TESTS,
    ),
    Named(
        "a stranger's platform opens accounts",
        "L-OPEN-1",
        LEDGER,
        "account_open",
        (
            "    if platform_key is None:  # L-OPEN-1\n"
            "        return Code.UNKNOWN_PLATFORM\n"
            "    if call.keys[0] != platform_key or"
        ),
        "    if platform_key is not None and call.keys[0] != platform_key or",
    ),
    Named(
        "an account opens without its owner's key",
        "L-OPEN-2",
        LEDGER,
        "account_open",
        " or call.keys[1] != body.owner",
        "",
    ),
    Named(
        "an open account opens again, and is empty",
        "L-OPEN-3",
        LEDGER,
        "account_open",
        "if view.account(body.address) is not None:",
        "if False:",
    ),
    Named(
        "a new account holds one unit",
        "L-OPEN-4",
        LEDGER,
        "account_open",
        "available_uatp=0, locked_uatp=0",
        "available_uatp=1, locked_uatp=0",
    ),
    Named(
        "a transfer crosses platforms at once",
        "L-XFER-1",
        LEDGER,
        "transfer",
        "if body.source.platform != body.destination.platform:",
        "if False:",
    ),
    Named(
        "an unknown payer is called an unknown payee",
        "L-XFER-2",
        LEDGER,
        "transfer",
        "    if source is None:  # L-XFER-2\n        return Code.UNKNOWN_SOURCE\n",
        "    if source is None:\n        return Code.UNKNOWN_DESTINATION\n",
    ),
    Named(
        "an unknown payee is called an unknown payer",
        "L-XFER-3",
        LEDGER,
        "transfer",
        "    if destination is None:  # L-XFER-3\n        return Code.UNKNOWN_DESTINATION\n",
        "    if destination is None:\n        return Code.UNKNOWN_SOURCE\n",
    ),
    Named(
        "the payee gets nothing",
        "L-XFER-8",
        LEDGER,
        "transfer",
        "return (debited, credited)  # L-XFER-8",
        "return (debited, destination)",
    ),
    Named(
        "a lock may point out of the federation",
        "L-LOCK-1",
        LEDGER,
        "transfer_lock",
        "if view.platform_key(body.destination.platform) is None:",
        "if False:",
    ),
    Named(
        "a lock may stay on its platform",
        "L-LOCK-2",
        LEDGER,
        "transfer_lock",
        "if body.source.platform == body.destination.platform:",
        "if False:",
    ),
    Named(
        "an unknown payer of a lock is called wrong key",
        "L-LOCK-3",
        LEDGER,
        "transfer_lock",
        "    if source is None:  # L-LOCK-3\n        return Code.UNKNOWN_SOURCE\n",
        "    if source is None:\n        return Code.WRONG_KEY\n",
    ),
    Named(
        "a lock for an account that is not open",
        "L-LOCK-4",
        LEDGER,
        "transfer_lock",
        "if view.account(body.destination) is None:",
        "if False:",
    ),
    Named(
        "anyone locks an owner's money",
        "L-LOCK-5",
        LEDGER,
        "transfer_lock",
        "_spend_refused(source, body.amount_uatp, body.nonce, call)  # L-LOCK-5 to L-LOCK-7",
        (
            "_spend_refused(\n"
            "        source, body.amount_uatp, body.nonce, evolve(call, keys=(source.owner,))\n"
            "    )"
        ),
    ),
    Named(
        "a lock may be carried out again",
        "L-LOCK-6",
        LEDGER,
        "transfer_lock",
        "_spend_refused(source, body.amount_uatp, body.nonce, call)  # L-LOCK-5 to L-LOCK-7",
        "_spend_refused(source, body.amount_uatp, source.nonce, call)",
    ),
    Named(
        "more is locked than there is",
        "L-LOCK-7",
        LEDGER,
        "transfer_lock",
        "_spend_refused(source, body.amount_uatp, body.nonce, call)  # L-LOCK-5 to L-LOCK-7",
        "_spend_refused(source, min(body.amount_uatp, 1), body.nonce, call)",
    ),
    Named(
        "a commit of nothing is said to be settled",
        "L-COMMIT-1",
        LEDGER,
        "transfer_commit",
        "    if pending is None:  # L-COMMIT-1\n        return Code.UNKNOWN_TRANSFER\n",
        "    if pending is None:\n        return Code.ALREADY_SETTLED\n",
    ),
    Named(
        "a rollback of nothing is said to be settled",
        "L-BACK-1",
        LEDGER,
        "transfer_rollback",
        "    if pending is None:  # L-BACK-1\n        return Code.UNKNOWN_TRANSFER\n",
        "    if pending is None:\n        return Code.ALREADY_SETTLED\n",
    ),
    Named(
        "of what a rule changed, the first entry alone is kept",
        "L-BLOCK-2",
        OVERLAY,
        "Overlay.apply",
        "self.put(outcome)",
        "self.put(outcome[:1])",
    ),
    Named(
        "a proposer takes what does not apply",
        "L-BLOCK-3",
        APPLICATION,
        "Ledger.choose",
        (
            "                    stale.append(pools.lane_path(transaction))\n"
            "                    break\n"
        ),
        "                    stale.append(pools.lane_path(transaction))\n",
        TESTS,
    ),
    Named(
        "a settlement waits in the lane of its signer",
        "L-POOL-1",
        POOL,
        "lane_path",
        "return transfer_path(body.transfer)",
        "return transfer_path(transaction.id)",
        TESTS,
    ),
    Named(
        "what does not apply is let in",
        "L-POOL-2",
        POOL,
        "admit",
        "        overlay.put((lane.subject,))\n",
        "",
        TESTS,
    ),
    Named(
        "a lane has no end",
        "L-POOL-3",
        POOL,
        "admit",
        "if len(lane.transactions) >= MAX_LANE:",
        "if False:",
        TESTS,
    ),
    Named(
        "the pool has no end",
        "L-POOL-4",
        POOL,
        "admit",
        "if pool.size >= capacity:",
        "if False:",
        TESTS,
    ),
    Named(
        "what a block took stays in the pool",
        "L-POOL-5",
        POOL,
        "_revise_lane",
        "if transaction.id in done:",
        "if False:",
        TESTS,
    ),
    Named(
        "lanes are taken in one order for ever",
        "L-POOL-6",
        POOL,
        "in_order",
        "pool.lanes.items_from(start)",
        "pool.lanes.items_from(bytes(32))",
        TESTS,
    ),
    Named(
        "what a client hands in stays with one platform",
        "L-POOL-7",
        STEP,
        "_on_submitted",
        "            run.effects.append(Send(Submission(batch), others))\n",
        "            assert batch\n",
        TESTS,
    ),
    Named(
        "a header is believed without a quorum",
        "L-LIGHT-1",
        LIGHT,
        "check_signed_header",
        "if not proves_decided(certificate, len(trust.keys), header.height, digest):",
        "if False:",
        TESTS,
    ),
    Named(
        "an entry is believed without its proof",
        "L-LIGHT-2",
        LIGHT,
        "check_entry",
        "if not check_map(root, path_of(proof.entry), encoded, proof.proof):",
        "if False:",
        TESTS,
    ),
    Named(
        "a transaction is believed without its proof",
        "L-LIGHT-3",
        LIGHT,
        "check_inclusion",
        "if not check_list(root, proof.transaction, proof.index, proof.size, proof.path):",
        "if False:",
        TESTS,
    ),
    Named(
        "a light client is handed the chain without the keys",
        "L-LIGHT-4",
        LIGHT,
        "encode_trust_anchor",
        '("trust", trust.chain_id, trust.keys)',
        '("trust", trust.chain_id, trust.keys[:1])',
        TESTS,
    ),
)
