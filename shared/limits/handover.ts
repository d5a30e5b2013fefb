/** What is left of the function's time when sealing is given up, ms: enough to answer CloudFormation. */
export const handoverMarginMs = 10_000;
/** Longest wait for requests that are under way: none takes as long. */
export const quietSecondsMax = 60;
/** Runs of up to 16 segments for one partition: far more than fit in a function's 15 minutes. */
export const handoverRunsMax = 10_000;
