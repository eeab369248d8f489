/** The records of spec/wire.md, as its tables list them. */
import { decode, encode } from "./cbor.mjs";
import { digest, listRoot } from "./hashes.mjs";
import { hex, require, same } from "./refused.mjs";
import { MAX_UINT, bytes, integer, line, list, name } from "./types.mjs";
import { oneOf, optional, pair, record } from "./types.mjs";

export const MAX_MESSAGE_BYTES = 2097152;
export const MAX_GENESIS_BYTES = 2 ** 30;
export const MAX_ITEM_BYTES = 2048;
export const MAX_HANDSHAKE_BYTES = 512;
export const MAX_EVENT_BYTES = 4194304;
const MAX_BLOCK_BYTES = 1048576;

const uint = integer();
const hash = bytes(32);
const signature = bytes(64);
const signer = integer(127n);
const kind = integer(5n, 1n);
const item = bytes(1, MAX_ITEM_BYTES);

// Genesis and blocks

export const platform = record("platform", { name, key: hash });

export const genesis = record(
  "genesis",
  { chain: name, time_ms: uint, platforms: list(platform, 128), content: bytes(0, 2 ** 30) },
  ({ platforms }) => {
    const names = new Set(platforms.map((p) => p.name));
    const keys = new Set(platforms.map((p) => hex(p.key)));
    require(platforms.length > 0, "H-GENESIS-1", "no platform");
    require(names.size === platforms.length, "H-GENESIS-1", "a name twice");
    require(keys.size === platforms.length, "H-GENESIS-1", "a key twice");
  },
);

export const header = record("header", {
  chain_id: hash,
  height: uint,
  parent: hash,
  time_ms: uint,
  payload_root: hash,
  state_root: hash,
});

/** The digest of a block (H-BLOCK-1). @returns {Buffer} */
export const headerDigest = (fields) => digest("header", encode(header.write(fields)));

export const block = record("block", { header, payload: list(item, 4096) }, (read) => {
  const size = read.payload.reduce((sum, { length }) => sum + length, 0);
  require(size <= MAX_BLOCK_BYTES, "H-BLOCK-3", "too many bytes in all items");
  const root = listRoot(read.payload);
  require(same(root, read.header.payload_root), "H-BLOCK-2", "not the root of these items");
});
const plainBlock = block.show;
block.show = (read) => ({ ...plainBlock(read), digest: hex(headerDigest(read.header)) });

// Messages

export const statement = record("statement", { kind, height: uint, view: uint, digest: hash, signer });

export const certificate = record("certificate", {
  kind,
  height: uint,
  view: uint,
  digest: hash,
  signatures: list(pair(signer, signature), 128),
});

const said = { statement, signature };
export const vote = record("vote", said);
export const proposal = record("proposal", { ...said, block, justification: optional(certificate) });
export const viewChange = record("view_change", {
  ...said,
  prepared: optional(certificate),
  block: optional(block),
});
export const status = record("status", said);
export const decided = record("decided", { block, certificate });
export const submission = record("submission", { transactions: list(item, 256) });
export const message = oneOf(vote, proposal, viewChange, status, decided, submission);

export const evidence = record("evidence", {
  first: statement,
  first_signature: signature,
  second: statement,
  second_signature: signature,
});

// Ledger records

export const address = record("address", { platform: name, agent: name });
export const account = record("account", {
  address,
  owner: hash,
  available_uatp: uint,
  locked_uatp: uint,
  nonce: uint,
});
export const transfer = record("transfer", {
  id: hash,
  source: address,
  destination: address,
  amount_uatp: uint,
  expiry_ms: uint,
  phase: integer(3n, 1n),
});
export const entry = oneOf(account, transfer);
export const endowment = record("endowment", { address, owner: hash, amount_uatp: uint });
export const endowments = list(endowment, 2 ** 30);

export const tx = record("tx", {
  body: item,
  keys: list(hash, 2),
  signatures: list(signature, 2),
});
const spending = {
  chain_id: hash,
  source: address,
  destination: address,
  amount_uatp: uint,
  nonce: integer(MAX_UINT - 1n), // L-TX-2
};
export const bodies = {
  open: record("open", { chain_id: hash, address, owner: hash }),
  transfer: record("transfer", spending),
  lock: record("lock", { ...spending, expiry_ms: uint }),
  commit: record("commit", { chain_id: hash, transfer: hash }),
  rollback: record("rollback", { chain_id: hash, transfer: hash, reason: line(120) }), // L-TX-5
};
export const body = oneOf(...Object.values(bodies));

// Proofs for light clients

export const anchor = record("anchor", { header, certificate });
export const step = record("step", { bitmap: integer(65535n), siblings: list(hash, 16) });
export const mapProof = record("proof", { steps: list(step, 64) });
export const entryProof = record("entry_proof", { anchor, entry, proof: mapProof });
export const inclusionProof = record("inclusion_proof", {
  anchor,
  transaction: item,
  index: integer(4096n),
  size: integer(4096n),
  path: list(hash, 64),
});

// The link

export const hello = record("hello", { chain_id: hash, platform: signer, nonce: hash });
export const welcome = record("welcome", { platform: signer, nonce: hash, signature });
export const linkProof = record("proof", { signature });

// Journal records

const now = { now_ms: uint };
export const timer = record("timer", { kind: integer(5n, 1n), height: uint, view: uint });
export const SETTINGS = [
  "view_timeout_ms",
  "view_timeout_max_ms",
  "propose_delay_ms",
  "resend_ms",
  "status_ms",
  "sync_delay_ms",
  "clock_drift_ms",
  "block_items",
  "block_bytes",
  "pool_items",
];
const settings = record("settings", Object.fromEntries(SETTINGS.map((setting) => [setting, uint])));
export const event = oneOf(
  record("received", { message, ...now }),
  record("elapsed", { timer, ...now }),
  record("submitted", { transactions: list(item, 4096), ...now }),
  record("connected", { platform: signer, ...now }),
  record("resumed", { ...now, settings: optional(settings) }),
);

/** Reads bytes as one of the records. */
export const read = (type, input, limit) => type.read(decode(input, limit));

/** @returns {Buffer} a record's one encoding */
export const write = (type, fields) => encode(type.write(fields));
