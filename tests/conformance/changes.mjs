/** Changes to one line of an export: to the values that it encodes, and to its bytes. */
import { decode, encode } from "./cbor.mjs";
import { digest, listRoot } from "./hashes.mjs";
import { hex, unhex } from "./refused.mjs";

const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const LIMIT = 2 ** 22;
const ZEROS = Buffer.alloc(32);

/** Indices into the values of a header and a certificate; 0 is the label. */
const [CHAIN, HEIGHT, PARENT, TIME, PAYLOAD_ROOT, STATE_ROOT] = [1, 2, 3, 4, 5, 6];
const [C_KIND, C_HEIGHT, C_VIEW, C_DIGEST, C_SIGNATURES] = [1, 2, 3, 4, 5];

export const flip = (bytes, at = 0) => {
  const copy = Buffer.from(bytes);
  copy[at] ^= 1;
  return copy;
};

/** The signature with L added to its S: the equation still holds. */
export function plusL(signature) {
  const s = BigInt(`0x${hex(Buffer.from(signature.subarray(32)).reverse())}`) + L;
  const tail = unhex(s.toString(16).padStart(64, "0")).reverse();
  return Buffer.concat([signature.subarray(0, 32), tail]);
}

/** A line as values that can be changed, and back. */
export function openLine(line) {
  const { block, certificate } = JSON.parse(line);
  return { block: decode(unhex(block), LIMIT), certificate: decode(unhex(certificate), LIMIT) };
}

export const closeLine = ({ block, certificate }) =>
  JSON.stringify({ block: hex(encode(block)), certificate: hex(encode(certificate)) });

/** Makes header and certificate name what the block holds now. */
function rehash(value) {
  value.block[1][PAYLOAD_ROOT] = listRoot(value.block[2]);
}

export function recertify(value) {
  value.certificate[C_DIGEST] = digest("header", encode(value.block[1]));
  value.certificate[C_HEIGHT] = value.block[1][HEIGHT];
}

/** Changes a field of the first transaction's body. */
function changeBody(value, change) {
  const tx = decode(value.block[2][0], LIMIT);
  const body = decode(tx[1], LIMIT);
  change(body);
  tx[1] = encode(body);
  value.block[2][0] = encode(tx);
}

