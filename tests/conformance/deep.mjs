/**
 * Chains whose last block a quorum signed though it must not be valid: each with the clauses by one
 * of which it must be refused, and the refusal code where the ledger gives one.
 */
import { createHash } from "node:crypto";
import { encode } from "./cbor.mjs";
import { plusL } from "./changes.mjs";
import { RULES } from "./deep_rules.mjs";
import { publicKey } from "./ed25519.mjs";
import { PREPARE, STATUS } from "./gate.mjs";
import {
  Laboratory,
  at,
  goodChain,
  idOf,
  keyOf,
  readableGenesis,
  seedOf,
} from "./laboratory.mjs";
import * as records from "./records.mjs";
import { hex, unhex } from "./refused.mjs";

const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const RULE = "L-BLOCK-1 C-VALID-4";
const ZEROS = Buffer.alloc(32);
const STRANGER = "mallory";
const TRANSFER = { $: "transfer", destination: at("carol@thor"), amount_uatp: 1n };

/** A transaction that is none, in a block that a quorum signed: [name, clauses, item]. */
const TRANSACTIONS = [
  [
    "a-forged-signature",
    "L-TX-4 W-MSG-2",
    (lab) => forged(lab, (tx) => (tx.signatures[0] = Buffer.alloc(64))),
  ],
  [
    "a-signature-with-s-plus-l",
    "L-TX-4 W-MSG-2",
    (lab) => forged(lab, (tx) => (tx.signatures[0] = plusL(tx.signatures[0]))),
  ],
  [
    "another-key-than-signed",
    "L-TX-4 W-MSG-2",
    (lab) => forged(lab, (tx) => (tx.keys[0] = keyOf("carol"))),
  ],
  ["a-key-too-many", "L-TX-3", (lab) => forged(lab, (tx) => tx.keys.push(keyOf("carol")))],
  ["no-signature", "L-TX-3", (lab) => forged(lab, (tx) => tx.signatures.pop())],
  ["a-transaction-of-another-chain", "L-TX-1", (lab) => lab.transaction(
    { ...TRANSFER, chain_id: ZEROS, source: at("alice@thor"), nonce: 3n },
    "alice",
  )],
  [
    "a-nonce-of-2-63-1",
    "L-TX-2 W-TYPE-1",
    (lab) => lab.transfer("alice@thor", "carol@thor", 1n, 2n ** 63n - 1n),
  ],
  [
    "an-amount-of-2-63",
    "W-TYPE-1",
    (lab) => lab.transfer("alice@thor", "carol@thor", 2n ** 63n, 3n),
  ],
  ["an-amount-below-zero", "W-TYPE-1", (lab) => lab.transfer("alice@thor", "carol@thor", -1n, 3n)],
  ["a-reason-of-two-lines", "L-TX-5 W-TYPE-3", (lab) => lab.rollback(ZEROS, "sprout", "a\nb")],
  [
    "a-reason-of-121-characters",
    "L-TX-5 W-TYPE-3",
    (lab) => lab.rollback(ZEROS, "sprout", "x".repeat(121)),
  ],
  [
    "an-agent-in-capitals",
    "W-TYPE-3",
    (lab) => lab.transfer("Alice@thor", "carol@thor", 1n, 0n, "alice"),
  ],
  [
    "a-byte-after-the-transaction",
    "W-CBOR-3",
    (lab) => Buffer.concat([forged(lab, () => {}), Buffer.from([0])]),
  ],
  ["a-body-in-a-longer-form", "W-CBOR-4", (lab) => forged(lab, (tx) => {
    tx.body = Buffer.concat([Buffer.from([0x98, tx.body[0] & 31]), tx.body.subarray(1)]);
  })],
  [
    "a-body-of-no-known-kind",
    "W-TYPE-6",
    (lab) => forged(lab, (tx) => (tx.body = encode(["mint", lab.federation.chainId]))),
  ],
];

