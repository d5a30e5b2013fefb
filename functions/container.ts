/** The services of one Lambda container: made at its first request, then kept. */
import type { Storage } from "../shared/storage/storage.ts";
import { awsStorageFromEnvironment } from "../shared/storage/aws/aws-storage.ts";
import { createNodeEnvironment } from "../shared/storage/node/node-environment.ts";

/** A Lambda entry that makes its handler when it is first called, so that importing the module needs no environment. */
export function inContainer<Services, Event, Answer, Context>(
  createServices: (storage: Storage) => Services,
  create: (services: Services) => (event: Event, context: Context) => Promise<Answer>,
): (event: Event, context: Context) => Promise<Answer> {
  let handler: ((event: Event, context: Context) => Promise<Answer>) | undefined;
  return async (event, context) => {
    handler ??= create(createServices(awsStorageFromEnvironment(process.env, createNodeEnvironment())));
    return handler(event, context);
  };
}
