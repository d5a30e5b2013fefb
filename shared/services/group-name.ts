import { ServiceError } from "../api/errors.ts";
import { groupIdCharsMax } from "../limits/groups.ts";
import type { GroupName } from "./groups.ts";
import { checkNamespaceName } from "./namespace-service.ts";

/**
 * The rules of ids of groups of any kind. One is a segment of a URL's path, where a slash would end it, and one or two dots
 * mean another place.
 *
 * @throws ServiceError INVALID_GROUP_ID | UNKNOWN_NAMESPACE
 */
export function checkGroupName({ namespace, group }: GroupName): void {
  checkNamespaceName(namespace);
  const isText = group.length >= 1 && group.length <= groupIdCharsMax && group.isWellFormed();
  if (isText && !/[/\p{Cc}]/u.test(group) && group !== "." && group !== "..") return;
  throw new ServiceError(
    "INVALID_GROUP_ID",
    `A group's id has 1 to ${groupIdCharsMax} characters, none of them a slash or of control, and is not . or ..`,
  );
}
