/**
 * Hears of a time (wall clock, ms) from which on there may be something to do that nobody will ask for then, if nothing is
 * written meanwhile. What is due now is done, or asked for.
 */
export type Later = (atMs: number) => void;

/** For who does not come again. */
export const unheard: Later = () => {};
