/** Limits of who may do what. */

/** Permissions of one token that are looked at: API Gateway takes 10 KB of headers, which holds fewer. */
export const tokenPermissionsMax = 500;
