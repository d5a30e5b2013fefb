/** Stands in a function's bundle for modules of the SDK that Lambda has no use for. */
throw new Error("This module of the AWS SDK is not in the bundle: the function's environment has no credentials");
