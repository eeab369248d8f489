/**
 * A small federation whose keys are known, to build chains with: good ones, and ones whose blocks
 * a quorum signed though no honest platform would.
 */
import { encode } from "./cbor.mjs";
import { applyBlock } from "./chain.mjs";
import * as ed25519 from "./ed25519.mjs";
import { genesisBytes, showAmount } from "./export_file.mjs";
import { Federation } from "./federation.mjs";
import { COMMIT, statementBytes } from "./gate.mjs";
import { listRoot, sha256 } from "./hashes.mjs";
import { parse } from "./json.mjs";
import { transactionBytes, transactionId } from "./ledger.mjs";
import * as records from "./records.mjs";
import { hex } from "./refused.mjs";

export const START_MS = 1_700_000_000_000n;
const PLATFORMS = ["thor", "sprout", "legion", "platform2"];

/** A private key made of words. @returns {Buffer} */
export const seedOf = (words) => sha256(Buffer.from(words));

export const keyOf = (words) => ed25519.publicKey(seedOf(words));

/** An address from "agent@platform". */
export function at(text) {
  const [agent, platform] = text.split("@");
  return { $: "address", platform, agent };
}

/** The readable form of the laboratory's genesis; `more` are accounts beyond Alice, Bob, Carol. */
export function readableGenesis(more = []) {
  const account = (address, owner, uatp) => ({ address, owner: hex(owner), atp: showAmount(uatp) });
  return {
    chain: "laboratory",
    time_ms: Number(START_MS),
    platforms: PLATFORMS.map((name) => ({ name, key: hex(keyOf(name)) })),
    accounts: [
      account("alice@thor", keyOf("alice"), 1_000_000_000n),
      account("bob@sprout", keyOf("bob"), 500_000_000n),
      account("carol@thor", keyOf("carol"), 500_000n),
      ...more,
    ],
  };
}

/** A chain under construction. */
export class Laboratory {
  constructor(genesis = readableGenesis()) {
    this.genesis = genesis;
    this.federation = new Federation(genesisBytes(parse(JSON.stringify(genesis))));
    this.tip = this.federation.first;
    /** @type {{block: string, certificate: string}[]} */
    this.lines = [];
  }

  /** Another one at the same point, which goes on by itself. */
  fork() {
    const other = Object.assign(Object.create(Object.getPrototypeOf(this)), this);
    other.lines = [...this.lines];
    return other;
  }

  /**
   * A transaction's bytes.
   *
   * @param {object} body its fields, with the label as `$`; the chain id is filled in
   * @param {string[]} signers words of the keys
   */
  transaction(body, ...signers) {
    const fields = { chain_id: this.federation.chainId, ...body };
    const bytes = encode(records.bodies[body.$].write(fields));
    const keys = signers.map(keyOf);
    const id = transactionId(bytes, keys);
    const signatures = signers.map((words) => ed25519.sign(seedOf(words), transactionBytes(id)));
    return encode(records.tx.write({ body: bytes, keys, signatures }));
  }

  open(address, ...signers) {
    const owner = keyOf(at(address).agent);
    return this.transaction({ $: "open", address: at(address), owner }, ...signers);
  }

  transfer(source, destination, amount_uatp, nonce, signer = at(source).agent) {
    const ends = { source: at(source), destination: at(destination) };
    return this.transaction({ $: "transfer", ...ends, amount_uatp, nonce }, signer);
  }

  lock(source, destination, amount_uatp, nonce, expiry_ms, signer = at(source).agent) {
    const ends = { source: at(source), destination: at(destination) };
    return this.transaction({ $: "lock", ...ends, amount_uatp, nonce, expiry_ms }, signer);
  }

  commit(transfer, signer) {
    return this.transaction({ $: "commit", transfer }, signer);
  }

  rollback(transfer, signer, reason = "") {
    return this.transaction({ $: "rollback", transfer, reason }, signer);
  }