function forged(lab, change) {
  const tx = records.read(records.tx, lab.transfer("alice@thor", "carol@thor", 1n, 3n), 2048);
  change(tx);
  return encode(records.tx.write(tx));
}

/** A header, or a certificate, that is not as it should be: [name, clauses, force]. */
const BLOCKS = [
  [
    "the-state-root-of-nothing",
    "C-VALID-1 I-ROOT-1",
    (lab) => lab.force([lab.good()], { state_root: ZEROS }),
  ],
  [
    "the-state-root-before-it",
    "C-VALID-1 I-ROOT-1",
    (lab) => lab.force([lab.good()], { state_root: lab.tip.state.root() }),
  ],
  ["a-state-root-with-money-made-up", "C-VALID-1 I-ROOT-1", (lab) => {
    const alice = lab.tip.state.account(at("alice@thor"));
    const richer = { ...alice, available_uatp: alice.available_uatp + 1n };
    lab.force([], { state_root: lab.tip.state.with([richer]).root() });
  }],
  [
    "another-payload-root",
    "H-BLOCK-2 C-VALID-1",
    (lab) => lab.force([lab.good()], { payload_root: ZEROS }),
  ],
  ["another-parent", "C-VALID-1", (lab) => lab.force([lab.good()], { parent: ZEROS })],
  [
    "the-parents-parent",
    "C-VALID-1",
    (lab) => lab.force([lab.good()], { parent: lab.tip.header.parent }),
  ],
  [
    "a-height-too-high",
    "C-VALID-1",
    (lab) => lab.force([lab.good()], { height: lab.tip.header.height + 2n }),
  ],
  [
    "the-height-of-its-parent",
    "C-VALID-1",
    (lab) => lab.force([lab.good()], { height: lab.tip.header.height }),
  ],
  ["height-0", "C-VALID-1 W-MSG-3", (lab) => lab.force([lab.good()], { height: 0n })],
  ["another-chain-id", "W-MSG-5 C-VALID-1", (lab) => lab.force([lab.good()], { chain_id: ZEROS })],
  [
    "the-time-of-its-parent",
    "C-VALID-2",
    (lab) => lab.force([lab.good()], { time_ms: lab.tip.header.time_ms }),
  ],
  [
    "a-time-before-its-parent",
    "C-VALID-2",
    (lab) => lab.force([lab.good()], { time_ms: lab.tip.header.time_ms - 1n }),
  ],
  ["time-zero", "C-VALID-2", (lab) => lab.force([lab.good()], { time_ms: 0n })],
  ["two-signers", "C-CERT-4 C-CERT-1", (lab) => lab.force([lab.good()], {}, { signers: [0, 1] })],
  [
    "one-signer-thrice",
    "C-CERT-4 C-CERT-1 W-MSG-3",
    (lab) => lab.force([lab.good()], {}, { signers: [0, 0, 0] }),
  ],
  [
    "signers-not-ascending",
    "C-CERT-4 C-CERT-1 W-MSG-3",
    (lab) => lab.force([lab.good()], {}, { signers: [0, 2, 1] }),
  ],
  [
    "a-stranger-as-signer",
    "W-MSG-2",
    (lab) => lab.force([lab.good()], {}, { seeds: { 2: seedOf(STRANGER) } }),
  ],
  [
    "a-signer-beyond-the-platforms",
    "C-CERT-4 C-CERT-1 W-MSG-3",
    (lab) => lab.force([lab.good()], {}, { signers: [0, 1, 4] }),
  ],
  [
    "prepares-passed-off-as-commits",
    "W-MSG-2",
    (lab) => lab.force([lab.good()], {}, { signed: { kind: PREPARE } }),
  ],
  [
    "statuses-passed-off-as-commits",
    "W-MSG-2",
    (lab) => lab.force([lab.good()], {}, { signed: { kind: STATUS } }),
  ],
  [
    "a-certificate-of-prepares",
    "C-CERT-4",
    (lab) => lab.force([lab.good()], {}, { kind: PREPARE }),
  ],
  [
    "commits-of-another-view",
    "W-MSG-2",
    (lab) => lab.force([lab.good()], {}, { signed: { view: 1n } }),
  ],
  [
    "commits-of-another-height",
    "W-MSG-2",
    (lab) => lab.force([lab.good()], {}, { signed: { height: 1n } }),
  ],
  [
    "commits-of-another-digest",
    "W-MSG-2",
    (lab) => lab.force([lab.good()], {}, { signed: { digest: ZEROS } }),
  ],
  [
    "commits-of-another-chain",
    "W-MSG-2",
    (lab) => lab.force([lab.good()], {}, { signed: { chainId: ZEROS } }),
  ],
];

