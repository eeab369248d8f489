/** The state, the transactions and the rules: spec/ledger.md. */
import { digest, domain } from "./hashes.mjs";
import { checkSignature } from "./ed25519.mjs";
import { Trie } from "./map.mjs";
import { Refused, hex, require, same } from "./refused.mjs";
import * as records from "./records.mjs";
import { MAX_UINT } from "./types.mjs";

export const [LOCKED, COMMITTED, ROLLED_BACK] = [1n, 2n, 3n];

/** The kinds of bodies by label, as L-TX's table names them. */
export const KINDS = {
  open: "AccountOpen",
  transfer: "Transfer",
  lock: "TransferLock",
  commit: "TransferCommit",
  rollback: "TransferRollback",
};

export const addressText = ({ agent, platform }) => `${agent}@${platform}`;

/** L-STATE-3 */
export const accountPath = (address) =>
  digest("map-key", Buffer.from(`account/${addressText(address)}`));
export const transferPath = (id) => digest("map-key", Buffer.from("transfer/"), id);
export const pathOf = (entry) =>
  entry.$ === "account" ? accountPath(entry.address) : transferPath(entry.id);

/** The state: a map of accounts and transfers (L-STATE-1). It never changes; `with` gives another. */
export class State {
  constructor(trie = new Trie()) {
    this.trie = trie;
  }

  account(address) {
    return this.trie.get(accountPath(address));
  }

  transfer(id) {
    return this.trie.get(transferPath(id));
  }

  with(entries) {
    let trie = this.trie;
    for (const entry of entries) {
      trie = trie.put(pathOf(entry), records.write(records.entry, entry), entry);
    }
    return new State(trie);
  }

  root() {
    return this.trie.root();
  }

  entries() {
    return this.trie.leaves().map((leaf) => leaf.entry);
  }
}

/** The first state and the supply of a genesis: L-GEN-1 to L-GEN-3. */
export function firstState(genesis) {
  const endowments = records.read(records.endowments, genesis.content, records.MAX_GENESIS_BYTES);
  const platforms = new Set(genesis.platforms.map((platform) => platform.name));
  const seen = new Set();
  let supply = 0n;
  const entries = endowments.map(({ address, owner, amount_uatp }) => {
    const text = addressText(address);
    require(platforms.has(address.platform), "L-GEN-2", `${text} is on no platform`);
    require(!seen.has(text), "L-GEN-2", `${text} is listed twice`);
    seen.add(text);
    supply += amount_uatp;
    return { $: "account", address, owner, available_uatp: amount_uatp, locked_uatp: 0n, nonce: 0n };
  });
  require(supply <= MAX_UINT, "L-GEN-3", "the supply exceeds 2^63 - 1");
  return { state: new State().with(entries), supply };
}

/** The id of a transaction (L-TX-4). */
export const transactionId = (body, keys) => digest("transaction", body, ...keys);

/** What each key of a transaction signs (L-TX-4). */
export const transactionBytes = (id) => Buffer.concat([domain("transaction"), id]);

/**
 * A transaction from its bytes, its signatures not yet checked: tx, then the body, L-TX-1, L-TX-3.
 *
 * @param {{chainId: Buffer}} federation
 * @param {Buffer} input
 */
export function parseTransaction(federation, input) {
  const tx = records.read(records.tx, input, records.MAX_ITEM_BYTES);
  const body = records.read(records.body, tx.body, records.MAX_ITEM_BYTES);
  require(same(body.chain_id, federation.chainId), "L-TX-1", "a transaction of another chain");
  const wanted = body.$ === "open" ? 2 : 1;
  const good = tx.keys.length === wanted && tx.signatures.length === wanted;
  require(good, "L-TX-3", `${KINDS[body.$]} takes ${wanted} key(s) and as many signatures`);
  const id = transactionId(tx.body, tx.keys);
  return { id, body, keys: tx.keys, signatures: tx.signatures, bytes: input };
}

/** L-TX-4: each key signs the id. */
export function checkTransaction({ id, keys, signatures }) {
  keys.forEach((key, i) => {
    checkSignature(key, transactionBytes(id), signatures[i], "L-TX-4", `transaction ${hex(id)}`);
  });
}

/** Spending (L-RULE-3), with the clauses of the rule at hand for key, nonce and amount. */
function spend(source, body, key, [keyClause, nonceClause, amountClause]) {
  const refuse = (clause, code) => {
    throw new Refused(clause, code, { code });
  };
  if (!same(key, source.owner)) refuse(keyClause, "wrong-key");
  if (body.nonce < source.nonce) refuse(nonceClause, "nonce-used");
  if (body.nonce > source.nonce) refuse(nonceClause, "nonce-gap");
  if (body.amount_uatp <= 0n) refuse(amountClause, "amount-not-positive");
  if (body.amount_uatp > source.available_uatp) refuse(amountClause, "insufficient-funds");
  const available_uatp = source.available_uatp - body.amount_uatp;
  return { ...source, available_uatp, nonce: source.nonce + 1n };
}

const sameAddress = (a, b) => a.platform === b.platform && a.agent === b.agent;
const check = (holds, clause, code) => require(holds, clause, code, { code });

