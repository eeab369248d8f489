/** Transactions that do not apply after the good chain, each with its refusal code. */
import { START_MS, idOf } from "./laboratory.mjs";

const LATER = START_MS + 60_000n;
const ZEROS = Buffer.alloc(32);
const STRANGER = "mallory";

/** [name, code, items of a block]. */
export const RULES = [
  [
    "overspending",
    "insufficient-funds",
    (lab) => [lab.transfer("alice@thor", "carol@thor", 800_249_994n, 3n)],
  ],
  ["overspending-by-two", "insufficient-funds", (lab) => [
    lab.transfer("alice@thor", "carol@thor", 800_000_000n, 3n),
    lab.transfer("alice@thor", "carol@thor", 249_994n, 4n),
  ]],
  [
    "an-amount-of-nothing",
    "amount-not-positive",
    (lab) => [lab.transfer("alice@thor", "carol@thor", 0n, 3n)],
  ],
  ["a-nonce-used", "nonce-used", (lab) => [lab.transfer("alice@thor", "carol@thor", 1n, 2n)]],
  ["a-nonce-too-high", "nonce-gap", (lab) => [lab.transfer("alice@thor", "carol@thor", 1n, 4n)]],
  ["a-transaction-twice", "nonce-used", (lab) => {
    const once = lab.transfer("alice@thor", "carol@thor", 1n, 3n);
    return [once, once];
  }],
  [
    "a-transfer-by-a-stranger",
    "wrong-key",
    (lab) => [lab.transfer("alice@thor", "carol@thor", 1n, 3n, STRANGER)],
  ],
  [
    "a-transfer-by-the-platform",
    "wrong-key",
    (lab) => [lab.transfer("alice@thor", "carol@thor", 1n, 3n, "thor")],
  ],
  [
    "a-transfer-by-its-receiver",
    "wrong-key",
    (lab) => [lab.transfer("alice@thor", "carol@thor", 1n, 3n, "carol")],
  ],
  [
    "a-transfer-across-platforms",
    "not-local",
    (lab) => [lab.transfer("alice@thor", "bob@sprout", 1n, 3n)],
  ],
  [
    "a-transfer-from-nobody",
    "unknown-source",
    (lab) => [lab.transfer("erin@thor", "carol@thor", 1n, 0n)],
  ],
  [
    "a-transfer-to-nobody",
    "unknown-destination",
    (lab) => [lab.transfer("alice@thor", "erin@thor", 1n, 3n)],
  ],
  [
    "a-transfer-to-oneself",
    "same-account",
    (lab) => [lab.transfer("alice@thor", "alice@thor", 1n, 3n)],
  ],
  [
    "an-opening-of-an-open-account",
    "account-exists",
    (lab) => [lab.open("dave@legion", "legion", "dave")],
  ],
  [
    "an-opening-by-another-platform",
    "wrong-key",
    (lab) => [lab.open("erin@thor", "sprout", "erin")],
  ],
  [
    "an-opening-with-its-keys-exchanged",
    "wrong-key",
    (lab) => [lab.open("erin@thor", "erin", "thor")],
  ],
  ["an-opening-without-the-owner", "wrong-key", (lab) => [lab.open("erin@thor", "thor", "thor")]],
  [
    "an-opening-on-no-platform",
    "unknown-platform",
    (lab) => [lab.open("erin@odin", "thor", "erin")],
  ],
  [
    "a-lock-within-a-platform",
    "same-platform",
    (lab) => [lab.lock("alice@thor", "carol@thor", 1n, 3n, LATER)],
  ],
  [
    "a-lock-to-no-platform",
    "unknown-platform",
    (lab) => [lab.lock("alice@thor", "bob@odin", 1n, 3n, LATER)],
  ],
  [
    "a-lock-to-nobody",
    "unknown-destination",
    (lab) => [lab.lock("alice@thor", "erin@sprout", 1n, 3n, LATER)],
  ],
  [
    "a-lock-from-nobody",
    "unknown-source",
    (lab) => [lab.lock("erin@thor", "bob@sprout", 1n, 0n, LATER)],
  ],
  [
    "a-lock-by-a-stranger",
    "wrong-key",
    (lab) => [lab.lock("alice@thor", "bob@sprout", 1n, 3n, LATER, STRANGER)],
  ],
  [
    "a-lock-of-too-much",
    "insufficient-funds",
    (lab) => [lab.lock("alice@thor", "bob@sprout", 900_000_000n, 3n, LATER)],
  ],
  [
    "a-lock-of-nothing",
    "amount-not-positive",
    (lab) => [lab.lock("alice@thor", "bob@sprout", 0n, 3n, LATER)],
  ],
  ["a-lock-that-expires-at-once", "expiry-not-future", (lab) => [
    lab.lock("alice@thor", "bob@sprout", 1n, 3n, lab.tip.header.time_ms + 1000n),
  ]],
  ["a-commit-of-no-transfer", "unknown-transfer", (lab) => [lab.commit(ZEROS, "sprout")]],
  ["a-rollback-of-no-transfer", "unknown-transfer", (lab) => [lab.rollback(ZEROS, "sprout")]],
  [
    "a-commit-of-what-was-rolled-back",
    "already-settled",
    (lab) => [lab.commit(lab.settled(3n), "legion")],
  ],
  [
    "a-commit-of-what-was-committed",
    "already-settled",
    (lab) => [lab.commit(lab.settled(2n), "sprout")],
  ],
  [
    "a-rollback-of-what-was-committed",
    "already-settled",
    (lab) => [lab.rollback(lab.settled(2n), "sprout")],
  ],
  ["a-commit-twice-in-a-block", "already-settled", (lab) => {
    const lock = lab.lock("alice@thor", "bob@sprout", 1n, 3n, LATER);
    return [lock, lab.commit(idOf(lock), "sprout"), lab.commit(idOf(lock), "sprout")];
  }],
  ["a-commit-by-the-source's-platform", "wrong-key", (lab) => {
    const lock = lab.lock("alice@thor", "bob@sprout", 1n, 3n, LATER);
    return [lock, lab.commit(idOf(lock), "thor")];
  }],
  ["a-commit-by-the-receiver", "wrong-key", (lab) => {
    const lock = lab.lock("alice@thor", "bob@sprout", 1n, 3n, LATER);
    return [lock, lab.commit(idOf(lock), "bob")];
  }],
  ["a-rollback-too-early", "not-expired", (lab) => {
    const lock = lab.lock("alice@thor", "bob@sprout", 1n, 3n, LATER);
    return [lock, lab.rollback(idOf(lock), "alice")];
  }],
  ["a-commit-before-its-lock", "unknown-transfer", (lab) => {
    const lock = lab.lock("alice@thor", "bob@sprout", 1n, 3n, LATER);
    return [lab.commit(idOf(lock), "sprout"), lock];
  }],
  ["spending-what-is-locked", "insufficient-funds", (lab) => [
    lab.lock("alice@thor", "bob@sprout", 800_000_000n, 3n, LATER),
    lab.transfer("alice@thor", "carol@thor", 300_000n, 4n),
  ]],
];
