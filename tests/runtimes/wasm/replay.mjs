// Replays transcripts with the core in WebAssembly: CPython as compiled by Pyodide, under Node.
//
//   node replay.mjs PYODIDE WHEEL ATTRS REPLAYING DOCUMENTS > what they give
//
// PYODIDE is the folder of the npm package, WHEEL the wheel of web4, ATTRS a zip file with attrs,
// REPLAYING the Python module that plays a transcript, DOCUMENTS a JSON object of them by name.
// Everything comes from these files; nothing is fetched. Signatures are made and verified by the host, with node:crypto.

import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const [folder, wheel, attrs, replaySource, documents] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));

/** What precedes the 32 bytes of a key in DER (RFC 8410). */
const PUBLIC = Buffer.from("302a300506032b6570032100", "hex");
const PRIVATE = Buffer.from("302e020100300506032b657004220420", "hex");

let verified = 0;

const host = {
  sign(key, message) {
    const der = Buffer.concat([PRIVATE, key]);
    const made = sign(null, message, createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
    return new Uint8Array(made);
  },
  verify(key, message, signature) {
    verified += 1;
    const der = Buffer.concat([PUBLIC, key]);
    return verify(null, message, createPublicKey({ key: der, format: "der", type: "spki" }), signature);
  },
};

async function main() {
  const { loadPyodide } = await import(pathToFileURL(join(folder, "pyodide.mjs")));
  const python = await loadPyodide({ indexURL: folder });
  python.unpackArchive(bytesOf(wheel), "wheel");
  python.unpackArchive(bytesOf(attrs), "zip");
  python.registerJsModule("host", host);
  for (const file of [replaySource, join(here, "bridge.py")]) {
    python.FS.writeFile(basename(file), bytesOf(file));
  }
  python.globals.set("documents", readFileSync(documents, "utf8"));
  const given = JSON.parse(python.runPython("import bridge; bridge.replay_all(documents)"));
  process.stdout.write(JSON.stringify({ ...given, verified }));
}

function bytesOf(file) {
  return new Uint8Array(readFileSync(file));
}

await main().catch((error) => {
  // The stack of an error in WebAssembly quotes a line of a megabyte.
  console.error(error.message);
  process.exitCode = 1;
});