  /** The next block, as it should be but for `other` fields of its header. */
  block(payload, other = {}) {
    const header = {
      $: "header",
      chain_id: this.federation.chainId,
      height: this.tip.header.height + 1n,
      parent: this.tip.digest,
      time_ms: this.tip.header.time_ms + 1000n,
      payload_root: listRoot(payload),
      state_root: this.tip.state.root(),
      ...other,
    };
    const block = { $: "block", header, payload };
    if (!other.state_root) header.state_root = this.resultingRoot(block) ?? header.state_root;
    return block;
  }

  /** The state root after a block, if its transactions apply. */
  resultingRoot(block) {
    const { header, payload } = block;
    const parent = this.tip.header;
    const asIf = {
      ...header,
      chain_id: this.federation.chainId,
      height: parent.height + 1n,
      parent: this.tip.digest,
      time_ms: header.time_ms > parent.time_ms ? header.time_ms : parent.time_ms + 1n,
    };
    try {
      applyBlock(this.federation, this.tip, { header: asIf, payload });
    } catch (error) {
      return error.clause === "I-ROOT-1" ? error.root : undefined;
    }
    return header.state_root;
  }

  /** A certificate for a block; `other` tells what is signed or written otherwise. */
  certificate(block, other = {}) {
    const { signers = [0, 1, 2], view = 0n, kind = COMMIT, signed = {}, seeds = {} } = other;
    const { header } = block;
    const what = { kind, height: header.height, view, digest: records.headerDigest(header) };
    const { chainId = this.federation.chainId, ...statement } = signed;
    const bytes = statementBytes(chainId, { ...what, ...statement });
    const signatures = signers.map((signer) => {
      const seed = seeds[signer] ?? seedOf(PLATFORMS[signer] ?? `platform ${signer}`);
      return [BigInt(signer), ed25519.sign(seed, bytes)];
    });
    return { $: "certificate", ...what, signatures };
  }

  /** Puts a block and its certificate at the end; the tip moves on only if the block is valid. */
  put(block, certificate) {
    this.lines.push({
      block: hex(encode(records.block.write(block))),
      certificate: hex(encode(records.certificate.write(certificate))),
    });
    return this;
  }

  /** Decides a good block of these items. */
  decide(payload, { view = 0n, signers, ...other } = {}) {
    const block = this.block(payload, other);
    this.put(block, this.certificate(block, { view, signers }));
    this.tip = applyBlock(this.federation, this.tip, block);
    return this;
  }

  /** Puts a block that a quorum signed, valid or not. */
  force(payload, other = {}, certified = {}) {
    const block = this.block(payload, other);
    return this.put(block, this.certificate(block, certified));
  }

  /** The lines of the export. @returns {string[]} */
  export() {
    const lines = [{ genesis: this.genesis }, ...this.lines];
    return lines.map((line) => JSON.stringify(line));
  }
}

/** The id of a transaction from its bytes. */
export function idOf(input) {
  const { body, keys } = records.read(records.tx, input, records.MAX_ITEM_BYTES);
  return transactionId(body, keys);
}

/** A chain with each kind of transaction, an empty block, and a block decided in a later view. */
export function goodChain(lab = new Laboratory()) {
  const expiry = START_MS + 5_500n;
  lab.decide([lab.open("dave@legion", "legion", "dave")]);
  const [first, second] = [
    lab.lock("alice@thor", "bob@sprout", 200_000_000n, 0n, expiry),
    lab.lock("alice@thor", "dave@legion", 1_000_000n, 1n, expiry),
  ];
  lab.decide([first, second, lab.transfer("carol@thor", "alice@thor", 250_000n, 0n)]);
  lab.decide([lab.commit(idOf(first), "sprout")], { signers: [0, 1, 2, 3] });
  lab.decide([], { view: 2n });
  lab.decide([lab.transfer("alice@thor", "carol@thor", 7n, 2n)], { signers: [1, 2, 3] });
  lab.decide([lab.rollback(idOf(second), "mallory", "expired")]);
  return lab;
}
