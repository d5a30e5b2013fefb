/** Where one-off schedules stand and what they call, as a deployment tells its functions. */

export interface ScheduleNames {
  /** The deployment's own group of schedules. */
  readonly group: string;
  /** As whom EventBridge Scheduler calls. */
  readonly roleArn: string;
  /** The function that sweeps. */
  readonly sweepArn: string;
  readonly dutyQueueArn: string;
  readonly expiryQueueArn: string;
  /** Where a call is put aside that failed every time. */
  readonly failedQueueArn: string;
}

const names = ["group", "roleArn", "sweepArn", "dutyQueueArn", "expiryQueueArn", "failedQueueArn"] as const;

/**
 * Reads `STREAMKEEPER_SCHEDULES`: JSON with all names.
 *
 * @throws Error if one is missing, naming it
 */
export function decodeScheduleNames(text: string): ScheduleNames {
  const value: unknown = JSON.parse(text);
  const fields: Readonly<Record<string, unknown>> = typeof value === "object" && value !== null ? { ...value } : {};
  const entries = names.map((name) => {
    const field = fields[name];
    if (typeof field !== "string" || field === "") throw new Error(`STREAMKEEPER_SCHEDULES has no ${name}`);
    return [name, field] as const;
  });
  return Object.fromEntries(entries) as unknown as ScheduleNames;
}
