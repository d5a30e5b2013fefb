/** Tag of a bucket that may be emptied. It goes with the choice to throw data away, before anything is deleted. */
export const disposableTag = "streamkeeper:delete-with-stack";
