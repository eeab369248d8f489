/** For each format of vectors, what to do with a case: spec/vectors/README.md. */
import { decode, encode } from "./cbor.mjs";
import { applyBlock, verifyChain } from "./chain.mjs";
import * as ed25519 from "./ed25519.mjs";
import { Federation, quorums } from "./federation.mjs";
import * as gate from "./gate.mjs";
import { checkListProof, digest, domain, listRoot } from "./hashes.mjs";
import * as ledger from "./ledger.mjs";
import { checkEntryProof, checkInclusionProof, trust } from "./light.mjs";
import * as link from "./link.mjs";
import { Trie, checkMapProof } from "./map.mjs";
import * as records from "./records.mjs";
import { Refused, hex, require, same, unhex } from "./refused.mjs";
import { Transcript, normal } from "./transcripts.mjs";
import { showInteger } from "./types.mjs";

/** Bytes as a vector gives them: hexadecimal, or head, repeat, times, tail. */
export function bytesOf(given) {
  if (typeof given === "string") return unhex(given);
  const { head, repeat, times, tail } = given;
  return unhex(head + repeat.repeat(times) + tail);
}

const big = (number) => BigInt(number);

function showValue(value) {
  if (typeof value === "bigint") {
    const shown = showInteger(value);
    return typeof shown === "number" ? shown : { integer: shown };
  }
  if (value instanceof Uint8Array) return { bytes: hex(value) };
  if (Array.isArray(value)) return value.map(showValue);
  if (value instanceof Map) return { map: [...value].map(([key, item]) => [key, showValue(item)]) };
  return value;
}

export function showEntry(entry) {
  const encoded = hex(records.write(records.entry, entry));
  const path = hex(ledger.pathOf(entry));
  return { path, encoded, kind: entry.$, ...records.entry.show(entry) };
}

const byPath = (entries) => entries.map(showEntry).sort((a, b) => (a.path < b.path ? -1 : 1));

const showEnd = (federation, tip) => ({
  height: showInteger(tip.header.height),
  digest: hex(tip.digest),
  time_ms: showInteger(tip.header.time_ms),
  state_root: hex(tip.state.root()),
  supply_uatp: showInteger(federation.supply),
  entries: byPath(tip.state.entries()),
});

/** What each name of records.json is read as. */
const RECORDS = {
  platform: records.platform,
  genesis: records.genesis,
  header: records.header,
  block: records.block,
  statement: records.statement,
  certificate: records.certificate,
  message: records.message,
  evidence: records.evidence,
  address: records.address,
  entry: records.entry,
  endowment: records.endowment,
  body: records.body,
  hello: records.hello,
  welcome: records.welcome,
  "link proof": records.linkProof,
  event: records.event,
};

const federations = new Map();
function federationOf(input) {
  if (!federations.has(input)) federations.set(input, new Federation(unhex(input)));
  return federations.get(input);
}

/** Each transcript goes on from event to event. */
const transcripts = new WeakMap();

const trustOf = (given) => trust(unhex(given.trust.chain_id), given.trust.keys.map(unhex));

function stateOf(given, name) {
  const entries = given.states[name].entries.map(({ encoded }) =>
    records.read(records.entry, unhex(encoded), records.MAX_ITEM_BYTES),
  );
  return new ledger.State().with(entries);
}

function signedBytes(input) {
  if (input.what === "statement") {
    const statement = {
      kind: big(input.kind),
      height: big(input.height),
      view: big(input.view),
      digest: unhex(input.digest),
    };
    return { bytes: gate.statementBytes(unhex(input.chain_id), statement) };
  }
  if (input.what === "transaction") {
    const id = ledger.transactionId(unhex(input.body), input.keys.map(unhex));
    return { id: hex(id), bytes: ledger.transactionBytes(id) };
  }
  const { chain_id, speaker, listener, nonce_of_listener, nonce_of_speaker } = input;
  const nonces = [unhex(nonce_of_listener), unhex(nonce_of_speaker)];
  return { bytes: link.linkBytes(unhex(chain_id), speaker, listener, ...nonces) };
}

