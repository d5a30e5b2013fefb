/** AWS's own rules for a sound deployment, by cdk-nag, with what we except from them and why. */
import { type App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks, ServerlessChecks } from "cdk-nag";

/** A rule that a resource does not keep. */
export interface Finding {
  /** For example `AwsSolutions-S1`, or `AwsSolutions-IAM5[Resource::*]` where a rule has several findings for one resource. */
  readonly rule: string;
  readonly description: string;
  /** Path of the construct. */
  readonly resource: string;
  /** Why that is right here; absent where nobody said so. */
  readonly reason?: string;
}

/** An exception that no resource needs. */
export interface StaleException {
  readonly rule: string;
  /** Construct at which it stands. */
  readonly scope: string;
}

export interface NagReport {
  readonly findings: readonly Finding[];
  readonly stale: readonly StaleException[];
}

interface Exception {
  readonly rule: string;
  readonly scope: string;
  readonly reason: string;
}

/** Synthesizes an app and holds both packs against it. */
export function checkApp(app: App): NagReport {
  app.synth();
  const exceptions = exceptionsOf(app);
  const needed = new Set<Exception>();
  const findings = [new AwsSolutionsChecks(), new ServerlessChecks()].flatMap((pack) => {
    // The pack would leave out what is excepted; we want to see that as well, and what it is excepted from.
    Object.assign(pack, { isAcknowledged: () => false });
    return pack.validateScope(app).violations.flatMap(({ ruleName, description, violatingResources }) =>
      violatingResources.map(({ constructPath: resource = "" }): Finding => {
        const exception = exceptions.find(({ rule, scope }) => rule === ruleName && isWithin(resource, scope));
        if (exception !== undefined) needed.add(exception);
        const { reason } = exception ?? {};
        return { rule: ruleName, description, resource, ...(reason === undefined ? {} : { reason }) };
      }),
    );
  });
  return { findings, stale: exceptions.filter((exception) => !needed.has(exception)) };
}

function isWithin(resource: string, scope: string): boolean {
  return scope === "" || resource === scope || resource.startsWith(`${scope}/`);
}

/** What `Validations.of(construct).acknowledge` has left at the constructs. */
function exceptionsOf(app: App): Exception[] {
  const all = app.node.findAll().flatMap(({ node }) =>
    node.metadata
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) => Object.entries(data as Readonly<Record<string, string>>))
      .map(([id, reason]) => ({ rule: id.replace(/^annotation::/i, ""), scope: node.path, reason })),
  );
  // What is granted twice is excepted twice.
  return [...new Map(all.map((exception) => [`${exception.rule} ${exception.scope}`, exception])).values()];
}
