/** When sweeps come, and how far ahead anything is asked for: each with its reason. */

/**
 * On AWS a sweep comes so long after something has changed: what a lost wake-up left waits for an hour and a little, of the 12 h
 * after which produce refuses because of unsealed entries.
 */
export const sweepEveryMs = 3_600_000;
/** Sweeps come at every quarter of an hour at most: what has a deadline is done so late. */
export const sweepSlotMs = 900_000;
/** A sweep is asked for so long before it comes at least: clocks differ, and one that has just begun does not see what follows. */
export const sweepLeadMs = 300_000;
/** Nothing is asked for further ahead; whoever looks then asks again. EventBridge Scheduler takes years. */
export const scheduleAheadMsMax = 365 * 86_400_000;
/** EventBridge Scheduler answers within 100 ms; a first append waits for it. */
export const schedulerRequestMsMax = 2_000;
/**
 * A sweep that is still going on after this asks for another one, should Lambda end it at 15 min: beyond the 10 min after which its
 * parts begin nothing more.
 */
export const sweepOverdueMs = 720_000;
/**
 * A container asks for the next sweep at a moment of its own within so long before it needs it: the containers of a busy stack not
 * all at once, and no append waits for it.
 */
export const sweepRenewMs = 600_000;
/** The same where sweeps come from a timer of the process itself. */
export const localSweepLeadMs = 30_000;
/** EventBridge Scheduler's own tries to reach a target that fails, within a day (its defaults). */
export const scheduleTriesMax = 185;
export const scheduleAgeSecondsMax = 86_400;
