/**
 * The profile of CBOR: spec/wire.md, Values.
 *
 * Integers are BigInt, byte strings Buffer, maps Map; text, arrays, booleans and null are
 * JavaScript's own.
 */
import { Refused, require } from "./refused.mjs";

const MAX_DEPTH = 32; // W-CBOR-14
// The default would swallow a byte order mark, so that two byte strings gave one text.
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  left() {
    return this.bytes.length - this.at;
  }

  take(count) {
    require(count <= this.left(), "W-CBOR-2", "the input ends within a value");
    const taken = this.bytes.subarray(this.at, this.at + Number(count));
    this.at += Number(count);
    return taken;
  }

  /** @returns {{major: number, info: number, argument: bigint}} */
  head() {
    const first = this.take(1)[0];
    const major = first >> 5;
    const info = first & 31;
    require(info !== 31, "W-CBOR-5", "an indefinite length, or a break");
    require(info < 28, "W-CBOR-6", "a reserved head");
    require(major !== 6, "W-CBOR-7", "a tag");
    if (major === 7) {
      require(info < 25, "W-CBOR-8", "a floating-point number");
      require(info >= 20 && info <= 22, "W-CBOR-9", "a simple value other than false, true, null");
      return { major, info, argument: 0n };
    }
    if (info < 24) return { major, info, argument: BigInt(info) };
    const size = 1 << (info - 24);
    let argument = 0n;
    for (const byte of this.take(size)) argument = (argument << 8n) | BigInt(byte);
    const least = size === 1 ? 24n : 1n << BigInt(4 * size);
    require(argument >= least, "W-CBOR-4", "an integer or a length in a longer form");
    return { major, info, argument };
  }

  text(length) {
    const bytes = this.take(length);
    try {
      return UTF8.decode(bytes);
    } catch {
      throw new Refused("W-CBOR-10", "text that is not UTF-8");
    }
  }

  value(depth) {
    const { major, info, argument } = this.head();
    if (major === 0) return argument;
    if (major === 1) return -1n - argument;
    if (major === 2) return this.take(argument);
    if (major === 3) return this.text(argument);
    if (major === 7) return info === 22 ? null : info === 21;
    require(depth < MAX_DEPTH, "W-CBOR-14", "arrays and maps nested too deep");
    const items = major === 4 ? argument : 2n * argument;
    require(items <= this.left(), "W-CBOR-2", "more items are claimed than bytes are left");
    return major === 4 ? this.array(argument, depth + 1) : this.map(argument, depth + 1);
  }

  array(count, depth) {
    const array = [];
    for (let i = 0n; i < count; i++) array.push(this.value(depth));
    return array;
  }

  map(count, depth) {
    const map = new Map();
    let before = null;
    for (let i = 0n; i < count; i++) {
      const start = this.at;
      const key = this.value(depth);
      require(typeof key === "string", "W-CBOR-11", "a key that is not text");
      const encoded = this.bytes.subarray(start, this.at);
      const order = before === null ? -1 : Buffer.compare(before, encoded);
      require(order !== 0, "W-CBOR-13", "a key that repeats");
      require(order < 0, "W-CBOR-12", "keys that do not ascend");
      before = encoded;
      map.set(key, this.value(depth));
    }
    return map;
  }
}

/**
 * The value that the bytes encode; W-CBOR-1 to W-CBOR-14.
 *
 * @param {Buffer} bytes
 * @param {number} limit the longest input allowed
 */
export function decode(bytes, limit) {
  require(bytes.length <= limit, "W-CBOR-1", `longer than ${limit} bytes`);
  const reader = new Reader(bytes);
  const value = reader.value(0);
  require(reader.left() === 0, "W-CBOR-3", "something follows the value");
  return value;
}

function head(major, argument) {
  const top = major << 5;
  if (argument < 24n) return Buffer.from([top | Number(argument)]);
  const size = argument < 1n << 8n ? 1 : argument < 1n << 16n ? 2 : argument < 1n << 32n ? 4 : 8;
  const digits = argument.toString(16).padStart(2 * size, "0");
  return Buffer.concat([Buffer.from([top | (24 + Math.log2(size))]), Buffer.from(digits, "hex")]);
}

/** The one byte string for a value. @returns {Buffer} */
export function encode(value) {
  if (value === null) return Buffer.from([0xf6]);
  if (typeof value === "boolean") return Buffer.from([value ? 0xf5 : 0xf4]);
  if (typeof value === "bigint") return value >= 0n ? head(0, value) : head(1, -1n - value);
  if (typeof value === "string") {
    const text = Buffer.from(value, "utf-8");
    return Buffer.concat([head(3, BigInt(text.length)), text]);
  }
  if (value instanceof Uint8Array) return Buffer.concat([head(2, BigInt(value.length)), value]);
  if (Array.isArray(value)) {
    return Buffer.concat([head(4, BigInt(value.length)), ...value.map(encode)]);
  }
  if (value instanceof Map) {
    const pairs = [...value].map(([key, item]) => [encode(key), encode(item)]);
    pairs.sort(([a], [b]) => Buffer.compare(a, b));
    return Buffer.concat([head(5, BigInt(pairs.length)), ...pairs.flat()]);
  }
  throw new TypeError(`no value of the codec: ${value}`);
}
