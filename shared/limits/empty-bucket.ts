/** What is left of the function's time when emptying stops, ms: for the request under way, and to answer CloudFormation. */
export const emptyingMarginMs = 30_000;
/** Pages of 1,000 blobs that one call deletes: far more than fit in a function's 15 minutes. */
export const emptyingPagesMax = 100_000;
