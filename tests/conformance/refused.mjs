/** What breaks a clause of the specification. */
export class Refused extends Error {
  /**
   * @param {string} clause the id of the clause that is broken, such as "W-CBOR-3"
   * @param {string} why what is wrong, for people
   * @param {{code?: string, height?: number, root?: Buffer}} [more] a refusal code of the ledger;
   *   a height; the root that a block should have named
   */
  constructor(clause, why, more = {}) {
    super(`${clause}: ${why}`);
    this.clause = clause;
    this.why = why;
    Object.assign(this, { code: undefined, height: undefined }, more);
  }
}

/** Refuses unless `holds`. */
export function require(holds, clause, why, more) {
  if (!holds) throw new Refused(clause, why, more);
}

/** @returns {string} bytes in hexadecimal, lower case */
export const hex = (bytes) => Buffer.from(bytes).toString("hex");

/** @returns {Buffer} the bytes that hexadecimal text stands for */
export const unhex = (text) => Buffer.from(text, "hex");

export const same = (a, b) => Buffer.compare(a, b) === 0;