/** A function for each format: from input and given to the result, or a refusal. */
export const FORMATS = {
  codec({ bytes, limit }) {
    const input = bytesOf(bytes);
    const value = decode(input, limit);
    require(same(encode(value), input), "W-CBOR-4", "encoding the value gives other bytes");
    return { value: showValue(value) };
  },

  records({ record, bytes }) {
    const type = RECORDS[record];
    const input = bytesOf(bytes);
    const limit = record === "genesis" ? records.MAX_GENESIS_BYTES : records.MAX_EVENT_BYTES;
    const fields = records.read(type, input, limit);
    require(same(records.write(type, fields), input), "W-TYPE-5", "written, it is other bytes");
    return { fields: type.show(fields) };
  },

  digests({ tag, parts }) {
    return { domain: hex(domain(tag)), digest: hex(digest(tag, ...parts.map(unhex))) };
  },

  list_roots: ({ leaves }) => ({ root: hex(listRoot(leaves.map(unhex))) }),

  list_proofs({ root, leaf, index, size, path }) {
    checkListProof(unhex(root), unhex(leaf), big(index), big(size), path.map(unhex));
    return "accepted";
  },

  map_roots({ entries }) {
    let trie = new Trie();
    for (const [path, value] of entries) trie = trie.put(unhex(path), unhex(value), null);
    return { root: hex(trie.root()) };
  },

  map_proofs({ root, path, value, steps }) {
    const read = steps.map((step) => ({ ...step, siblings: step.siblings.map(unhex) }));
    checkMapProof(unhex(root), unhex(path), unhex(value), read);
    return "accepted";
  },

  keys({ key }) {
    const fault = ed25519.faultOfKey(unhex(key));
    if (fault) throw new Refused(fault, "the key does not count");
    return "accepted";
  },

  signatures({ key, message, signature }) {
    const fault = ed25519.faultOfSignature(unhex(key), unhex(message), unhex(signature));
    if (fault) throw new Refused(fault, "the signature does not count");
    return "accepted";
  },

  signed_bytes(input) {
    const { bytes, ...more } = signedBytes(input);
    const signature = ed25519.sign(unhex(input.private_key), bytes);
    return { ...more, bytes: hex(bytes), signature: hex(signature) };
  },

  quorums({ n, height, view }) {
    const { faulty, quorum, withAnHonestOne, proposer } = quorums(n);
    const turn = proposer(big(height), big(view));
    return { faulty, quorum, with_an_honest_one: withAnHonestOne, proposer: turn };
  },

  certificates({ n, proves, height, digest: of, certificate, below }, given) {
    const federation = federationOf(given.genesis[n]);
    const limit = records.MAX_MESSAGE_BYTES;
    const read = records.read(records.certificate, unhex(certificate), limit);
    if (proves === "prepared") {
      gate.checkPrepared(federation, read, big(height), unhex(of), big(below));
    } else {
      gate.checkDecided(federation, read, big(height), unhex(of));
    }
    gate.checkCertificateSignatures(federation, read);
    return "accepted";
  },

  messages({ message }, given) {
    const opened = gate.open(federationOf(given.genesis), bytesOf(message)).message;
    const statement = opened.statement ? records.statement.show(opened.statement) : null;
    return { label: opened.$, statement };
  },

  handshakes({ message, me, bytes, other, nonce, hello }, given) {
    const federation = federationOf(given.genesis);
    const input = bytesOf(bytes);
    if (message === "hello") link.checkHello(federation, me, input);
    if (message === "welcome") link.checkWelcome(federation, me, other, unhex(nonce), input);
    if (message === "proof") {
      const greeted = link.checkHello(federation, me, unhex(hello));
      link.checkProof(federation, me, greeted, unhex(nonce), input);
    }
    return "accepted";
  },

  packets({ packet }, given, result) {
    const frames = link.frames(bytesOf(packet));
    if (result && !result.frames) return { count: frames.length };
    const shown = frames.map((frame) =>
      frame.message ? { message: hex(frame.message) } : { request: showInteger(frame.request) },
    );
    return { count: frames.length, frames: shown };
  },

  genesis({ genesis }) {
    const federation = new Federation(unhex(genesis));
    const { header, digest: of, state } = federation.first;
    return {
      chain_id: hex(federation.chainId),
      header: hex(records.write(records.header, header)),
      digest: hex(of),
      state_root: hex(state.root()),
      supply_uatp: showInteger(federation.supply),
    };
  },

  transactions({ transaction }, given) {
    const parsed = ledger.parseTransaction(federationOf(given.genesis), unhex(transaction));
    ledger.checkTransaction(parsed);
    const { id, body, keys } = parsed;
    const kind = ledger.KINDS[body.$];
    return { id: hex(id), kind, body: records.body.show(body), keys: keys.map(hex) };
  },

  rules({ before, time_ms, transaction }, given) {
    const federation = federationOf(given.genesis);
    const state = stateOf(given, before);
    const parsed = ledger.parseTransaction(federation, unhex(transaction));
    ledger.checkTransaction(parsed);
    const changed = ledger.apply(federation, state, parsed, big(time_ms));
    return { changed: byPath(changed), state_root: hex(state.with(changed).root()) };
  },

  blocks({ block }, given) {
    const federation = federationOf(given.genesis);
    const read = records.read(records.block, unhex(block), records.MAX_MESSAGE_BYTES);
    const tip = applyBlock(federation, federation.first, read);
    const changed = byPath([...tip.changed.values()]);
    return { digest: hex(tip.digest), changed, state_root: hex(tip.state.root()) };
  },

  chains({ blocks }, given) {
    const federation = federationOf(given.genesis);
    return showEnd(federation, verifyChain(federation, blocks.map(unhex)));
  },

  federation({ blocks, entry_proofs, inclusion_proofs }, given) {
    const federation = federationOf(given.genesis);
    const steps = [];
    const tip = verifyChain(federation, blocks.map(unhex), ({ header, digest: of, state }) => {
      const message = records.read(records.message, unhex(blocks[steps.length]), 2097152);
      const ids = message.block.payload.map((item) => ledger.parseTransaction(federation, item).id);
      steps.push({
        height: showInteger(header.height),
        view: Number(message.certificate.view),
        digest: hex(of),
        time_ms: showInteger(header.time_ms),
        state_root: hex(state.root()),
        transactions: ids.map(hex),
      });
    });
    const trusted = trustOf(given);
    const entries = entry_proofs.map((proof) => checkEntryProof(trusted, unhex(proof)).entry);
    const included = inclusion_proofs.map((proof) => {
      const { header, index, transaction } = checkInclusionProof(trusted, unhex(proof));
      return {
        height: showInteger(header.height),
        block: hex(records.headerDigest(header)),
        transaction: hex(ledger.parseTransaction(federation, transaction).id),
        index: Number(index),
      };
    });
    const end = showEnd(federation, tip);
    return { steps, end, proved_entries: entries.map(showEntry), included };
  },

  entry_proofs({ proof }, given) {
    const { height, entry } = checkEntryProof(trustOf(given), unhex(proof));
    return { height: showInteger(height), entry: showEntry(entry) };
  },

  inclusion_proofs({ proof }, given) {
    const { header, index, transaction } = checkInclusionProof(trustOf(given), unhex(proof));
    const height = showInteger(header.height);
    return { height, index: Number(index), transaction: hex(transaction) };
  },

  transcript({ event }, given) {
    if (!transcripts.has(given)) transcripts.set(given, new Transcript(given));
    return normal(transcripts.get(given).step(event));
  },
};

/** What makes of a result in a file the one that a format's function gives. */
export const NORMAL = { transcript: normal };
