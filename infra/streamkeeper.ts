/** The whole service, for the app of this repository and for anybody's own. */
import type { Construct } from "constructs";
import { DataStack } from "./data-stack.ts";
import type { StreamkeeperProps } from "./props.ts";
import { settingsOf } from "./settings.ts";
import { StreamkeeperStack } from "./stack.ts";

export interface Streamkeeper {
  /** `<stackName>-Data`: tables and bucket. */
  readonly data: DataStack;
  /** `<stackName>`: everything else; it can be deleted and deployed anew on the same data. */
  readonly service: StreamkeeperStack;
}

/**
 * Adds the two stacks of one deployment to an app or a stage.
 *
 * @throws ZodError if a prop has a value that the stacks cannot be built with
 */
export function addStreamkeeper(scope: Construct, props: StreamkeeperProps = {}): Streamkeeper {
  const settings = settingsOf(props);
  const data = new DataStack(scope, settings);
  const service = new StreamkeeperStack(scope, settings, data);
  service.addStackDependency(data);
  return { data, service };
}
