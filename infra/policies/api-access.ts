/** Policies for callers of the API, by what they are to do. */
import { Stack } from "aws-cdk-lib";
import { Effect, Grant, PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { IGrantable } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { pushStage } from "../constructs/push-api.ts";
import { ambiguousPaths, type PathPattern, pathPatternsOf } from "../../shared/api/permission-paths.ts";
import { type Permission, rulesOf } from "../../shared/api/permissions.ts";

type Of<Action extends Permission["action"]> = Omit<Extract<Permission, { readonly action: Action }>, "action">;

const action = "execute-api:Invoke";
const stage = "$default";

/**
 * Grants what callers do with an HTTP API of ours that asks for IAM: of this app, or by its id of any in the account and region
 * of `scope`. Names may end with an asterisk; a namespace never does.
 *
 * Each method throws a RangeError for a name that none can have, or that a path cannot say without doubt.
 */
export class ApiAccess {
  readonly #scope: Construct;
  readonly #apiId: string;
  readonly #pushApiId: string | undefined;

  /** @param pushApiId of the WebSocket API, by which whoever may read may also be told what there is to read */
  constructor(scope: Construct, apiId: string, pushApiId?: string) {
    this.#scope = scope;
    this.#apiId = apiId;
    this.#pushApiId = pushApiId;
  }

  /** May append to topics, and get ids for idempotent producers. */
  grantProduce(grantee: IGrantable, topics: Of<"produce">): Grant {
    return this.grant(grantee, { action: "produce", ...topics });
  }

  /** May read topics without a group. */
  grantFetch(grantee: IGrantable, topics: Of<"fetch">): Grant {
    return this.grant(grantee, { action: "fetch", ...topics });
  }

  /** May read topics as a member of groups. */
  grantConsume(grantee: IGrantable, topicsAndGroups: Of<"consume">): Grant {
    return this.grant(grantee, { action: "consume", ...topicsAndGroups });
  }

  /** May acquire and acknowledge records of topics for share groups. */
  grantShare(grantee: IGrantable, topicsAndGroups: Of<"share">): Grant {
    return this.grant(grantee, { action: "share", ...topicsAndGroups });
  }

  /** May change, truncate and delete topics. */
  grantManage(grantee: IGrantable, topics: Of<"manage">): Grant {
    return this.grant(grantee, { action: "manage", ...topics });
  }

  /** May make transactions of the whole namespace: they write to every topic in it, and commit offsets for every group. */
  grantTransact(grantee: IGrantable, namespace: string): Grant {
    return this.grant(grantee, { action: "transact", namespace });
  }

  /** May read, write and watch the znode of a path and all below it, under sessions. */
  grantCoordinate(grantee: IGrantable, path: Of<"coordinate">): Grant {
    return this.grant(grantee, { action: "coordinate", ...path });
  }

  /** May read and watch the znode of a path and all below it. */
  grantObserve(grantee: IGrantable, path: Of<"observe">): Grant {
    return this.grant(grantee, { action: "observe", ...path });
  }

  /** May stand for elections. */
  grantElect(grantee: IGrantable, elections: Of<"elect">): Grant {
    return this.grant(grantee, { action: "elect", ...elections });
  }

  /** May acquire locks. */
  grantLock(grantee: IGrantable, locks: Of<"lock">): Grant {
    return this.grant(grantee, { action: "lock", ...locks });
  }

  /** May read everything in a namespace. */
  grantRead(grantee: IGrantable, namespace: string): Grant {
    return this.grant(grantee, { action: "read", namespace });
  }

  /** May do everything inside a namespace. */
  grantAdmin(grantee: IGrantable, namespace: string): Grant {
    return this.grant(grantee, { action: "admin", namespace });
  }

  /** May create, list and delete namespaces; nothing inside them. */
  grantOperate(grantee: IGrantable): Grant {
    return this.grant(grantee, { action: "operate" });
  }

  /** As the methods above, for a permission as it also stands in tokens. */
  grant(grantee: IGrantable, permission: Permission): Grant {
    const allowed = rulesOf(permission);
    const resourceArns = [
      ...pathPatternsOf(allowed).map(({ method, path }) => this.#arnOf(method, path)),
      ...(allowed.some(({ operation }) => operation.startsWith("subscribeTo")) ? this.#connectArns() : []),
    ];
    const grant = Grant.addToPrincipal({ grantee, actions: [action], resourceArns });
    // The same for every grant, so that a policy holds it once.
    const deny = new PolicyStatement({
      effect: Effect.DENY,
      actions: [action],
      resources: ambiguousPaths.map((path) => this.#arnOf("*", path)),
    });
    grantee.grantPrincipal.addToPrincipalPolicy(deny);
    return grant;
  }

  /** Of a connection: on it nobody hears anything that they have not subscribed to by the paths above. */
  #connectArns(): readonly string[] {
    if (this.#pushApiId === undefined) return [];
    const resourceName = `${pushStage}/$connect`;
    return [Stack.of(this.#scope).formatArn({ service: "execute-api", resource: this.#pushApiId, resourceName })];
  }

  /** A pattern that may be any path has no slash at its beginning: its asterisk stands for that, too. */
  #arnOf(method: PathPattern["method"] | "*", path: string): string {
    const separator = path.startsWith("/") ? "" : "/";
    return Stack.of(this.#scope).formatArn({
      service: "execute-api",
      resource: this.#apiId,
      resourceName: `${stage}/${method}${separator}${path}`,
    });
  }
}
