/** The map: a 16-way trie over paths of 32 bytes, spec/wire.md (W-MAP-1 to W-MAP-5). */
import { digest } from "./hashes.mjs";
import { require, same } from "./refused.mjs";

/** The half byte of a path at a depth, the high half of a byte first (W-MAP-1). */
const nibble = (path, depth) => (depth % 2 ? path[depth >> 1] & 15 : path[depth >> 1] >> 4);

/** W-MAP-3 */
export const leafDigest = (path, encoded) => digest("map-leaf", path, encoded);

/** W-MAP-4 */
function branchDigest(bitmap, children) {
  return digest("map-branch", Buffer.from([bitmap >> 8, bitmap & 255]), ...children);
}

class Leaf {
  constructor(path, encoded, entry) {
    this.path = path;
    this.encoded = encoded;
    this.entry = entry;
  }

  digest() {
    this.hash ??= leafDigest(this.path, this.encoded);
    return this.hash;
  }
}

class Branch {
  /** @param {(Leaf|Branch|undefined)[]} children by half byte */
  constructor(children) {
    this.children = children;
  }

  digest() {
    this.hash ??= branchDigest(this.bitmap(), this.children.filter(Boolean).map((c) => c.digest()));
    return this.hash;
  }

  bitmap() {
    return this.children.reduce((bits, child, at) => (child ? bits | (1 << at) : bits), 0);
  }

  with(at, child) {
    const children = this.children.slice();
    children[at] = child;
    return new Branch(children);
  }
}

function put(node, leaf, depth) {
  if (node === undefined) return leaf;
  if (node instanceof Branch) {
    const at = nibble(leaf.path, depth);
    return node.with(at, put(node.children[at], leaf, depth + 1));
  }
  if (same(node.path, leaf.path)) return leaf;
  // Two leaves: branches down to the depth at which each is alone (W-MAP-2).
  const branch = new Branch(new Array(16).fill(undefined)).with(nibble(node.path, depth), node);
  return put(branch, leaf, depth);
}

function* leaves(node) {
  if (node instanceof Leaf) yield node;
  if (node instanceof Branch) for (const child of node.children) yield* leaves(child);
}

/** A map that never changes: `put` gives another one. No entry is ever taken out (L-STATE-4). */
export class Trie {
  constructor(top = undefined) {
    this.top = top;
  }

  get(path) {
    let node = this.top;
    for (let depth = 0; node instanceof Branch; depth++) node = node.children[nibble(path, depth)];
    return node && same(node.path, path) ? node.entry : undefined;
  }

  put(path, encoded, entry) {
    return new Trie(put(this.top, new Leaf(path, encoded, entry), 0));
  }

  root() {
    return this.top ? this.top.digest() : digest("map-empty");
  }

  /** Leaves by ascending path. @returns {Leaf[]} */
  leaves() {
    return [...leaves(this.top)];
  }

  /** The steps of the proof of an entry, from the root on (W-MAP-5). */
  prove(path) {
    const steps = [];
    let node = this.top;
    for (let depth = 0; node instanceof Branch; depth++) {
      const at = nibble(path, depth);
      const siblings = node.children.filter((child, i) => child && i !== at);
      steps.push({ bitmap: BigInt(node.bitmap()), siblings: siblings.map((s) => s.digest()) });
      node = node.children[at];
    }
    return steps;
  }
}

const ones = (bits) => bits.toString(2).replaceAll("0", "").length;

/**
 * Checks that an encoded value is at a path (W-MAP-5).
 *
 * @param {Buffer} root
 * @param {Buffer} path
 * @param {Buffer} encoded
 * @param {{bitmap: bigint|number, siblings: Buffer[]}[]} steps
 */
export function checkMapProof(root, path, encoded, steps) {
  require(steps.length <= 64, "W-MAP-5", "more steps than a path has half bytes");
  let node = leafDigest(path, encoded);
  for (let depth = steps.length - 1; depth >= 0; depth--) {
    const bitmap = Number(steps[depth].bitmap);
    const siblings = steps[depth].siblings;
    const at = nibble(path, depth);
    require(bitmap >= 1 && bitmap <= 65535, "W-MAP-5", "the bitmap is not from 1 to 65,535");
    require(bitmap & (1 << at), "W-MAP-5", "the bitmap lacks the half byte of the path");
    require(ones(bitmap) === siblings.length + 1, "W-MAP-5", "bitmap and siblings do not match");
    require(siblings.every((s) => s.length === 32), "W-MAP-5", "a digest that has not 32 bytes");
    const before = ones(bitmap & ((1 << at) - 1));
    node = branchDigest(bitmap, [...siblings.slice(0, before), node, ...siblings.slice(before)]);
  }
  require(same(node, root), "W-MAP-5", "the steps do not lead to the root");
}
