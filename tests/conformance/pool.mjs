/** What waits on one platform: spec/ledger.md, The pool (L-POOL-1 to L-POOL-7, L-BLOCK-3). */
import { accountPath, apply, transferPath } from "./ledger.mjs";
import { Refused, hex } from "./refused.mjs";

const MAX_LANE = 64; // L-POOL-3
const OUTPACED = ["nonce-used", "account-exists", "already-settled"];

/** The path of the account or transfer in whose lane a transaction waits (L-POOL-1). */
function laneOf({ body }) {
  if (body.$ === "open") return accountPath(body.address);
  if (body.$ === "transfer" || body.$ === "lock") return accountPath(body.source);
  return transferPath(body.transfer);
}

/** The state after a transaction, or its refusal code. @returns {{state?: State, code?: string}} */
function attempt(federation, state, transaction, time) {
  try {
    return { state: state.with(apply(federation, state, transaction, time)) };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { code: error.code };
  }
}

export class Pool {
  constructor(federation) {
    this.federation = federation;
    /**
     * Transactions by the path of their lane, each with the time at which it was let in: it stands
     * in the way of others until its lane is judged anew (L-POOL-5).
     *
     * @type {Map<string, object[]>}
     */
    this.lanes = new Map();
    this.ids = new Set();
  }

  get size() {
    return this.ids.size;
  }

  waiting() {
    return [...this.lanes.values()].flat();
  }

  /**
   * Lets a transaction in, or gives the code of its refusal, and what fell out (L-POOL-2 to -5).
   *
   * @returns {{code?: string, fallen: {id: Buffer, code: string}[]}}
   */
  offer(state, transaction, time, most) {
    if (this.ids.has(hex(transaction.id))) return { fallen: [] };
    const lane = hex(laneOf(transaction));
    let code = this.judge(state, lane, transaction, time);
    let fallen = [];
    if (code === "outpaced" || code === "lane-full") {
      fallen = this.revise(state, lane, time);
      if (fallen.length) code = this.judge(state, lane, transaction, time);
    }
    if (!code && this.size >= most) code = "pool-full";
    if (!code) {
      this.lanes.set(lane, [...(this.lanes.get(lane) ?? []), { ...transaction, time }]);
      this.ids.add(hex(transaction.id));
    }
    return { code, fallen };
  }

  judge(state, lane, transaction, time) {
    const waiting = this.lanes.get(lane) ?? [];
    if (waiting.length >= MAX_LANE) return "lane-full";
    let after = state;
    for (const one of waiting) {
      after = attempt(this.federation, after, one, one.time).state ?? after;
    }
    const { code } = attempt(this.federation, after, transaction, time);
    if (!OUTPACED.includes(code)) return code;
    const alone = attempt(this.federation, state, transaction, time);
    return alone.code === code ? code : "outpaced";
  }

  /** Takes out of a lane what does not apply in its turn. @returns {{id: Buffer, code: string}[]} */
  revise(state, lane, time) {
    const kept = [];
    const fallen = [];
    let after = state;
    for (const one of this.lanes.get(lane) ?? []) {
      const { state: next, code } = attempt(this.federation, after, one, time);
      if (code) {
        fallen.push({ id: one.id, code });
        this.ids.delete(hex(one.id));
      } else {
        kept.push(one);
        after = next;
      }
    }
    if (kept.length) this.lanes.set(lane, kept);
    else this.lanes.delete(lane);
    return fallen;
  }

  reviseAll(state, time) {
    return this.order(Buffer.alloc(32)).flatMap((lane) => this.revise(state, lane, time));
  }

  /** After a block: what it took leaves, and what it made impossible (L-POOL-5). */
  afterBlock(tip, ids, time) {
    const touched = [];
    for (const [lane, waiting] of this.lanes) {
      const left = waiting.filter((one) => !ids.has(hex(one.id)));
      if (left.length < waiting.length || tip.changed.has(lane)) touched.push(lane);
      this.lanes.set(lane, left);
    }
    for (const id of ids) this.ids.delete(id);
    return touched.sort().flatMap((lane) => this.revise(tip.state, lane, time));
  }

  /** The lanes by ascending path from the digest of the tip on, and round (L-POOL-6). */
  order(from) {
    const lanes = [...this.lanes.keys()].sort();
    const start = lanes.findIndex((lane) => lane >= hex(from));
    return start < 0 ? lanes : [...lanes.slice(start), ...lanes.slice(0, start)];
  }

  /** What a block of this platform would hold (L-BLOCK-3), and what fell out. */
  choose(tip, time, { block_items, block_bytes }) {
    const chosen = [];
    const fallen = [];
    let bytes = 0;
    let { state } = tip;
    for (const lane of this.order(tip.digest)) {
      for (const one of this.lanes.get(lane)) {
        const full = chosen.length + 1 > block_items || bytes + one.bytes.length > block_bytes;
        if (full) return { chosen, fallen, state };
        const { state: after, code } = attempt(this.federation, state, one, time);
        if (code) {
          fallen.push(...this.revise(tip.state, lane, time));
          break;
        }
        chosen.push(one);
        bytes += one.bytes.length;
        state = after;
      }
    }
    return { chosen, fallen, state };
  }
}
