/**
 * An export and the readable form of a genesis in it.
 *
 * The specification does not lay these down; the ids G-... are those that this implementation
 * proposes (see README.md).
 */
import { encode } from "./cbor.mjs";
import { applyBlock } from "./chain.mjs";
import { Federation } from "./federation.mjs";
import { checkMessage } from "./gate.mjs";
import { parse } from "./json.mjs";
import { addressText, checkInvariants } from "./ledger.mjs";
import * as records from "./records.mjs";
import { Refused, hex, require, unhex } from "./refused.mjs";
import { MAX_UINT } from "./types.mjs";

const ATP = 1_000_000n;
const AMOUNT = /^[0-9]{1,13}(?:\.[0-9]{1,6})?$/;
const KEY = /^[0-9a-f]{64}$/;
const HEX = /^(?:[0-9a-fA-F]{2})*$/;
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

/** An amount as people write it. @param {bigint} uatp */
export function showAmount(uatp) {
  const rest = (uatp % ATP).toString().padStart(6, "0").replace(/0+$/, "");
  return rest ? `${uatp / ATP}.${rest}` : `${uatp / ATP}`;
}

/** The amount in micro-ATP that decimal text stands for (G-GENESIS-4). @returns {bigint} */
export function readAmount(text) {
  const good = typeof text === "string" && AMOUNT.test(text);
  require(good, "G-GENESIS-4", "an amount is ATP in decimal text with at most 6 decimals");
  const [whole, rest = ""] = text.split(".");
  const amount = BigInt(whole) * ATP + BigInt(rest.padEnd(6, "0"));
  require(amount <= MAX_UINT, "G-GENESIS-4", "an amount beyond any ledger");
  return amount;
}

function members(value, what, names) {
  require(isObject(value), "G-GENESIS-1", `${what} is no object`);
  for (const name of names) require(name in value, "G-GENESIS-1", `${what} lacks ${name}`);
  for (const name in value) {
    require(names.includes(name), "G-GENESIS-1", `${what} has a member ${name} that is not known`);
  }
  return value;
}

function readKey(text) {
  const good = typeof text === "string" && KEY.test(text);
  require(good, "G-GENESIS-2", "a key is 64 hexadecimal digits in lower case");
  return unhex(text);
}

function readAddress(text) {
  require(typeof text === "string", "G-GENESIS-3", "an address is text");
  const parts = text.split("@");
  require(parts.length === 2, "G-GENESIS-3", "an address is agent@platform");
  const address = { $: "address", agent: parts[0], platform: parts[1] };
  return records.address.read(records.address.write(address));
}

/** The bytes of a genesis from its readable form (G-GENESIS-1 to G-GENESIS-5). @returns {Buffer} */
export function genesisBytes(object) {
  const { chain, time_ms, platforms, accounts } = members(object, "the genesis", [
    "chain",
    "time_ms",
    "platforms",
    "accounts",
  ]);
  const lists = Array.isArray(platforms) && Array.isArray(accounts);
  require(lists, "G-GENESIS-1", "platforms and accounts are arrays");
  const endowments = accounts.map((account) => {
    const { address, owner, atp } = members(account, "an account", ["address", "owner", "atp"]);
    const fields = { address: readAddress(address), owner: readKey(owner) };
    return { $: "endowment", ...fields, amount_uatp: readAmount(atp) };
  });
  const content = encode(records.endowments.write(endowments));
  const read = platforms.map((platform) => {
    const { name, key } = members(platform, "a platform", ["name", "key"]);
    return { $: "platform", name, key: readKey(key) };
  });
  const value = records.genesis.write({ chain, time_ms, platforms: read, content });
  records.genesis.read(value); // W-TYPE-1, W-TYPE-3, W-TYPE-4, H-GENESIS-1
  return encode(value);
}

function readLine(text) {
  let value;
  try {
    value = parse(text);
  } catch (error) {
    throw new Refused("G-EXPORT-1", `not JSON: ${error.message}`);
  }
  require(isObject(value), "G-EXPORT-1", "not a JSON object");
  return value;
}

function readHex(value, name) {
  const text = value[name];
  const good = typeof text === "string" && HEX.test(text);
  require(good, "G-EXPORT-3", `no ${name} in hexadecimal`);
  return unhex(text);
}

/** The lines of an export (G-EXPORT-1). @param {Buffer} input */
function linesOf(input) {
  let text;
  try {
    text = UTF8.decode(input);
  } catch {
    throw new Refused("G-EXPORT-1", "not UTF-8");
  }
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** The decided message of a line: block and certificate, each read from its bytes (G-EXPORT-3). */
function readDecided(line) {
  const value = readLine(line);
  const [block, certificate] = [readHex(value, "block"), readHex(value, "certificate")];
  const limit = records.MAX_MESSAGE_BYTES;
  const message = {
    $: "decided",
    block: records.read(records.block, block, limit),
    certificate: records.read(records.certificate, certificate, limit),
  };
  const { length } = records.write(records.decided, message);
  require(length <= limit, "W-MSG-1", "a message too long");
  return message;
}

/**
 * Verifies a chain as spec/ledger.md says, from an export.
 *
 * A refusal tells the height at which it stopped: 0 for the genesis.
 *
 * @param {Buffer} input the file
 */
export function verifyExport(input) {
  let height = 0;
  let transactions = 0;
  try {
    const lines = linesOf(input);
    require(lines.length > 0, "G-EXPORT-2", "no genesis");
    const first = readLine(lines[0]);
    require("genesis" in first, "G-EXPORT-2", "the first line holds no genesis");
    const federation = new Federation(genesisBytes(first.genesis));
    let tip = federation.first;
    for (const line of lines.slice(1)) {
      height += 1;
      const message = readDecided(line);
      checkMessage(federation, message);
      tip = applyBlock(federation, tip, message.block);
      transactions += message.block.payload.length;
    }
    checkInvariants(tip.state, federation.supply);
    return summary(federation, tip, transactions);
  } catch (error) {
    if (error instanceof Refused) error.height = height;
    throw error;
  }
}

function summary(federation, tip, transactions) {
  const accounts = tip.state.entries().filter((entry) => entry.$ === "account");
  const shown = accounts.map(({ address, available_uatp, locked_uatp }) => [
    addressText(address),
    { available: showAmount(available_uatp), locked: showAmount(locked_uatp) },
  ]);
  shown.sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    height: Number(tip.header.height),
    digest: hex(tip.digest),
    transactions,
    supply: showAmount(federation.supply),
    accounts: Object.fromEntries(shown),
  };
}
