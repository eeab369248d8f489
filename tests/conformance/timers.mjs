/** The timers that run, which follow from the state alone: C-PACE-1 to C-PACE-6. */
export const TIMER_NAMES = { 1: "VIEW", 2: "PROPOSE", 3: "RESEND", 4: "SYNC", 5: "STATUS" };
const [VIEW, PROPOSE, RESEND, SYNC, STATUS] = [1n, 2n, 3n, 4n, 5n];
const MAX_DOUBLINGS = 32n; // C-PACE-3

const min = (a, b) => (a < b ? a : b);

/**
 * @param {Replica} replica
 * @returns {{kind: bigint, height: bigint, view: bigint, delay: bigint}[]}
 */
export function wantedTimers(replica) {
  const { settings, federation, height, view } = replica;
  const work = replica.work();
  const reached = replica.slots.viewsReached();
  const beyond = reached.filter((one) => one >= view).length;
  const here = reached.filter((one) => one === view).length;
  const timer = (kind, at, delay) => ({ kind, height, view: at, delay });
  const wanted = [];
  if (work && (view === 0n || beyond >= federation.quorum)) {
    const doubled = settings.view_timeout_ms << min(view, MAX_DOUBLINGS);
    wanted.push(timer(VIEW, view, min(doubled, settings.view_timeout_max_ms)));
  }
  const waits = view > 0n && replica.mustPropose() && !replica.gathered;
  if (waits && here >= federation.quorum) {
    wanted.push(timer(PROPOSE, view, settings.propose_delay_ms));
  }
  if (work) wanted.push(timer(RESEND, view, settings.resend_ms));
  if (replica.catchingUp.claims) wanted.push(timer(SYNC, 0n, settings.sync_delay_ms));
  if (!work && federation.n > 1) wanted.push(timer(STATUS, 0n, settings.status_ms));
  return wanted;
}
