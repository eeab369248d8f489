/**
 * Writes random chains, each to a file: node random_chains.mjs FOLDER COUNT SEED
 *
 * Each has good blocks of random transactions, and then one that a quorum signed whose transactions
 * may or may not apply.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Laboratory, at, idOf } from "./laboratory.mjs";
import { addressText, apply, parseTransaction } from "./ledger.mjs";
import { Refused } from "./refused.mjs";

const PLATFORMS = ["thor", "sprout", "legion"];
const AGENTS = ["alice", "bob", "carol", "dave", "erin"];
const BLOCKS = 10;
const ATTEMPTS = 3;

/** Random numbers that follow from a seed. */
class Dice {
  constructor(seed) {
    this.state = seed;
  }

  below(limit) {
    this.state = (this.state * 1103515245 + 12345) % 2 ** 31;
    return Math.floor(this.state / 65536) % limit;
  }

  pick(items) {
    return items[this.below(items.length)];
  }

  /** True once in so many times. */
  once(times) {
    return this.below(times) === 0;
  }
}

class Chain {
  constructor(dice) {
    this.dice = dice;
    this.lab = new Laboratory();
    /** Ids and destinations' platforms of locks, carried out or not. */
    this.locks = [];
  }

  anywhere() {
    const platform = this.dice.once(12) ? "odin" : this.dice.pick(PLATFORMS);
    return `${this.dice.pick(AGENTS)}@${platform}`;
  }

  address() {
    if (this.dice.once(10)) return this.anywhere();
    const accounts = this.lab.tip.state.entries().filter((entry) => entry.$ === "account");
    return addressText(this.dice.pick(accounts).address);
  }

  opening() {
    const address = this.anywhere();
    const { platform, agent } = at(address);
    return this.lab.open(address, this.dice.once(8) ? "thor" : platform, agent);
  }

  spending(time) {
    const { dice, lab } = this;
    const [source, destination] = [this.address(), this.address()];
    const { available_uatp: all, nonce } = lab.tip.state.account(at(source)) ?? {
      available_uatp: 1n,
      nonce: 0n,
    };
    const amount = dice.pick([0n, 1n, 7n, all / 2n, all, all + 1n]);
    const number = dice.once(8) ? nonce + 1n : nonce;
    const signer = dice.once(12) ? dice.pick(AGENTS) : at(source).agent;
    if (dice.once(3)) return lab.transfer(source, destination, amount, number, signer);
    const expiry = time + dice.pick([-1n, 0n, 1n, 1000n, 3000n]);
    const lock = lab.lock(source, destination, amount, number, expiry, signer);
    this.locks.push([idOf(lock), at(destination).platform]);
    return lock;
  }

  settling() {
    const [id, platform] = this.dice.pick(this.locks);
    const signer = this.dice.once(4) ? this.dice.pick([...PLATFORMS, ...AGENTS]) : platform;
    return this.dice.once(2) ? this.lab.commit(id, signer) : this.lab.rollback(id, signer);
  }

  transaction(time) {
    const kind = this.dice.below(6);
    if (kind === 0) return this.opening();
    return kind > 3 && this.locks.length ? this.settling() : this.spending(time);
  }

  /** Of some random transactions those that apply. */
  applying(time) {
    const { federation, tip } = this.lab;
    let { state } = tip;
    const payload = [];
    for (let i = 0; i < ATTEMPTS; i++) {
      const item = this.transaction(time);
      try {
        state = state.with(apply(federation, state, parseTransaction(federation, item), time));
        payload.push(item);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
      }
    }
    return payload;
  }

  export() {
    for (let i = 0; i < BLOCKS; i++) {
      const time_ms = this.lab.tip.header.time_ms + this.dice.pick([1n, 1000n, 2000n]);
      this.lab.decide(this.applying(time_ms), { time_ms });
    }
    const time_ms = this.lab.tip.header.time_ms + 1n;
    this.lab.force([this.transaction(time_ms)], { time_ms });
    return this.lab.export();
  }
}

function main(folder, count, seed) {
  const dice = new Dice(seed);
  for (let i = 0; i < count; i++) {
    writeFileSync(join(folder, `${i}.jsonl`), `${new Chain(dice).export().join("\n")}\n`);
  }
}

if (process.argv.length !== 5) {
  console.error("usage: node random_chains.mjs FOLDER COUNT SEED");
  process.exit(2);
}
main(process.argv[2], Number(process.argv[3]), Number(process.argv[4]));
