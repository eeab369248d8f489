/**
 * Types of fields: spec/wire.md, Types.
 *
 * A type reads a value of the codec, strictly (`read`), gives it back (`write`), and shows it as
 * the vectors do (`show`).
 */
import { Refused, hex, require } from "./refused.mjs";

export const MAX_UINT = 2n ** 63n - 1n;
const NAME = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/;
const NOT_IN_A_LINE = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/;
const MAX_NUMBER = BigInt(Number.MAX_SAFE_INTEGER);

/** An integer as the vectors show it. @param {bigint} value */
export function showInteger(value) {
  return value <= MAX_NUMBER && value >= -MAX_NUMBER ? Number(value) : value.toString();
}

const asIs = (value) => value;

/** An integer from `least` to `most` (W-TYPE-1). */
export function integer(most = MAX_UINT, least = 0n) {
  function read(value) {
    const good = typeof value === "bigint" && value >= least && value <= most;
    require(good, "W-TYPE-1", `not an integer from ${least} to ${most}`);
    return value;
  }
  return { read, write: asIs, show: showInteger };
}

/** A byte string (W-TYPE-2). */
export function bytes(least, most = least) {
  function read(value) {
    const good = value instanceof Uint8Array && value.length >= least && value.length <= most;
    require(good, "W-TYPE-2", `not a byte string of ${least} to ${most} bytes`);
    return value;
  }
  return { read, write: asIs, show: hex };
}

/** A name (W-TYPE-3). */
export const name = {
  read(value) {
    require(typeof value === "string" && NAME.test(value), "W-TYPE-3", "not a name");
    return value;
  },
  write: asIs,
  show: asIs,
};

/** One line of at most so many characters (W-TYPE-3). */
export function line(most) {
  function read(value) {
    require(typeof value === "string", "W-TYPE-3", "not text");
    require([...value].length <= most, "W-TYPE-3", `longer than ${most} characters`);
    require(!NOT_IN_A_LINE.test(value), "W-TYPE-3", "a character that no line may have");
    return value;
  }
  return { read, write: asIs, show: asIs };
}

/** An array of items of one type (W-TYPE-4). */
export function list(type, most) {
  function read(value) {
    require(Array.isArray(value), "W-TYPE-4", "not an array");
    require(value.length <= most, "W-TYPE-4", `more than ${most} items`);
    return value.map((item) => type.read(item));
  }
  return {
    read,
    write: (items) => items.map((item) => type.write(item)),
    show: (items) => items.map((item) => type.show(item)),
  };
}

/** null, or a value of a type. */
export function optional(type) {
  return {
    read: (value) => (value === null ? null : type.read(value)),
    write: (value) => (value === null ? null : type.write(value)),
    show: (value) => (value === null ? null : type.show(value)),
  };
}

/** A `[signer, signature]` pair (W-TYPE-5). */
export function pair(first, second) {
  function read(value) {
    require(Array.isArray(value) && value.length === 2, "W-TYPE-5", "not a pair");
    return [first.read(value[0]), second.read(value[1])];
  }
  return {
    read,
    write: ([a, b]) => [first.write(a), second.write(b)],
    show: ([a, b]) => [first.show(a), second.show(b)],
  };
}

/**
 * A record (W-TYPE-5); what is read has its fields by name, and its label as `$`.
 *
 * @param {string} label
 * @param {Record<string, object>} fields types by name, in order
 * @param {(record: object) => void} [check] what must hold of the record as a whole
 */
export function record(label, fields, check = () => {}) {
  const types = Object.entries(fields);
  function read(value) {
    require(Array.isArray(value), "W-TYPE-5", `${label} is no array`);
    require(value[0] === label, "W-TYPE-5", `the label is not ${label}`);
    require(value.length === types.length + 1, "W-TYPE-5", `${label} has not ${types.length} fields`);
    const result = { $: label };
    types.forEach(([field, type], i) => (result[field] = type.read(value[i + 1])));
    check(result);
    return result;
  }
  function show(result) {
    return Object.fromEntries(types.map(([field, type]) => [field, type.show(result[field])]));
  }
  const write = (result) => [label, ...types.map(([field, type]) => type.write(result[field]))];
  return { label, read, write, show };
}

/** One of several records (W-TYPE-6). */
export function oneOf(...records) {
  const by = new Map(records.map((type) => [type.label, type]));
  function read(value) {
    const type = Array.isArray(value) ? by.get(value[0]) : undefined;
    if (!type) throw new Refused("W-TYPE-6", `not one of ${[...by.keys()].join(", ")}`);
    return type.read(value);
  }
  return {
    read,
    write: (result) => by.get(result.$).write(result),
    show: (result) => by.get(result.$).show(result),
  };
}
