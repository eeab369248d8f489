/** The light client: L-LIGHT-1 to L-LIGHT-4. */
import { checkCertificateSignatures, checkDecided } from "./gate.mjs";
import { quorums } from "./federation.mjs";
import { checkListProof } from "./hashes.mjs";
import { pathOf } from "./ledger.mjs";
import { checkMapProof } from "./map.mjs";
import * as records from "./records.mjs";
import { require, same } from "./refused.mjs";

/** All that a light client needs (L-LIGHT-4). @param {Buffer} chainId @param {Buffer[]} keys */
export function trust(chainId, keys) {
  return { chainId, keys, n: keys.length, ...quorums(keys.length) };
}

/** L-LIGHT-1 */
export function checkAnchor(trusted, { header, certificate }) {
  require(same(header.chain_id, trusted.chainId), "L-LIGHT-1", "a header of another chain");
  checkDecided(trusted, certificate, header.height, records.headerDigest(header));
  checkCertificateSignatures(trusted, certificate);
}

/** L-LIGHT-2 */
export function checkEntryProof(trusted, input) {
  const read = records.read(records.entryProof, input, records.MAX_MESSAGE_BYTES);
  const { anchor, entry, proof } = read;
  checkAnchor(trusted, anchor);
  const encoded = records.write(records.entry, entry);
  checkMapProof(anchor.header.state_root, pathOf(entry), encoded, proof.steps);
  return { height: anchor.header.height, entry };
}

/** L-LIGHT-3 */
export function checkInclusionProof(trusted, input) {
  const read = records.read(records.inclusionProof, input, records.MAX_MESSAGE_BYTES);
  const { anchor, transaction, index, size, path } = read;
  checkAnchor(trusted, anchor);
  checkListProof(anchor.header.payload_root, transaction, index, size, path);
  return { header: anchor.header, index, transaction };
}
