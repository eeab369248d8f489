/** What a platform knows of a height, and the rules of C-FLOW-1: spec/consensus.md. */
import { CatchingUp } from "./catching_up.mjs";
import { applyBlock } from "./chain.mjs";
import { COMMIT, PREPARE, PRE_PREPARE, STATUS, VIEW_CHANGE, preparedDigest } from "./gate.mjs";
import { listRoot } from "./hashes.mjs";
import { parseTransaction } from "./ledger.mjs";
import { Pool } from "./pool.mjs";
import * as records from "./records.mjs";
import { Refused, hex, same } from "./refused.mjs";
import { Slots, certificateOf } from "./slots.mjs";

const max = (a, b) => (a > b ? a : b);

export class Height {
  constructor(federation, me, settings) {
    this.federation = federation;
    this.me = me;
    this.settings = settings;
    this.others = federation.keys.map((_, i) => i).filter((i) => i !== me);
    this.pool = new Pool(federation);
    this.catchingUp = new CatchingUp(federation.n, me);
    this.timers = new Map();
    this.halted = false;
    this.tip = { ...federation.first, block: null, certificate: null };
    this.upcoming = new Slots(federation.n);
    this.begin();
  }

  /** The next height begins in view 0, unlocked, with what came early for it (C-DEC-2). */
  begin() {
    this.height = this.tip.header.height + 1n;
    this.view = 0n;
    this.said = new Map();
    this.lock = null;
    this.gathered = false;
    this.slots = this.upcoming;
    this.upcoming = new Slots(this.federation.n);
  }

  // Small questions

  proposer() {
    return this.federation.proposer(this.height, this.view);
  }

  /** It is its turn, and it has not proposed (C-PROP-2). */
  mustPropose() {
    return this.proposer() === this.me && !this.said.has(PRE_PREPARE);
  }

  /** The time that the next block would have (C-VALID-2). */
  nextTime() {
    return max(this.now, this.tip.header.time_ms + 1n);
  }

  /** C-PACE-1 */
  work() {
    return this.view > 0n || this.pool.size > 0 || !this.slots.empty;
  }

  /** The proposal of the current view that is kept (C-PREP-2). */
  proposal() {
    const kept = this.slots.at(PRE_PREPARE, this.proposer());
    return kept && kept.statement.view === this.view ? kept : null;
  }

  /** A held block of a digest (C-SLOT-3). */
  held(digest) {
    if (this.lock && same(this.lock.digest, digest)) return this.lock.block;
    return this.slots.block(digest);
  }

  // Effects

  emit(effect, fields) {
    this.effects.push({ effect, ...fields });
  }

  send(message, to) {
    if (to.length) this.emit("Send", { message, to });
  }

  /** A draft of this platform, its signature still missing. */
  draft($, kind, digest, more = {}) {
    const { height, view, me } = this;
    const statement = { $: "statement", kind, height, view, digest, signer: BigInt(me) };
    return { $, statement, signature: null, ...more };
  }

  say(draft) {
    this.said.set(draft.statement.kind, draft);
    this.emit("Sign", { message: draft, to: this.others });
  }

  status(to = this.others) {
    const draft = this.draft("status", STATUS, this.tip.digest);
    if (to.length) this.emit("Sign", { message: draft, to });
  }

  refuse(fallen) {
    for (const { id, code } of fallen) this.emit("Refuse", { transaction: hex(id), code });
  }

  /** What it stands for, as it came back signed. */
  signed(draft) {
    const kept = this.slots.at(draft.statement.kind, this.me);
    const { view, digest } = draft.statement;
    const back = kept && kept.statement.view === view && same(kept.statement.digest, digest);
    return back ? kept : null;
  }

  // Rules

  claim(signer, height) {
    this.catchingUp.claim(signer, height, this.height);
  }

  /** C-FLOW-1 */
  rules() {
    let before;
    do {
      before = this.height;
      this.join();
      this.propose();
      this.prepare();
      this.lockAndCommit();
      this.decideByCommits();
    } while (this.height !== before && !this.halted);
  }

  enter(view) {
    this.view = view;
    this.said = new Map();
    this.gathered = false;
    const prepared = this.lock?.certificate ?? null;
    const block = this.lock?.block ?? null;
    this.say(this.draft("view_change", VIEW_CHANGE, preparedDigest(prepared), { prepared, block }));
  }