const RULES = {
  open({ body, keys }, state, federation) {
    const platform = federation.platform(body.address.platform);
    check(platform, "L-OPEN-1", "unknown-platform");
    const right = same(keys[0], platform.key) && same(keys[1], body.owner);
    check(right, "L-OPEN-2", "wrong-key");
    check(!state.account(body.address), "L-OPEN-3", "account-exists");
    const { address, owner } = body;
    return [{ $: "account", address, owner, available_uatp: 0n, locked_uatp: 0n, nonce: 0n }];
  },

  transfer({ body, keys }, state) {
    check(body.source.platform === body.destination.platform, "L-XFER-1", "not-local");
    const source = state.account(body.source);
    check(source, "L-XFER-2", "unknown-source");
    const destination = state.account(body.destination);
    check(destination, "L-XFER-3", "unknown-destination");
    check(!sameAddress(body.source, body.destination), "L-XFER-4", "same-account");
    const spent = spend(source, body, keys[0], ["L-XFER-5", "L-XFER-6", "L-XFER-7"]);
    const available_uatp = destination.available_uatp + body.amount_uatp;
    return [spent, { ...destination, available_uatp }];
  },

  lock({ id, body, keys }, state, federation, time) {
    check(federation.platform(body.destination.platform), "L-LOCK-1", "unknown-platform");
    check(body.source.platform !== body.destination.platform, "L-LOCK-2", "same-platform");
    const source = state.account(body.source);
    check(source, "L-LOCK-3", "unknown-source");
    check(state.account(body.destination), "L-LOCK-4", "unknown-destination");
    const spent = spend(source, body, keys[0], ["L-LOCK-5", "L-LOCK-6", "L-LOCK-7"]);
    check(body.expiry_ms > time, "L-LOCK-8", "expiry-not-future");
    const { source: from, destination, amount_uatp, expiry_ms } = body;
    return [
      { ...spent, locked_uatp: spent.locked_uatp + amount_uatp },
      { $: "transfer", id, source: from, destination, amount_uatp, expiry_ms, phase: LOCKED },
    ];
  },

  commit({ body, keys }, state, federation, time) {
    const transfer = state.transfer(body.transfer);
    check(transfer, "L-COMMIT-1", "unknown-transfer");
    const platform = federation.platform(transfer.destination.platform);
    check(same(keys[0], platform.key), "L-COMMIT-2", "wrong-key");
    check(transfer.phase === LOCKED, "L-COMMIT-3", "already-settled");
    check(time < transfer.expiry_ms, "L-COMMIT-4", "transfer-expired");
    const source = state.account(transfer.source);
    const destination = state.account(transfer.destination);
    return [
      { ...source, locked_uatp: source.locked_uatp - transfer.amount_uatp },
      { ...destination, available_uatp: destination.available_uatp + transfer.amount_uatp },
      { ...transfer, phase: COMMITTED },
    ];
  },

  rollback({ body, keys }, state, federation, time) {
    const transfer = state.transfer(body.transfer);
    check(transfer, "L-BACK-1", "unknown-transfer");
    check(transfer.phase === LOCKED, "L-BACK-2", "already-settled");
    const platform = federation.platform(transfer.destination.platform);
    const may = time >= transfer.expiry_ms || same(keys[0], platform.key);
    check(may, "L-BACK-3", "not-expired");
    const source = state.account(transfer.source);
    const locked_uatp = source.locked_uatp - transfer.amount_uatp;
    const available_uatp = source.available_uatp + transfer.amount_uatp;
    return [
      { ...source, locked_uatp, available_uatp },
      { ...transfer, phase: ROLLED_BACK },
    ];
  },
};

/** The entries that a transaction changes, or a refusal with clause and code (L-RULE-1, L-RULE-4). */
export function apply(federation, state, transaction, time) {
  return RULES[transaction.body.$](transaction, state, federation, time);
}

/** I-SUPPLY-1 to I-SUPPLY-4. @param {State} state @param {bigint} supply that of the genesis */
export function checkInvariants(state, supply) {
  let sum = 0n;
  const open = new Map();
  for (const entry of state.entries()) {
    if (entry.$ === "account") {
      const { address, available_uatp, locked_uatp, nonce } = entry;
      const good = available_uatp >= 0n && locked_uatp >= 0n && nonce >= 0n;
      require(good, "I-SUPPLY-2", `${addressText(address)} is below zero`);
      sum += available_uatp + locked_uatp;
      open.set(addressText(address), 0n);
    }
  }
  require(sum === supply, "I-SUPPLY-1", `the accounts hold ${sum}, not ${supply}`);
  for (const entry of state.entries()) {
    if (entry.$ !== "transfer") continue;
    const [source, destination] = [addressText(entry.source), addressText(entry.destination)];
    require(entry.amount_uatp >= 1n, "I-SUPPLY-2", "a transfer of nothing");
    const across = entry.source.platform !== entry.destination.platform;
    const ends = open.has(source) && open.has(destination) && across;
    require(ends, "I-SUPPLY-4", "a transfer not between open accounts of two platforms");
    if (entry.phase === LOCKED) open.set(source, open.get(source) + entry.amount_uatp);
  }
  for (const entry of state.entries()) {
    if (entry.$ !== "account") continue;
    const name = addressText(entry.address);
    const good = entry.locked_uatp === open.get(name);
    require(good, "I-SUPPLY-3", `what is locked in ${name} is not the sum of its transfers`);
  }
}
