/** Limits of the gateway for groups, each with its reason. */

/** Members of whom one gateway remembers what it told them last: one that it forgot is told again, which does no harm. */
export const toldMembersMax = 10_000;
