/**
 * What a platform does at each event: spec/consensus.md and spec/api.md.
 *
 * Effects are objects as the vectors show them, but for messages, certificates and evidence, which
 * are records; what is to be signed is a message without its signature.
 */
import { PRE_PREPARE, PREPARE, COMMIT, STATUS, VIEW_CHANGE } from "./gate.mjs";
import { parseTransaction } from "./ledger.mjs";
import { Height } from "./rules.mjs";
import { TIMER_NAMES, wantedTimers } from "./timers.mjs";

/** The order in which a platform says again what it stands for. */
const SAID = [VIEW_CHANGE, PRE_PREPARE, PREPARE, COMMIT];
const MAX_SUBMISSION = 256; // W-MSG-7

export class Replica extends Height {
  /** @returns {object[]} the effects of an event, in order */
  step(event) {
    this.effects = [];
    if (this.halted) return this.effects; // C-DEC-4
    this.now = event.now_ms;
    const stale = event.$ === "elapsed" && !this.disarm(event.timer);
    if (!stale) this[event.$](event); // C-PACE-5: the rules are applied all the same
    if (!this.halted) this.rules();
    if (!this.halted) this.questions();
    if (!this.halted) this.setTimers();
    return this.effects;
  }

  /** C-LOSS-1, C-LOSS-4 */
  sayAgain(to, unsignedToo) {
    for (const kind of SAID) {
      const draft = this.said.get(kind);
      if (!draft) continue;
      const signed = this.signed(draft);
      if (signed) this.send(signed, to);
      else if (unsignedToo) this.emit("Sign", { message: draft, to });
    }
    this.status(to);
  }

  resumed({ settings }) {
    this.timers.clear(); // A-EVENT-5
    if (settings) this.settings = settings; // A-SET-2
    this.sayAgain(this.others, true);
  }

  connected({ platform }) {
    this.sayAgain([Number(platform)], false);
  }

  submitted({ transactions }) {
    const taken = [];
    for (const bytes of transactions) {
      const transaction = parseTransaction(this.federation, bytes);
      const code = this.offer(transaction);
      if (code) this.refuse([{ id: transaction.id, code }]);
      else taken.push(bytes);
    }
    for (let i = 0; i < taken.length; i += MAX_SUBMISSION) {
      const part = taken.slice(i, i + MAX_SUBMISSION);
      this.send({ $: "submission", transactions: part }, this.others); // L-POOL-7
    }
  }

  offer(transaction) {
    const { settings, tip, pool } = this;
    const most = Number(settings.pool_items);
    const { code, fallen } = pool.offer(tip.state, transaction, this.nextTime(), most);
    this.refuse(fallen);
    return code;
  }

  /** Whether a timer runs; then it does not any more. */
  disarm({ kind, height, view }) {
    const armed = this.timers.get(kind);
    const runs = armed !== undefined && armed.height === height && armed.view === view;
    if (runs) this.timers.delete(kind);
    return runs;
  }

  elapsed({ timer }) {
    this[`elapsed${TIMER_NAMES[timer.kind]}`]();
  }

  elapsedVIEW() {
    this.refuse(this.pool.reviseAll(this.tip.state, this.nextTime()));
    if (this.work()) this.enter(this.view + 1n); // C-VIEW-1
  }

  elapsedPROPOSE() {
    this.gathered = true; // C-NEW-2
  }

  elapsedRESEND() {
    this.sayAgain(this.others, true);
    const waiting = this.pool.waiting().slice(0, MAX_SUBMISSION);
    const to = this.proposer();
    if (waiting.length && to !== this.me) {
      this.send({ $: "submission", transactions: waiting.map((one) => one.bytes) }, [to]);
    }
  }

  elapsedSYNC() {
    this.ask();
  }

  elapsedSTATUS() {
    this.status(); // C-PACE-6
  }

  received({ message }) {
    if (message.$ === "submission") {
      const { transactions } = message;
      for (const bytes of transactions) this.offer(parseTransaction(this.federation, bytes));
      return;
    }
    if (message.$ === "decided") {
      this.takeDecided(message);
      return;
    }
    this.takeStatement(message);
  }

  takeDecided({ block, certificate }) {
    const { height } = block.header;
    if (height === this.height) {
      this.decide(block, certificate); // C-SYNC-1
    } else if (height > this.height) {
      for (const [signer] of certificate.signatures) this.claim(signer, height + 1n);
    }
  }

  takeStatement(message) {
    const { kind, height, signer } = message.statement;
    const other = Number(signer) !== this.me;
    if (height < this.height) {
      if (other && (kind === VIEW_CHANGE || kind === STATUS)) this.answer(Number(signer));
      return;
    }
    if (height > this.height) this.claim(signer, height); // C-SYNC-2
    if (kind === STATUS) return;
    let evidence = null;
    if (height === this.height) evidence = this.slots.keep(message);
    if (height === this.height + 1n) evidence = this.upcoming.keep(message); // C-LOSS-2
    if (evidence) this.emit("Accuse", { evidence }); // C-EVID-2
  }

  /** C-LOSS-3 */
  answer(to) {
    const { block, certificate } = this.tip;
    this.send({ $: "decided", block, certificate }, [to]);
  }

  // Catching up

  /** C-SYNC-3 */
  questions() {
    if (this.catchingUp.isOver(this.height)) {
      if (this.catchingUp.asked) this.status();
      this.catchingUp.forget();
    } else if (this.catchingUp.mustAsk(this.height)) {
      this.ask();
    }
  }

  /** C-SYNC-4 */
  ask() {
    const to = this.catchingUp.next(this.height);
    if (to === null) this.catchingUp.forget();
    else this.emit("Fetch", { height: this.height, to });
  }

  // Timers

  setTimers() {
    const before = this.timers;
    this.timers = new Map();
    for (const timer of wantedTimers(this)) {
      const { kind, height, view, delay } = timer;
      const running = before.get(kind);
      this.timers.set(kind, timer);
      if (running && running.height === height && running.view === view) continue;
      const shown = { height: Number(height), view: Number(view), delay_ms: Number(delay) };
      this.emit("SetTimer", { kind: TIMER_NAMES[kind], ...shown });
    }
  }
}
