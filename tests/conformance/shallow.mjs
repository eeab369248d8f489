/**
 * Corruptions of an export that need no key: each with the clauses by one of which it must be
 * refused, and the height at which.
 */
import { BYTES, TOO_LONG, VALUES, closeLine, flip, openLine, recertify } from "./changes.mjs";
import { hex, unhex } from "./refused.mjs";

/** Changes to the order of the blocks: [name, clauses, height, change]. */
function orders(blocks) {
  const swapped = [...blocks];
  [swapped[1], swapped[2]] = [swapped[2], swapped[1]];
  return [
    ["the-first-block-dropped", "C-VALID-1", 1, blocks.slice(1)],
    ["a-block-dropped", "C-VALID-1", 2, [blocks[0], ...blocks.slice(2)]],
    ["two-blocks-exchanged", "C-VALID-1", 2, swapped],
    ["a-block-twice", "C-VALID-1", 3, [...blocks.slice(0, 2), ...blocks.slice(1)]],
    ["the-chain-backwards", "C-VALID-1", 1, [...blocks].reverse()],
    ["the-first-block-again-at-the-end", "C-VALID-1", blocks.length + 1, [...blocks, blocks[0]]],
    ["certificates-exchanged", "C-CERT-4", 2, exchangeCertificates(blocks)],
    [
      "a-certificate-of-the-block-before-under-another-name",
      "W-MSG-2",
      2,
      renameCertificate(blocks),
    ],
  ];
}

function exchangeCertificates(blocks) {
  const [a, b] = [JSON.parse(blocks[1]), JSON.parse(blocks[2])];
  [a.certificate, b.certificate] = [b.certificate, a.certificate];
  return [blocks[0], JSON.stringify(a), JSON.stringify(b), ...blocks.slice(3)];
}

function renameCertificate(blocks) {
  const value = openLine(blocks[1]);
  value.certificate = openLine(blocks[0]).certificate;
  recertify(value);
  return [blocks[0], closeLine(value), ...blocks.slice(2)];
}

/** Changes to the genesis that leave a good one: the chain is of another one then. */
const GENESES = [
  ["chain", (g) => (g.chain += "2")],
  ["time", (g) => (g.time_ms += 1)],
  ["name-of-a-platform", (g) => (g.platforms.at(-1).name += "x")],
  ["key-of-a-platform", (g) => (g.platforms[0].key = hex(flip(unhex(g.platforms[0].key))))],
  ["order-of-platforms", (g) => g.platforms.reverse()],
  ["a-platform-more", (g) => g.platforms.push({ name: "odin", key: "11".repeat(32) })],
  ["a-platform-fewer", (g) => g.platforms.pop()],
  ["owner", (g) => (g.accounts[0].owner = hex(flip(unhex(g.accounts[0].owner))))],
  ["amount", (g) => (g.accounts[0].atp = "999")],
  ["address", (g) => (g.accounts[0].address = `x${g.accounts[0].address}`)],
  ["order-of-accounts", (g) => g.accounts.reverse()],
  ["an-account-fewer", (g) => g.accounts.pop()],
  ["no-accounts", (g) => (g.accounts = [])],
];

/** Changes that leave no genesis: [name, clauses, change]. */
const BAD_GENESES = [
  ["no-platforms", "H-GENESIS-1", (g) => (g.platforms = [])],
  ["a-name-twice", "H-GENESIS-1", (g) => (g.platforms[1].name = g.platforms[0].name)],
  ["a-key-twice", "H-GENESIS-1", (g) => (g.platforms[1].key = g.platforms[0].key)],
  ["a-name-with-a-capital", "W-TYPE-3 H-GENESIS-1", (g) => (g.chain = "Chain")],
  ["a-time-below-zero", "W-TYPE-1 H-GENESIS-1", (g) => (g.time_ms = -1)],
  ["an-account-on-no-platform", "L-GEN-2", (g) => (g.accounts[0].address = "alice@odin")],
  ["an-account-twice", "L-GEN-2", (g) => g.accounts.push(g.accounts[0])],
  ["a-supply-of-2-63", "L-GEN-3 L-STATE-2", (g) => {
    g.accounts[0].atp = "9223372036854.775807";
    g.accounts[1].atp = "0.000001";
  }],
  ["an-amount-of-seven-decimals", "G-GENESIS-4", (g) => (g.accounts[0].atp = "1.0000000")],
  ["an-amount-that-is-a-number", "G-GENESIS-4", (g) => (g.accounts[0].atp = 1000)],
  ["an-amount-with-an-exponent", "G-GENESIS-4", (g) => (g.accounts[0].atp = "1e3")],
  ["a-key-in-capitals", "G-GENESIS-2", (g) => (g.platforms[0].key = "AB".repeat(32))],
  ["a-key-of-31-bytes", "G-GENESIS-2", (g) => (g.platforms[0].key = "ab".repeat(31))],
  ["an-amount-with-a-space", "G-GENESIS-4", (g) => (g.accounts[0].atp += " ")],
  ["an-unknown-member-of-a-platform", "G-GENESIS-1", (g) => (g.platforms[0].x = 1)],
  ["an-unknown-member-of-an-account", "G-GENESIS-1", (g) => (g.accounts[0].x = 1)],
  ["129-platforms", "H-GENESIS-1 W-TYPE-4", (g) => {
    for (let i = g.platforms.length; i < 129; i++) {
      g.platforms.push({ name: `p${i}`, key: i.toString(16).padStart(64, "0") });
    }
  }],
  [
    "an-address-with-a-capital",
    "W-TYPE-3 G-GENESIS-3",
    (g) => (g.accounts[0].address = "Alice@thor"),
  ],
  ["an-address-without-a-platform", "G-GENESIS-3", (g) => (g.accounts[0].address = "alice")],
  ["an-unknown-member", "G-GENESIS-1", (g) => (g.comment = "")],
  ["a-member-missing", "G-GENESIS-1", (g) => delete g.time_ms],
];