  /** C-VIEW-2 */
  join() {
    const views = this.slots.viewsReached();
    views.sort((a, b) => (a < b ? 1 : -1));
    const reached = views[this.federation.faulty];
    if (reached !== undefined && reached > this.view) this.enter(reached);
  }

  propose() {
    if (!this.mustPropose()) return;
    if (this.view === 0n) {
      if (this.pool.size > 0) this.proposeFresh(false); // C-NEW-1, C-PROP-3
      return;
    }
    const { view, slots } = this;
    const changes = slots.of(VIEW_CHANGE).filter(({ statement }) => statement.view === view);
    const enough = this.gathered && changes.length >= this.federation.quorum;
    if (changes.length < this.federation.n && !enough) return; // C-NEW-2
    let best = null;
    for (const change of changes) {
      if (change.prepared && (!best || change.prepared.view > best.prepared.view)) best = change;
    }
    if (best) this.proposeBlock(best.block, best.prepared); // C-NEW-3
    else this.proposeFresh(true);
  }

  proposeFresh(mayBeEmpty) {
    const time = this.nextTime();
    const limits = {
      block_items: Number(this.settings.block_items),
      block_bytes: Number(this.settings.block_bytes),
    };
    const { chosen, fallen, state } = this.pool.choose(this.tip, time, limits);
    this.refuse(fallen);
    if (!chosen.length && !mayBeEmpty) return;
    const payload = chosen.map((one) => one.bytes);
    const header = {
      $: "header",
      chain_id: this.federation.chainId,
      height: this.height,
      parent: this.tip.digest,
      time_ms: time,
      payload_root: listRoot(payload),
      state_root: state.root(),
    };
    this.proposeBlock({ $: "block", header, payload }, null);
  }

  proposeBlock(block, justification) {
    const digest = records.headerDigest(block.header);
    this.say(this.draft("proposal", PRE_PREPARE, digest, { block, justification }));
  }

  prepare() {
    const proposal = this.proposal();
    if (this.said.has(PREPARE) || !proposal) return; // C-PREP-1, C-PREP-2
    const { justification, block, statement } = proposal;
    const released =
      !this.lock ||
      same(this.lock.digest, statement.digest) ||
      (justification && justification.view >= this.lock.view);
    if (!released) return; // C-PREP-3
    if (!justification) {
      const off = block.header.time_ms - this.now;
      if (max(off, -off) > this.settings.clock_drift_ms) return; // C-VALID-3
    }
    if (this.fault(block)) return; // C-PREP-4
    this.say(this.draft("vote", PREPARE, statement.digest));
  }

  /** What makes a block not valid on top of the tip, or null (C-VALID-1, C-VALID-2, C-VALID-4). */
  fault(block) {
    try {
      applyBlock(this.federation, this.tip, block);
      return null;
    } catch (error) {
      if (error instanceof Refused) return error;
      throw error;
    }
  }

  lockAndCommit() {
    const proposal = this.proposal();
    if (this.said.has(COMMIT) || !proposal) return; // C-LOCK-2, C-LOCK-3
    const { digest } = proposal.statement;
    const votes = this.slots.votes(PREPARE, this.view, digest);
    if (votes.length < this.federation.quorum) return;
    const certificate = certificateOf(votes);
    this.lock = { view: this.view, digest, certificate, block: proposal.block }; // C-LOCK-1
    this.say(this.draft("vote", COMMIT, digest));
  }

  decideByCommits() {
    for (const { statement } of this.slots.of(COMMIT)) {
      const votes = this.slots.votes(COMMIT, statement.view, statement.digest);
      if (votes.length < this.federation.quorum) continue;
      const block = this.held(statement.digest);
      if (block) {
        this.decide(block, certificateOf(votes)); // C-DEC-1
      } else {
        for (const vote of votes) this.claim(vote.statement.signer, this.height + 1n); // C-DEC-3
      }
      return;
    }
  }

  decide(block, certificate) {
    const fault = this.fault(block);
    if (fault) {
      this.halted = true;
      this.emit("Halt", { clause: "C-DEC-4" });
      return;
    }
    this.tip = { ...applyBlock(this.federation, this.tip, block), block, certificate };
    this.emit("Decide", { block: hex(this.tip.digest), certificate });
    this.begin();
    this.catchingUp.unanswered = 0;
    const taken = block.payload.map((item) => hex(parseTransaction(this.federation, item).id));
    this.refuse(this.pool.afterBlock(this.tip, new Set(taken), this.nextTime()));
  }
}