/** Changes to one line's values: [name, clauses, change]. */
export const VALUES = [
  [
    "a-bit-of-a-signature",
    "W-MSG-2",
    (v) => (v.certificate[C_SIGNATURES][1][1] = flip(v.certificate[C_SIGNATURES][1][1])),
  ],
  [
    "a-bit-of-s",
    "W-MSG-2",
    (v) => (v.certificate[C_SIGNATURES][0][1] = flip(v.certificate[C_SIGNATURES][0][1], 40)),
  ],
  [
    "a-signature-of-zeros",
    "W-MSG-2",
    (v) => (v.certificate[C_SIGNATURES][0][1] = Buffer.alloc(64)),
  ],
  [
    "s-plus-l",
    "W-MSG-2",
    (v) => (v.certificate[C_SIGNATURES][2][1] = plusL(v.certificate[C_SIGNATURES][2][1])),
  ],
  ["two-signatures-exchanged", "W-MSG-2", ({ certificate: c }) => {
    const [a, b] = c[C_SIGNATURES];
    [a[1], b[1]] = [b[1], a[1]];
  }],
  [
    "a-signer-in-place-of-another",
    "C-CERT-4 C-CERT-1 W-MSG-3",
    ({ certificate: c }) => (c[C_SIGNATURES][1] = c[C_SIGNATURES][0]),
  ],
  [
    "a-signer-again",
    "C-CERT-4 C-CERT-1 W-MSG-3",
    ({ certificate: c }) => c[C_SIGNATURES].push(c[C_SIGNATURES].at(-1)),
  ],
  [
    "signers-descending",
    "C-CERT-4 C-CERT-1 W-MSG-3",
    ({ certificate: c }) => c[C_SIGNATURES].reverse(),
  ],
  [
    "a-signer-who-is-no-platform",
    "C-CERT-4 C-CERT-1 W-MSG-3",
    ({ certificate: c }) => (c[C_SIGNATURES].at(-1)[0] = 100n),
  ],
  ["signer-128", "W-TYPE-1", ({ certificate: c }) => (c[C_SIGNATURES].at(-1)[0] = 128n)],
  ["the-name-of-another-signer", "W-MSG-2 C-CERT-4", ({ certificate: c }) => {
    const signers = c[C_SIGNATURES].map(([signer]) => signer);
    const free = [0n, 1n, 2n, 3n].find((signer) => !signers.includes(signer));
    c[C_SIGNATURES][0][0] = free ?? 9n;
    c[C_SIGNATURES].sort(([a], [b]) => Number(a - b));
  }],
  ["too-few-signers", "C-CERT-4 C-CERT-1", ({ certificate: c }) => c[C_SIGNATURES].splice(2)],
  ["no-signers", "C-CERT-4 C-CERT-1", ({ certificate: c }) => c[C_SIGNATURES].splice(0)],
  [
    "a-signature-of-63-bytes",
    "W-TYPE-2",
    ({ certificate: c }) => (c[C_SIGNATURES][0][1] = Buffer.alloc(63)),
  ],
  ["a-signer-without-signature", "W-TYPE-5", ({ certificate: c }) => c[C_SIGNATURES][0].pop()],
  ["certificate-of-another-height", "C-CERT-4", ({ certificate: c }) => (c[C_HEIGHT] += 1n)],
  ["certificate-of-another-view", "W-MSG-2", ({ certificate: c }) => (c[C_VIEW] += 1n)],
  ["certificate-of-another-digest", "C-CERT-4", ({ certificate: c }) => (c[C_DIGEST] = ZEROS)],
  ["certificate-of-prepares", "C-CERT-4", ({ certificate: c }) => (c[C_KIND] = 2n)],
  ["certificate-of-kind-6", "W-TYPE-1", ({ certificate: c }) => (c[C_KIND] = 6n)],
  ["certificate-that-is-null", "W-TYPE-5", (v) => (v.certificate = null)],
  ["certificate-for-block", "W-TYPE-5", (v) => (v.block = v.certificate)],
  ["block-for-certificate", "W-TYPE-5", (v) => (v.certificate = v.block)],
  [
    "an-amount-or-field-changed",
    "H-BLOCK-2 C-VALID-1",
    (v) => changeBody(v, (body) => body.push(1n)),
  ],
  ["another-chain-id-in-a-transaction-rehashed", "L-TX-1", (v) => {
    changeBody(v, (body) => (body[1] = ZEROS));
    rehash(v);
  }],
  ["the-transactions-signature", "H-BLOCK-2 C-VALID-1", (v) => {
    const tx = decode(v.block[2][0], LIMIT);
    tx[3][0] = flip(tx[3][0]);
    v.block[2][0] = encode(tx);
  }],
  ["the-transactions-signature-rehashed", "C-CERT-4 L-TX-4 W-MSG-2", (v) => {
    const tx = decode(v.block[2][0], LIMIT);
    tx[3][0] = flip(tx[3][0]);
    v.block[2][0] = encode(tx);
    rehash(v);
  }],
  ["the-transactions-signature-rehashed-and-named", "L-TX-4 W-MSG-2", (v) => {
    const tx = decode(v.block[2][0], LIMIT);
    tx[3][0] = flip(tx[3][0]);
    v.block[2][0] = encode(tx);
    rehash(v);
    recertify(v);
  }],
  ["a-transaction-removed", "H-BLOCK-2 C-VALID-1", (v) => v.block[2].pop()],
  ["a-transaction-removed-rehashed", "C-CERT-4", (v) => {
    v.block[2].pop();
    rehash(v);
  }],
  ["a-transaction-removed-rehashed-and-named", "W-MSG-2", (v) => {
    v.block[2].pop();
    rehash(v);
    recertify(v);
  }],
  ["a-transaction-twice", "H-BLOCK-2 C-VALID-1", (v) => v.block[2].push(v.block[2][0])],
  ["a-transaction-twice-rehashed", "C-CERT-4", (v) => {
    v.block[2].push(v.block[2][0]);
    rehash(v);
  }],
  ["an-item-that-is-no-transaction", "W-CBOR-5", (v) => {
    v.block[2].push(Buffer.from([0xff]));
    rehash(v);
  }],
  ["an-item-of-no-bytes", "W-TYPE-2", (v) => v.block[2].push(Buffer.alloc(0))],
  ["an-item-of-2049-bytes", "W-TYPE-2 H-BLOCK-3", (v) => v.block[2].push(Buffer.alloc(2049))],
  ["4097-items", "W-TYPE-4 H-BLOCK-3", (v) => {
    v.block[2] = new Array(4097).fill(Buffer.from([0]));
    rehash(v);
  }],
  ["items-of-1050624-bytes", "H-BLOCK-3", (v) => {
    v.block[2] = new Array(513).fill(Buffer.alloc(2048));
    rehash(v);
  }],
  ["the-payload-root", "H-BLOCK-2 C-VALID-1", (v) => (v.block[1][PAYLOAD_ROOT] = ZEROS)],
  ["the-state-root", "C-CERT-4", (v) => (v.block[1][STATE_ROOT] = ZEROS)],
  ["the-state-root-named", "W-MSG-2", (v) => {
    v.block[1][STATE_ROOT] = ZEROS;
    recertify(v);
  }],
  ["the-time-earlier", "C-CERT-4", (v) => (v.block[1][TIME] -= 1_000_000n)],
  ["the-time-earlier-named", "W-MSG-2", (v) => {
    v.block[1][TIME] -= 1_000_000n;
    recertify(v);
  }],
  ["the-time-of-2-63", "W-TYPE-1", (v) => (v.block[1][TIME] = 2n ** 63n)],
  ["the-parent", "C-CERT-4", (v) => (v.block[1][PARENT] = ZEROS)],
  ["the-parent-named", "W-MSG-2", (v) => {
    v.block[1][PARENT] = ZEROS;
    recertify(v);
  }],
  ["the-height", "C-CERT-4", (v) => (v.block[1][HEIGHT] += 1n)],
  ["the-height-named", "W-MSG-2", (v) => {
    v.block[1][HEIGHT] += 1n;
    recertify(v);
  }],
  ["the-height-as-text", "W-TYPE-1", (v) => (v.block[1][HEIGHT] = "1")],
  ["the-height-below-zero", "W-TYPE-1", (v) => (v.block[1][HEIGHT] = -1n)],
  ["the-chain-id", "W-MSG-5 C-VALID-1", (v) => (v.block[1][CHAIN] = ZEROS)],
  ["a-digest-of-31-bytes", "W-TYPE-2", (v) => (v.block[1][PARENT] = Buffer.alloc(31))],
  ["another-label", "W-TYPE-5", (v) => (v.block[0] = "blocks")],
  ["a-header-without-its-last-field", "W-TYPE-5", (v) => v.block[1].pop()],
  ["a-header-with-a-field-too-many", "W-TYPE-5", (v) => v.block[1].push(0n)],
  ["a-payload-that-is-null", "W-TYPE-4", (v) => (v.block[2] = null)],
];

