/** Blocks on top of blocks: spec/ledger.md, Blocks and Verifying a chain; C-VALID-1, C-VALID-2. */
import { apply, checkInvariants, parseTransaction } from "./ledger.mjs";
import { open } from "./gate.mjs";
import * as records from "./records.mjs";
import { Refused, hex, require, same } from "./refused.mjs";

/**
 * A block on top of the tip: C-VALID-1, C-VALID-2, L-BLOCK-1, I-ROOT-1.
 *
 * @param {Federation} federation
 * @param {{header: object, digest: Buffer, state: State}} tip
 * @param {object} block
 * @returns {{header: object, digest: Buffer, state: State, changed: Map<string, object>}}
 */
export function applyBlock(federation, tip, block) {
  const { header } = block;
  require(same(header.chain_id, federation.chainId), "C-VALID-1", "a block of another chain");
  require(header.height === tip.header.height + 1n, "C-VALID-1", "not the next height");
  require(same(header.parent, tip.digest), "C-VALID-1", "the parent is not the block before");
  require(header.time_ms > tip.header.time_ms, "C-VALID-2", "not later than the block before");
  let { state } = tip;
  const changed = new Map();
  block.payload.forEach((item, index) => {
    const transaction = parseTransaction(federation, item);
    const entries = transact(federation, state, transaction, header.time_ms, index);
    state = state.with(entries);
  });
  for (const leaf of state.trie.leaves()) {
    if (tip.state.trie.get(leaf.path) !== leaf.entry) changed.set(hex(leaf.path), leaf.entry);
  }
  const root = state.root();
  require(same(root, header.state_root), "I-ROOT-1", "not the state root of the result", { root });
  return { header, digest: records.headerDigest(header), state, changed };
}

function transact(federation, state, transaction, time, index) {
  try {
    return apply(federation, state, transaction, time);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const why = `transaction ${index} does not apply by ${error.clause}: ${error.code}`;
    throw new Refused("L-BLOCK-1", why, { code: error.code }); // L-BLOCK-1, L-BLOCK-2
  }
}

/** One decided message on top of the tip, with every signature. */
export function follow(federation, tip, input) {
  const { message } = open(federation, input);
  require(message.$ === "decided", "W-TYPE-5", "not a decided message");
  return applyBlock(federation, tip, message.block);
}

/**
 * A chain of decided messages from height 1 on; a refusal tells the height.
 *
 * @param {Federation} federation
 * @param {Buffer[]} inputs
 * @param {(tip: object) => void} [each] called with each new tip
 */
export function verifyChain(federation, inputs, each = () => {}) {
  let tip = federation.first;
  inputs.forEach((input, i) => {
    try {
      tip = follow(federation, tip, input);
    } catch (error) {
      if (error instanceof Refused) error.height = i + 1;
      throw error;
    }
    each(tip);
  });
  checkInvariants(tip.state, federation.supply);
  return tip;
}
