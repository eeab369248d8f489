/** What a message must be before a platform takes it: spec/wire.md, Messages; certificates. */
import { be8, digest, domain } from "./hashes.mjs";
import { checkSignature } from "./ed25519.mjs";
import { checkTransaction, parseTransaction } from "./ledger.mjs";
import * as records from "./records.mjs";
import { Refused, require, same } from "./refused.mjs";

export const [PRE_PREPARE, PREPARE, COMMIT, VIEW_CHANGE, STATUS] = [1n, 2n, 3n, 4n, 5n];

/** The signed bytes of a statement (C-STMT-2). */
export function statementBytes(chainId, { kind, height, view, digest }) {
  const parts = [domain("statement"), chainId, Buffer.from([Number(kind)])];
  return Buffer.concat([...parts, be8(height), be8(view), digest]);
}

/** The digest of a VIEW-CHANGE (C-STMT-3). @param {object|null} prepared its certificate */
export function preparedDigest(prepared) {
  return prepared ? digest("prepared", be8(prepared.view), prepared.digest) : Buffer.alloc(32);
}

/** A certificate by itself: C-CERT-1, C-CERT-2. Refused as `clause`. */
function checkSigners(federation, certificate, clause) {
  const signers = certificate.signatures.map(([signer]) => Number(signer));
  require(signers.length >= federation.quorum, clause, "fewer signers than a quorum");
  require(signers.every((s) => s < federation.n), clause, "a signer who is no platform");
  const ascend = signers.every((s, i) => i === 0 || signers[i - 1] < s);
  require(ascend, clause, "signers that do not strictly ascend");
}

function checkWhat(certificate, kind, height, digest, clause) {
  require(certificate.kind === kind, clause, "statements of another kind");
  require(certificate.height === height, clause, "statements of another height");
  require(same(certificate.digest, digest), clause, "statements of another digest");
}

/** C-CERT-3, without the signatures. @param {bigint} below the view of the statement that carries it */
export function checkPrepared(federation, certificate, height, digest, below) {
  checkWhat(certificate, PREPARE, height, digest, "C-CERT-3");
  require(certificate.view < below, "C-CERT-3", "not of an earlier view");
  checkSigners(federation, certificate, "C-CERT-3");
}

/** C-CERT-4, without the signatures. */
export function checkDecided(federation, certificate, height, digest) {
  checkWhat(certificate, COMMIT, height, digest, "C-CERT-4");
  checkSigners(federation, certificate, "C-CERT-4");
}

/** Every signature of a certificate, each over its kind, height, view and digest (W-MSG-2). */
export function checkCertificateSignatures(federation, certificate) {
  const signed = statementBytes(federation.chainId, certificate);
  for (const [signer, signature] of certificate.signatures) {
    const who = `platform ${signer}`;
    checkSignature(federation.keys[Number(signer)], signed, signature, "W-MSG-2", who);
  }
}

function checkKind(statement, ...kinds) {
  require(kinds.includes(statement.kind), "W-MSG-4", "a statement of another kind of message");
}

function checkStatement(federation, { signer, height }) {
  require(signer < BigInt(federation.n), "W-MSG-3", "a signer who is no platform");
  require(height > 0n, "W-MSG-3", "a statement of height 0");
}

function checkBlock(federation, block, height) {
  require(same(block.header.chain_id, federation.chainId), "W-MSG-5", "a block of another chain");
  require(block.header.height === height, "W-MSG-5", "a block of another height");
}

/** The checks of each message, in the order of the table. */
const CHECKS = {
  vote(federation, { statement }) {
    checkKind(statement, PREPARE, COMMIT);
    checkStatement(federation, statement);
  },

  status(federation, { statement }) {
    checkKind(statement, STATUS);
    checkStatement(federation, statement);
  },

  proposal(federation, { statement, block, justification }) {
    checkKind(statement, PRE_PREPARE);
    checkStatement(federation, statement);
    const { signer, height, view, digest } = statement;
    const turn = Number(signer) === federation.proposer(height, view);
    require(turn, "W-MSG-6", "not by the proposer of its view");
    const names = same(digest, records.headerDigest(block.header));
    require(names, "W-MSG-6", "the statement names another block");
    checkBlock(federation, block, height);
    if (justification) checkPrepared(federation, justification, height, digest, view);
  },

  view_change(federation, { statement, prepared, block }) {
    checkKind(statement, VIEW_CHANGE);
    checkStatement(federation, statement);
    const { height, view, digest } = statement;
    require(view > 0n, "C-VIEW-1", "a VIEW-CHANGE into view 0");
    require(same(digest, preparedDigest(prepared)), "C-STMT-3", "the digest is of another certificate");
    const both = (prepared === null) === (block === null);
    require(both, "C-VIEW-3", "of certificate and block only one");
    if (block === null) return;
    checkBlock(federation, block, height);
    checkPrepared(federation, prepared, height, records.headerDigest(block.header), view);
  },

  decided(federation, { block, certificate }) {
    checkBlock(federation, block, block.header.height);
    const digest = records.headerDigest(block.header);
    checkDecided(federation, certificate, block.header.height, digest);
    require(certificate.height > 0n, "W-MSG-3", "statements of height 0");
  },

  submission() {},
};

/** The transactions in a message, parsed. */
function transactionsIn(federation, message) {
  const items = message.$ === "submission" ? message.transactions : (message.block?.payload ?? []);
  return items.map((item) => parseTransaction(federation, item));
}

/** All checks but those of bytes and types; the transactions in it come with the message. */
export function checkMessage(federation, message) {
  const transactions = transactionsIn(federation, message);
  CHECKS[message.$](federation, message);
  const { statement, signature } = message;
  if (statement) {
    const signed = statementBytes(federation.chainId, statement);
    const who = `platform ${statement.signer}`;
    checkSignature(federation.keys[Number(statement.signer)], signed, signature, "W-MSG-2", who);
  }
  const certificate = message.certificate ?? message.justification ?? message.prepared;
  if (certificate) checkCertificateSignatures(federation, certificate);
  transactions.forEach(checkTransaction);
  return { message, transactions };
}

/** Opens a message: bytes, types, and the checks in their order, signatures last (W-MSG-1 to -8). */
export function open(federation, input) {
  if (input.length > records.MAX_MESSAGE_BYTES) throw new Refused("W-MSG-1", "a message too long");
  const message = records.read(records.message, input, records.MAX_MESSAGE_BYTES);
  return checkMessage(federation, message);
}