/** Changes to the bytes of a block or a certificate: [name, clauses, change]. */
export const BYTES = [
  ["a-byte-after-it", "W-CBOR-3", (bytes) => Buffer.concat([bytes, Buffer.from([0])])],
  ["cut-short", "W-CBOR-2", (bytes) => bytes.subarray(0, -1)],
  ["nothing", "W-CBOR-2", () => Buffer.alloc(0)],
  [
    "a-long-length",
    "W-CBOR-4",
    (b) => Buffer.concat([Buffer.from([0x98, b[0] & 31]), b.subarray(1)]),
  ],
  [
    "an-indefinite-length",
    "W-CBOR-5",
    (b) => Buffer.concat([Buffer.from([0x9f]), b.subarray(1), Buffer.from([0xff])]),
  ],
  ["a-reserved-head", "W-CBOR-6", () => Buffer.from([0x9c])],
  ["a-tag-around-it", "W-CBOR-7", (bytes) => Buffer.concat([Buffer.from([0xc1]), bytes])],
  ["a-float-in-an-array", "W-CBOR-8", () => Buffer.from("81f93c00", "hex")],
  ["undefined", "W-CBOR-9", () => Buffer.from([0xf7])],
  ["a-label-that-is-not-utf-8", "W-CBOR-10", (b) => {
    const copy = Buffer.from(b);
    copy[2] = 0xff;
    return copy;
  }],
  ["a-map-with-an-integer-as-key", "W-CBOR-11", () => Buffer.from("a10000", "hex")],
  ["a-map-out-of-order", "W-CBOR-12", () => Buffer.from("a2616200616100", "hex")],
  ["a-map-with-a-key-twice", "W-CBOR-13", () => Buffer.from("a2616100616100", "hex")],
  ["33-arrays", "W-CBOR-14", () => Buffer.concat([Buffer.alloc(32, 0x81), Buffer.from([0x80])])],
  ["a-map-in-place-of-it", "W-TYPE-5", () => Buffer.from([0xa0])],
];
export const TOO_LONG = [
  "longer-than-a-message",
  "W-CBOR-1 W-MSG-1",
  () => Buffer.concat([Buffer.from("5a00200000", "hex"), Buffer.alloc(2097152)]),
];
