/** The messages that are kept of a height: one for each signer and kind (C-SLOT-1 to C-SLOT-3). */
import { COMMIT, PREPARE, PRE_PREPARE, VIEW_CHANGE } from "./gate.mjs";
import * as records from "./records.mjs";
import { same } from "./refused.mjs";

const KEPT = [PRE_PREPARE, PREPARE, COMMIT, VIEW_CHANGE];

export class Slots {
  constructor(n) {
    this.byKind = new Map(KEPT.map((kind) => [kind, new Array(n).fill(null)]));
  }

  /** The message of a kind and signer that is kept, or null. */
  at(kind, signer) {
    return this.byKind.get(kind)[signer];
  }

  of(kind) {
    return this.byKind.get(kind).filter(Boolean);
  }

  get empty() {
    return KEPT.every((kind) => this.of(kind).length === 0);
  }

  /** Keeps a message of a higher view; evidence, if it conflicts with the kept one (C-EVID-2). */
  keep(message) {
    const { kind, view, signer, digest } = message.statement;
    const slot = this.byKind.get(kind);
    const kept = slot[Number(signer)];
    if (!kept || view > kept.statement.view) {
      slot[Number(signer)] = message;
      return null;
    }
    if (view < kept.statement.view || same(digest, kept.statement.digest)) return null;
    return {
      $: "evidence",
      first: kept.statement,
      first_signature: kept.signature,
      second: message.statement,
      second_signature: message.signature,
    };
  }

  /** The views of the VIEW-CHANGEs that are kept. @returns {bigint[]} */
  viewsReached() {
    return this.of(VIEW_CHANGE).map(({ statement }) => statement.view);
  }

  votes(kind, view, digest) {
    return this.of(kind).filter(
      ({ statement }) => statement.view === view && same(statement.digest, digest),
    );
  }

  /** A block of a digest that a proposal or a VIEW-CHANGE carries. */
  block(digest) {
    const carriers = [...this.of(PRE_PREPARE), ...this.of(VIEW_CHANGE)];
    const blocks = carriers.map((message) => message.block).filter(Boolean);
    return blocks.find(({ header }) => same(records.headerDigest(header), digest)) ?? null;
  }
}

/** The certificate that votes make, by ascending signer. */
export function certificateOf(votes) {
  const { kind, height, view, digest } = votes[0].statement;
  const signatures = votes.map(({ statement, signature }) => [statement.signer, signature]);
  return { $: "certificate", kind, height, view, digest, signatures };
}
