export const electionName = "head";
export const guardedPath = "/guarded";
