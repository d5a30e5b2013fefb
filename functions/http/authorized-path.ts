import { ServiceError } from "../../shared/api/errors.ts";
import { type OperationId, routes } from "../../shared/api/routes.ts";
import type { HttpEvent } from "./event.ts";

/** API Gateway decodes the path before it hands it over, a function URL and our own server do not. */
export function isDecodedPath({ routeKey, direct }: HttpEvent): boolean {
  return direct === undefined && routeKey !== undefined && routeKey !== "$default";
}

/**
 * What API Gateway lets IAM check must be what the function does. It decodes a path, some of it twice, and cuts it at a
 * question mark that was encoded: where what is left might have come from another URL, the request is refused.
 *
 * @throws ServiceError NOT_FOUND for a path that leads elsewhere than the route that API Gateway found | BAD_ARGUMENTS for a
 *   path that may have been another
 */
export function checkAuthorizedPath({ routeKey, rawPath }: HttpEvent, operation: OperationId): void {
  const { method, path } = routes[operation];
  if (routeKey !== `${method} ${path}`) throw new ServiceError("NOT_FOUND", "The path is not one of the route's");
  if (/[%?]/.test(rawPath)) {
    throw new ServiceError("BAD_ARGUMENTS", "Behind API Gateway a path has no % and no ? in its names, encoded or not");
  }
}
