/** Permissions that the rehearsal does not come to need, each with what needs it. One that is not given any more must not stand here. */
export const notRehearsed: Readonly<Record<string, readonly string[]>> = {};
