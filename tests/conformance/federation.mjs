/** A federation as its genesis lays it down: H-GENESIS-1, H-GENESIS-2, C-QUORUM-1 to C-QUORUM-4. */
import { digest, sha256 } from "./hashes.mjs";
import { firstState } from "./ledger.mjs";
import * as records from "./records.mjs";

/** f, q, f + 1 and, for a height and a view, the proposer: C-QUORUM-1 to C-QUORUM-4. */
export function quorums(n) {
  const faulty = Math.floor((n - 1) / 3);
  return {
    faulty,
    quorum: Math.floor((n + faulty) / 2) + 1,
    withAnHonestOne: faulty + 1,
    proposer: (height, view) => Number((height + view) % BigInt(n)),
  };
}

export class Federation {
  /** @param {Buffer} input an encoded genesis */
  constructor(input) {
    this.genesis = records.read(records.genesis, input, records.MAX_GENESIS_BYTES);
    this.chainId = digest("genesis", input); // H-GENESIS-2
    this.keys = this.genesis.platforms.map((platform) => platform.key);
    this.n = this.keys.length;
    Object.assign(this, quorums(this.n));
    const { state, supply } = firstState(this.genesis);
    this.supply = supply;
    this.platforms = new Map(this.genesis.platforms.map((platform) => [platform.name, platform]));
    const header = {
      $: "header",
      chain_id: this.chainId,
      height: 0n,
      parent: this.chainId,
      time_ms: this.genesis.time_ms,
      payload_root: sha256(),
      state_root: state.root(),
    };
    /** Block 0 and the state after it. */
    this.first = { header, digest: records.headerDigest(header), state };
  }

  /** @returns {{name: string, key: Buffer}|undefined} */
  platform(name) {
    return this.platforms.get(name);
  }
}
