/**
 * Which keys and signatures count: spec/cryptography.md.
 *
 * node:crypto does the curve operation of a signature (K-SIG-5: it compares R with the encoding
 * of [S]B - [k]A); what a key must be, and what R and S must be, is checked here.
 */
import { createPrivateKey, createPublicKey, sign as nodeSign, verify } from "node:crypto";
import { Refused, require } from "./refused.mjs";

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const mod = (a) => ((a % P) + P) % P;

function power(base, exponent) {
  let result = 1n;
  for (let b = mod(base), e = exponent; e > 0n; e >>= 1n) {
    if (e & 1n) result = (result * b) % P;
    b = (b * b) % P;
  }
  return result;
}

const inverse = (a) => power(a, P - 2n);
const D = mod(-121665n * inverse(121666n));
const ROOT_OF_MINUS_1 = power(2n, (P - 1n) / 4n);

/** A square root modulo p, or null. */
function root(a) {
  const r = power(a, (P + 3n) / 8n);
  if ((r * r) % P === mod(a)) return r;
  const s = (r * ROOT_OF_MINUS_1) % P;
  return (s * s) % P === mod(a) ? s : null;
}

const littleEndian = (bytes) => BigInt(`0x${Buffer.from(bytes).reverse().toString("hex") || "0"}`);

/** y and the sign of x of an encoded point. */
function halves(bytes) {
  const whole = littleEndian(bytes);
  return { y: whole & ((1n << 255n) - 1n), sign: whole >> 255n };
}

/** The sum of two points in extended coordinates (RFC 8032, section 5.1.4). */
function add([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = mod((y1 - x1) * (y2 - x2));
  const b = mod((y1 + x1) * (y2 + x2));
  const c = mod(2n * t1 * t2 * D);
  const d = mod(2n * z1 * z2);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

function times(scalar, point) {
  let sum = [0n, 1n, 1n, 0n];
  for (let p = point, n = scalar; n > 0n; n >>= 1n) {
    if (n & 1n) sum = add(sum, p);
    p = add(p, p);
  }
  return sum;
}

const isIdentity = ([x, y, z]) => x === 0n && y === z;

/** The y of the points whose order divides 8 (K-SIG-4). */
const SMALL_Y = (() => {
  // A point of order 8 doubles to one with y = 0, so x^2 = -y^2 and D y^4 + 2 y^2 - 1 = 0.
  const ys = [0n, 1n, P - 1n];
  const half = root(1n + D);
  for (const sign of [half, mod(-half)]) {
    const y = root(mod((sign - 1n) * inverse(D)));
    if (y !== null) ys.push(y, mod(-y));
  }
  return new Set(ys);
})();

/** The clause that a key breaks, or null: K-KEY-1 to K-KEY-4. @param {Buffer} key */
export function faultOfKey(key) {
  if (key.length !== 32) return "K-KEY-1";
  const { y, sign } = halves(key);
  if (y >= P) return "K-KEY-2";
  const x = root(mod((y * y - 1n) * inverse(D * y * y + 1n)));
  if (x === null) return "K-KEY-3";
  if (x === 0n && sign === 1n) return "K-KEY-2";
  // The sign does not change the order.
  const point = [x, y, 1n, mod(x * y)];
  return isIdentity(point) || !isIdentity(times(L, point)) ? "K-KEY-4" : null;
}

const JUDGED = new Map();

function judged(key) {
  const name = key.toString("hex");
  if (!JUDGED.has(name)) {
    const fault = faultOfKey(key);
    const jwk = { kty: "OKP", crv: "Ed25519", x: key.toString("base64url") };
    JUDGED.set(name, { fault, key: fault ? null : createPublicKey({ key: jwk, format: "jwk" }) });
  }
  return JUDGED.get(name);
}

/** The clause that a signature breaks, or null. */
export function faultOfSignature(key, message, signature) {
  const { fault, key: imported } = judged(key);
  if (fault) return fault;
  if (signature.length !== 64) return "K-SIG-1";
  if (littleEndian(signature.subarray(32)) >= L) return "K-SIG-2";
  const { y } = halves(signature.subarray(0, 32));
  if (y >= P) return "K-SIG-3";
  if (SMALL_Y.has(y)) return "K-SIG-4";
  return verify(null, message, imported, signature) ? null : "K-SIG-5";
}

/** Refuses by `clause` unless the key signed the message. */
export function checkSignature(key, message, signature, clause, who) {
  const fault = faultOfSignature(key, message, signature);
  require(fault === null, clause, `the signature of ${who} does not count (${fault})`);
}

const PRIVATE = Buffer.from("302e020100300506032b657004220420", "hex"); // RFC 8410

function importPrivate(seed) {
  if (seed.length !== 32) throw new Refused("K-KEY-1", "a private key has 32 bytes");
  return createPrivateKey({ key: Buffer.concat([PRIVATE, seed]), format: "der", type: "pkcs8" });
}

/** The public key of a private key of RFC 8032. @returns {Buffer} */
export function publicKey(seed) {
  const { x } = createPublicKey(importPrivate(seed)).export({ format: "jwk" });
  return Buffer.from(x, "base64url");
}

/** @returns {Buffer} the signature */
export const sign = (seed, message) => nodeSign(null, message, importPrivate(seed));