/** Changes to the file: [name, clauses, height, lines]. */
function files(lines) {
  const without = (name) => {
    const line = JSON.parse(lines[2]);
    delete line[name];
    return [...lines.slice(0, 2), JSON.stringify(line), ...lines.slice(3)];
  };
  const line = JSON.parse(lines[2]);
  const changed = (change) => {
    const other = JSON.stringify({ ...line, ...change });
    return [...lines.slice(0, 2), other, ...lines.slice(3)];
  };
  const shifted = {
    block: line.block + line.certificate.slice(0, 20),
    certificate: line.certificate.slice(20),
  };
  const hexless = { ...JSON.parse(lines[2]), block: "xyz" };
  return [
    ["no-genesis", "G-EXPORT-2", 0, lines.slice(1)],
    [
      "a-line-that-is-not-json",
      "G-EXPORT-1",
      2,
      [...lines.slice(0, 2), lines[2].slice(0, -1), ...lines.slice(3)],
    ],
    ["an-empty-line", "G-EXPORT-1", 2, [...lines.slice(0, 2), "", ...lines.slice(2)]],
    ["a-block-without-certificate", "G-EXPORT-3", 2, without("certificate")],
    ["a-certificate-without-block", "G-EXPORT-3", 2, without("block")],
    [
      "a-block-that-is-not-hexadecimal",
      "G-EXPORT-3",
      2,
      [...lines.slice(0, 2), JSON.stringify(hexless), ...lines.slice(3)],
    ],
    ["a-byte-of-the-certificate-with-the-block", "W-CBOR-3 W-CBOR-2", 2, changed(shifted)],
    [
      "a-space-in-the-hexadecimal",
      "G-EXPORT-3",
      2,
      changed({ block: `${line.block.slice(0, 2)} ${line.block.slice(2)}` }),
    ],
    ["a-line-end-after-the-hexadecimal", "G-EXPORT-3", 2, changed({ block: `${line.block}\n` })],
    [
      "a-member-twice",
      "G-EXPORT-1",
      2,
      [...lines.slice(0, 2), lines[2].replace("{", '{"block": "00", '), ...lines.slice(3)],
    ],
    [
      "a-number-that-is-none",
      "G-EXPORT-1",
      2,
      [...lines.slice(0, 2), lines[2].replace("{", '{"x": NaN, '), ...lines.slice(3)],
    ],
    ["two-geneses", "G-EXPORT-3", 1, [lines[0], ...lines]],
  ];
}

const clausesOf = (text) => text.split(" ");

/**
 * @param {string[]} lines of a good export of at least four blocks, the first two not empty
 * @returns {{name: string, clauses: string[], height: number, lines: string[]}[]}
 */
export function shallow(lines) {
  const [genesis, ...blocks] = lines;
  const all = [];
  const add = (name, clauses, height, changed) =>
    all.push({ name, clauses: clausesOf(clauses), height, lines: changed });
  const withBlock = (at, line) => [genesis, ...blocks.slice(0, at), line, ...blocks.slice(at + 1)];

  for (const [name, clauses, change] of VALUES) {
    const value = openLine(blocks[1]);
    change(value);
    add(name, clauses, 2, withBlock(1, closeLine(value)));
  }
  for (const part of ["block", "certificate"]) {
    for (const [name, clauses, change] of part === "block" ? [...BYTES, TOO_LONG] : BYTES) {
      const line = JSON.parse(blocks[1]);
      line[part] = hex(change(unhex(line[part])));
      add(`${part}-${name}`, clauses, 2, withBlock(1, JSON.stringify(line)));
    }
  }
  for (const [name, clauses, height, changed] of orders(blocks)) {
    add(name, clauses, height, [genesis, ...changed]);
  }
  const withGenesis = (change) => {
    const first = JSON.parse(genesis);
    change(first.genesis);
    return [JSON.stringify(first), ...blocks];
  };
  for (const [name, change] of GENESES) {
    add(`genesis-other-${name}`, "L-TX-1 W-MSG-5 C-VALID-1", 1, withGenesis(change));
  }
  for (const [name, clauses, change] of BAD_GENESES) {
    add(`genesis-bad-${name}`, clauses, 0, withGenesis(change));
  }
  for (const [name, clauses, height, changed] of files(lines)) {
    add(`file-${name}`, clauses, height, changed);
  }
  return all;
}
