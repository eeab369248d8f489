// Starts Python in the page, and gives it what it has not got: Ed25519, by the browser's WebCrypto.
//
// Bytes cross between the two as hexadecimal text.

const PRIVATE = "302e020100300506032b657004220420"; // what precedes a private key in DER (RFC 8410)
const privateKeys = new Map();
const publicKeys = new Map();

function bytes(hex) {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function hex(buffer) {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function kept(map, name, make) {
  if (!map.has(name)) map.set(name, make());
  return map.get(name);
}

function privateKey(seed) {
  return kept(privateKeys, seed, () =>
    crypto.subtle.importKey("pkcs8", bytes(PRIVATE + seed), "Ed25519", true, ["sign"]));
}

function publicKey(key) {
  return kept(publicKeys, key, () =>
    crypto.subtle.importKey("raw", bytes(key), "Ed25519", false, ["verify"]));
}

const ed25519 = {
  async public(seed) {
    const { x } = await crypto.subtle.exportKey("jwk", await privateKey(seed));
    return hex(Uint8Array.from(atob(x.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0)));
  },
  async sign(seed, message) {
    return hex(await crypto.subtle.sign("Ed25519", await privateKey(seed), bytes(message)));
  },
  async verify(key, message, signature) {
    return crypto.subtle.verify("Ed25519", await publicKey(key), bytes(signature), bytes(message));
  },
};

/** Python with the core in it; `tell` is told how far that is. */
export async function startPython(tell) {
  if (!globalThis.crypto?.subtle) {
    throw new Error("This page needs WebCrypto, which browsers have on https and on this machine only.");
  }
  tell("Fetching Python …");
  const { loadPyodide } = await import("./pyodide/pyodide.mjs");
  const [python, packages] = await Promise.all([
    loadPyodide({ indexURL: new URL("./pyodide/", location.href).href }),
    fetch("python.zip").then((answer) => answer.arrayBuffer()),
  ]);
  tell("Starting four platforms …");
  python.unpackArchive(packages, "zip");
  python.registerJsModule("ed25519_of_the_page", ed25519);
  const made = python.runPython(`
from ed25519_of_the_page import public, sign, verify
from web4lab.playground.fixtures import Crypto
from web4lab.playground.page import Page
from web4lab.playground.trace import trace_as_json
(Page(Crypto(public, sign, verify)), trace_as_json)
`);
  const [page, trace] = made;
  return {
    version: python.runPython("import sys; sys.version.split()[0]"),
    /** One call of the page; what it tells. */
    async call(name, ...given) {
      return JSON.parse(await page[name](...given));
    },
    trace(text) {
      try {
        return JSON.parse(trace(text));
      } catch (error) {
        const last = error.message.trim().split("\n").at(-1);
        throw new Error(last.replace(/^ValueError: /, ""));
      }
    },
  };
}
