/** Stands in a function's bundle for zod's writer of JSON schemas, which only `npm run openapi` needs. */
const absent = (): never => {
  throw new Error("zod's JSON schemas are not in the bundle of a function");
};

export const createToJSONSchemaMethod = (): (() => never) => absent;
export const createStandardJSONSchemaMethod = (): (() => never) => absent;
