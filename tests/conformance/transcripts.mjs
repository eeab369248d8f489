/** Transcripts: the journal of one platform, event by event, as spec/vectors/README.md says. */
import { sign } from "./ed25519.mjs";
import { Federation } from "./federation.mjs";
import { statementBytes } from "./gate.mjs";
import * as records from "./records.mjs";
import { hex, unhex } from "./refused.mjs";
import { Replica } from "./replica.mjs";
import { TIMER_NAMES } from "./timers.mjs";
import { showInteger } from "./types.mjs";

const KIND_NAMES = { 1: "PRE-PREPARE", 2: "PREPARE", 3: "COMMIT", 4: "VIEW-CHANGE" };

export class Transcript {
  constructor({ genesis, platform, settings, private_key }) {
    this.federation = new Federation(unhex(genesis));
    this.seed = unhex(private_key);
    const me = this.federation.genesis.platforms.findIndex(({ name }) => name === platform);
    const read = Object.entries(settings).map(([name, value]) => [name, BigInt(value)]);
    this.replica = new Replica(this.federation, me, Object.fromEntries(read));
    this.shown = {};
  }

  step(input) {
    const event = records.read(records.event, unhex(input), records.MAX_EVENT_BYTES);
    const effects = this.replica.step(event).map((effect) => this.showEffect(effect));
    const known = this.known();
    const changed = Object.entries(known).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(this.shown[name]),
    );
    this.shown = known;
    return { effects, state: Object.fromEntries(changed) };
  }

  showEffect({ effect, message, certificate, evidence, ...more }) {
    if (effect === "Sign") message = this.signed(message);
    if (message) more = { message: hex(records.write(records.message, message)), ...more };
    if (certificate) more.certificate = hex(records.write(records.certificate, certificate));
    if (evidence) more.evidence = hex(records.write(records.evidence, evidence));
    if (more.height !== undefined) more.height = Number(more.height);
    return { effect, ...more };
  }

  signed(draft) {
    const bytes = statementBytes(this.federation.chainId, draft.statement);
    return { ...draft, signature: sign(this.seed, bytes) };
  }

  slots(slots) {
    const shown = {};
    for (const [kind, messages] of slots.byKind) {
      if (!messages.some(Boolean)) continue;
      shown[KIND_NAMES[kind]] = messages.map(
        (message) =>
          message && {
            view: showInteger(message.statement.view),
            digest: hex(message.statement.digest),
          },
      );
    }
    return shown;
  }

  /** What the platform knows, by the names of the vectors. */
  known() {
    const { replica } = this;
    const said = [...replica.said].sort(([a], [b]) => Number(a - b));
    const timers = [...replica.timers.values()].map(({ kind, height, view }) => [
      TIMER_NAMES[kind],
      Number(height),
      Number(view),
    ]);
    const { lock } = replica;
    return {
      height: Number(replica.height),
      view: Number(replica.view),
      tip: hex(replica.tip.digest),
      state_root: hex(replica.tip.state.root()),
      said: Object.fromEntries(said.map(([kind, d]) => [KIND_NAMES[kind], hex(d.statement.digest)])),
      lock: lock && { view: Number(lock.view), digest: hex(lock.digest) },
      gathered: replica.gathered,
      slots: this.slots(replica.slots),
      upcoming: this.slots(replica.upcoming),
      claims: replica.catchingUp.claims?.map(showInteger) ?? null,
      timers: timers.sort(([a], [b]) => (a < b ? -1 : 1)),
      waiting: replica.pool.waiting().map(({ id }) => hex(id)).sort(),
      halted: replica.halted,
    };
  }
}

/** A submission with its transactions in one order, and timers too: both are free. */
function inOneOrder(effects) {
  const shown = effects.map((effect) => {
    if (effect.effect !== "Send") return effect;
    const message = records.read(records.message, unhex(effect.message), records.MAX_MESSAGE_BYTES);
    if (message.$ !== "submission") return effect;
    return { ...effect, message: message.transactions.map(hex).sort() };
  });
  const timers = shown.filter(({ effect }) => effect === "SetTimer");
  const others = shown.filter(({ effect }) => effect !== "SetTimer");
  return [...others, ...timers.sort((a, b) => (a.kind < b.kind ? -1 : 1))];
}

/** A result of a transcript with what is free in one order. */
export const normal = ({ effects, state }) => ({ effects: inOneOrder(effects), state });
