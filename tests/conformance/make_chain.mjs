/** Writes a good chain of the laboratory's federation as an export: node make_chain.mjs FILE */
import { writeFileSync } from "node:fs";
import { goodChain } from "./laboratory.mjs";

if (process.argv.length !== 3) {
  console.error("usage: node make_chain.mjs FILE");
  process.exit(2);
}
writeFileSync(process.argv[2], `${goodChain().export().join("\n")}\n`);
