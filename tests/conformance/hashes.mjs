/** Digests with domains, lists and their proofs: spec/wire.md, Digests. */
import { createHash } from "node:crypto";
import { require, same } from "./refused.mjs";

/** @returns {Buffer} SHA-256 of the parts, one after the other */
export function sha256(...parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** The domain of a tag (W-HASH-1). @returns {Buffer} */
export const domain = (tag) => Buffer.from(`web4/1/${tag}\0`, "latin1");

/** digest(tag, parts) (W-HASH-2). @returns {Buffer} */
export const digest = (tag, ...parts) => sha256(domain(tag), ...parts);

/** A number in 8 bytes, big-endian. @param {bigint} number */
export function be8(number) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(number);
  return bytes;
}

const LEAF = Buffer.from([0]);
const NODE = Buffer.from([1]);

/** The largest power of two below `size`, at which RFC 9162 splits a list. */
function split(size) {
  let at = 1;
  while (at * 2 < size) at *= 2;
  return at;
}

/** The root of a list (W-LIST-1). @param {Buffer[]} leaves */
export function listRoot(leaves) {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return sha256(LEAF, leaves[0]);
  const at = split(leaves.length);
  return sha256(NODE, listRoot(leaves.slice(0, at)), listRoot(leaves.slice(at)));
}

/** The inclusion proof of one leaf (W-LIST-2). @returns {Buffer[]} */
export function listProof(leaves, index) {
  if (leaves.length <= 1) return [];
  const at = split(leaves.length);
  const [left, right] = [leaves.slice(0, at), leaves.slice(at)];
  return index < at
    ? [...listProof(left, index), listRoot(right)]
    : [...listProof(right, index - at), listRoot(left)];
}

/**
 * Checks an inclusion proof (W-LIST-3): RFC 9162, section 2.1.3.2.
 *
 * @param {Buffer} root
 * @param {Buffer} leaf
 * @param {bigint} index
 * @param {bigint} size
 * @param {Buffer[]} path
 */
export function checkListProof(root, leaf, index, size, path) {
  require(index >= 0n && index < size, "W-LIST-3", "the index is not below the size");
  let fn = index;
  let sn = size - 1n;
  let node = sha256(LEAF, leaf);
  for (const sibling of path) {
    require(sn > 0n, "W-LIST-3", "the path is too long");
    require(sibling.length === 32, "W-LIST-3", "a node that has not 32 bytes");
    if (fn % 2n === 1n || fn === sn) {
      node = sha256(NODE, sibling, node);
      while (fn % 2n === 0n && fn !== 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else {
      node = sha256(NODE, node, sibling);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  require(sn === 0n, "W-LIST-3", "the path is too short");
  require(same(node, root), "W-LIST-3", "the path does not lead to the root");
}
