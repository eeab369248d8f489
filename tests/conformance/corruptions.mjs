/**
 * Writes corruptions of an export, each to a file: node corruptions.mjs EXPORT FOLDER
 *
 * FOLDER/index.json lists them: name, file, the clauses by one of which it must be refused, the
 * height at which, and the refusal code where the ledger gives one. Those whose name begins with
 * "signed-" do not come from the export but from a federation whose keys are known.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deep } from "./deep.mjs";
import { shallow } from "./shallow.mjs";

function main(source, folder) {
  const lines = readFileSync(source, "utf-8").trimEnd().split("\n");
  const all = [...shallow(lines), ...deep()];
  const names = new Set(all.map(({ name }) => name));
  if (names.size !== all.length) throw new Error("two corruptions have one name");
  const index = all.map(({ lines: changed, ...corruption }) => {
    const file = `${corruption.name}.jsonl`;
    writeFileSync(join(folder, file), `${changed.join("\n")}\n`);
    return { ...corruption, file };
  });
  writeFileSync(join(folder, "index.json"), JSON.stringify(index, null, 1));
  console.log(`${all.length} corruptions`);
}

if (process.argv.length !== 4) {
  console.error("usage: node corruptions.mjs EXPORT FOLDER");
  process.exit(2);
}
main(process.argv[2], process.argv[3]);
