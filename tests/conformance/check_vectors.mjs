/**
 * Runs every case of the vectors in a folder: node check_vectors.mjs DIR
 *
 * Prints a line for each file and a total; exits with 0 only if every case agrees.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { Refused } from "./refused.mjs";
import { FORMATS, NORMAL } from "./vectors.mjs";

/** Formats that this implementation does not check, and why. */
const NOT_COVERED = {};
/** Files of the folder that hold no vectors. */
const NO_VECTORS = ["schema.json"];

/** Null if the case agrees, else what differs. */
function fault(format, given, { input, result, refusal }) {
  let got;
  try {
    got = FORMATS[format](input, given, result);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (!refusal) return `refused: ${error.message}`;
    const named = refusal.clauses.includes(error.clause);
    if (!named) return `refused by ${error.message}, not by ${refusal.clauses}`;
    if (refusal.code !== error.code) return `refused with ${error.code}, not ${refusal.code}`;
    if (refusal.height !== error.height) return `refused at ${error.height}, not ${refusal.height}`;
    return null;
  }
  if (refusal) return `accepted, not refused by ${refusal.clauses}`;
  const wanted = NORMAL[format] ? NORMAL[format](result) : result;
  if (isDeepStrictEqual(got, wanted)) return null;
  return `gave ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`;
}

function main(folder) {
  const totals = { files: 0, cases: 0, refusals: 0, faults: 0, left: 0 };
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith(".json") || NO_VECTORS.includes(file)) continue;
    const { format, given, vectors } = JSON.parse(readFileSync(join(folder, file), "utf-8"));
    totals.files += 1;
    if (!(format in FORMATS)) {
      const reason = NOT_COVERED[format];
      totals.left += reason ? vectors.length : 0;
      totals.faults += reason ? 0 : 1;
      console.log(`${file}: ${reason ? `not covered: ${reason}` : `unknown format ${format}`}`);
      continue;
    }
    const faults = vectors.map((v) => [v.id, fault(format, given, v)]).filter(([, what]) => what);
    const refusals = vectors.filter((v) => v.refusal).length;
    const verdict = faults.length || !vectors.length ? "DISAGREES" : "agrees";
    console.log(`${file}: ${vectors.length} cases, ${refusals} refusals: ${verdict}`);
    for (const [id, what] of faults) console.log(`  ${id}: ${what.slice(0, 2000)}`);
    totals.cases += vectors.length;
    totals.refusals += refusals;
    totals.faults += faults.length + (vectors.length ? 0 : 1);
  }
  const { files, cases, refusals, faults, left } = totals;
  const agreed = `${cases} cases, ${refusals} refusals, ${faults} disagree`;
  console.log(`${files} files: ${agreed}; ${left} cases not covered`);
  return cases > 0 && faults === 0 ? 0 : 1;
}

if (process.argv.length !== 3) {
  console.error("usage: node check_vectors.mjs DIR");
  process.exit(2);
}
process.exit(main(process.argv[2]));
