/** Who claims to be ahead, and whom to ask for blocks: C-SYNC-2 to C-SYNC-4. */
const FETCH_BLOCKS = 32n; // C-SYNC-3
const ROUNDS = 3;

const max = (a, b) => (a > b ? a : b);

export class CatchingUp {
  constructor(n, me) {
    this.n = n;
    this.me = me;
    /** The highest height of each platform, 0 for none; null if none are kept. */
    this.claims = null;
    this.forget();
  }

  forget() {
    this.claims = null;
    /** The platform that was asked last; the turn goes on from it (C-SYNC-4). */
    this.last = -1;
    this.asked = false;
    this.unanswered = 0;
    this.until = 0n;
  }

  /** C-SYNC-2. @param {bigint} own the own height */
  claim(signer, height, own) {
    const index = Number(signer);
    if (index === this.me || height <= own) return;
    this.claims ??= new Array(this.n).fill(0n);
    this.claims[index] = max(this.claims[index], height);
  }

  /** Whether nobody is ahead any more. */
  isOver(own) {
    return this.claims !== null && this.claims.every((height) => height <= own);
  }

  /** Whether to ask at once: behind by more than one, and no answer is awaited (C-SYNC-3). */
  mustAsk(own) {
    const behind = this.claims !== null && this.claims.some((height) => height > own + 1n);
    return behind && (!this.asked || own >= this.until);
  }

  /** The platform to ask now, or null once all were asked in vain (C-SYNC-4). */
  next(own) {
    if (this.unanswered >= ROUNDS * this.n) return null;
    const ahead = [...this.claims.keys()].filter((i) => this.claims[i] > own);
    this.last = ahead.find((i) => i > this.last) ?? ahead[0];
    this.asked = true;
    this.unanswered += 1;
    this.until = own + FETCH_BLOCKS;
    return this.last;
  }
}
