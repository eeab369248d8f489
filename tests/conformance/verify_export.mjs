/**
 * Verifies chains that `web4 export` wrote: node verify_export.mjs [--json] FILE ...
 *
 * Exits with 0, or with 12 if a clause is violated in one of them. With --json it prints one object
 * a line for each file, {height, digest, transactions, supply, accounts} or, of a chain that is
 * refused, {height, clause, why, code}.
 */
import { readFileSync } from "node:fs";
import { verifyExport } from "./export_file.mjs";
import { Refused } from "./refused.mjs";

const VIOLATION = 12;

function show({ height, digest, transactions, supply, accounts }) {
  console.log(`height ${height}, ${transactions} transactions, supply ${supply} ATP`);
  console.log(`tip    ${digest}`);
  for (const [name, { available, locked }] of Object.entries(accounts)) {
    console.log(`${name}: ${available} available, ${locked} locked`);
  }
}

/** @returns {boolean} whether the chain is good */
function verify(file, json) {
  try {
    const result = verifyExport(readFileSync(file));
    if (json) console.log(JSON.stringify(result));
    else show(result);
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { height, clause, why, code } = error;
    if (json) console.log(JSON.stringify({ height, clause, why, code }));
    else console.log(`height ${height}: ${clause}: ${why}`);
    return false;
  }
}

const words = process.argv.slice(2);
const files = words.filter((word) => word !== "--json");
if (files.length === 0 || files.some((file) => file.startsWith("--"))) {
  console.error("usage: node verify_export.mjs [--json] FILE ...");
  process.exit(2);
}
const verdicts = files.map((file) => verify(file, words.includes("--json")));
process.exit(verdicts.every(Boolean) ? 0 : VIOLATION);
