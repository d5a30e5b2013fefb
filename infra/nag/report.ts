import type { Finding, NagReport } from "./check.ts";

export interface TitledReport extends NagReport {
  readonly title: string;
}

/** The reports as Markdown: first what nobody gave a reason for, then each reason with what it excepts. */
export function renderReport(reports: readonly TitledReport[]): { readonly text: string; readonly isClean: boolean } {
  const sections = reports.map(({ title, findings, stale }) => {
    const broken = findings.filter(({ reason }) => reason === undefined);
    const excepted = findings.filter(({ reason }) => reason !== undefined);
    const lines = [
      `## ${title}: ${broken.length} broken, ${excepted.length} excepted with a reason, ${stale.length} needless exceptions`,
      "",
      ...broken.map(({ rule, resource, description }) => `- BROKEN ${rule} at ${resource}: ${description}`),
      ...stale.map(({ rule, scope }) => `- NEEDLESS exception from ${rule} at ${scope}`),
      ...byReason(excepted).flatMap(({ reason, rules, resources }) => [
        `- ${rules.join(", ")}: ${reason}`,
        ...resources.map((resource) => `  - ${resource}`),
      ]),
      "",
    ];
    return { lines, isClean: broken.length === 0 && stale.length === 0 };
  });
  return {
    text: ["# AwsSolutions and Serverless", "", ...sections.flatMap(({ lines }) => lines)].join("\n"),
    isClean: sections.every(({ isClean }) => isClean),
  };
}

interface Excepted {
  readonly reason: string;
  readonly rules: readonly string[];
  readonly resources: readonly string[];
}

function byReason(findings: readonly Finding[]): Excepted[] {
  const groups = Map.groupBy(findings, ({ reason = "" }) => reason);
  return [...groups].map(([reason, members]) => ({
    reason,
    rules: [...new Set(members.map(({ rule }) => rule))],
    resources: [...new Set(members.map(({ resource }) => resource))],
  }));
}