class DeepLaboratory extends Laboratory {
  good() {
    return this.transfer("alice@thor", "carol@thor", 1n, 3n);
  }

  /** The id of a transfer in a phase. @param {bigint} phase */
  settled(phase) {
    return this.tip.state.entries().find((e) => e.$ === "transfer" && e.phase === phase).id;
  }
}

/** A commit at, and a lock that stays past, its expiry: the block before must be there first. */
function expired() {
  const lab = goodChain(new DeepLaboratory());
  const expiry = lab.tip.header.time_ms + 2000n;
  const lock = lab.lock("alice@thor", "bob@sprout", 1n, 3n, expiry);
  lab.decide([lock]);
  lab.force([lab.commit(idOf(lock), "sprout")], { time_ms: expiry });
  return lab;
}

/**
 * A transfer from an account whose key is the identity: [S]B = R + [k]A holds for every S and
 * R = [S]B, but K-KEY-4 refuses the key.
 */
function keyOfSmallOrder() {
  const key = Buffer.concat([Buffer.from([1]), Buffer.alloc(31)]);
  const account = { address: "eve@thor", owner: hex(key), atp: "1" };
  const lab = goodChain(new DeepLaboratory(readableGenesis([account])));
  const seed = seedOf("any");
  const half = createHash("sha512").update(seed).digest().subarray(0, 32);
  half[0] &= 248;
  half[31] = (half[31] & 127) | 64;
  const s = BigInt(`0x${hex(Buffer.from(half).reverse())}`) % L;
  const tail = unhex(s.toString(16).padStart(64, "0")).reverse();
  const signature = Buffer.concat([publicKey(seed), tail]);
  const { chainId } = lab.federation;
  const body = { ...TRANSFER, chain_id: chainId, source: at("eve@thor"), nonce: 0n };
  const bytes = encode(records.bodies.transfer.write(body));
  lab.force([encode(records.tx.write({ body: bytes, keys: [key], signatures: [signature] }))]);
  return lab;
}

/** @returns {{name: string, clauses: string[], code?: string, height: number, lines: string[]}[]} */
export function deep() {
  const all = [];
  const add = (name, clauses, code, lab) => {
    const lines = lab.export();
    const height = lines.length - 1;
    all.push({ name: `signed-${name}`, clauses: clauses.split(" "), code, height, lines });
  };
  const good = goodChain(new DeepLaboratory());
  const fresh = () => good.fork();
  for (const [name, code, items] of RULES) {
    const lab = fresh();
    lab.force(items(lab));
    add(name.replaceAll("'", ""), RULE, code, lab);
  }
  for (const [name, clauses, item] of TRANSACTIONS) {
    const lab = fresh();
    lab.force([item(lab)]);
    add(name, clauses, undefined, lab);
  }
  for (const [name, clauses, force] of BLOCKS) {
    const lab = fresh();
    force(lab);
    add(name, clauses, undefined, lab);
  }
  add("a-commit-at-its-expiry", RULE, "transfer-expired", expired());
  add("a-key-of-small-order", "L-TX-4 W-MSG-2", undefined, keyOfSmallOrder());
  return all;
}
