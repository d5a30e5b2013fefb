import { callAws } from "./aws-api.ts";
import type { Deployment } from "./deployment.ts";

/** A Lambda function, as the emulator knows it. */
export interface DeployedFunction {
  readonly FunctionName: string;
  readonly Environment?: { readonly Variables?: Readonly<Record<string, string>> };
  readonly LoggingConfig?: { readonly LogGroup?: string };
  /** ARN. */
  readonly Role: string;
}

interface Page {
  readonly Functions: readonly DeployedFunction[];
  readonly NextMarker?: string | null;
}

const pagesMax = 20;

/** The functions of a deployment. @throws Error if there are more pages of them than can be */
export async function deployedFunctions({
  emulator,
  stackName,
}: Pick<Deployment, "emulator" | "stackName">): Promise<readonly DeployedFunction[]> {
  const found: DeployedFunction[] = [];
  let marker = "";
  for (let page = 0; page < pagesMax; page += 1) {
    const query: Readonly<Record<string, string>> = marker === "" ? {} : { Marker: marker };
    const answer = await callAws(emulator, {
      service: "lambda",
      method: "GET",
      path: "/2015-03-31/functions/",
      query,
    });
    const { Functions: functions, NextMarker: next } = JSON.parse(answer) as Page;
    found.push(...functions.filter(({ FunctionName: name }) => name.startsWith(`${stackName}-`)));
    if (next === undefined || next === null || next === "") return found;
    marker = next;
  }
  throw new Error("the list of functions does not end");
}

/** What a deployment's functions are told by this variable. @throws Error if none is told anything */
export async function toldBy(deployment: Deployment, variable: string): Promise<string> {
  const functions = await deployedFunctions(deployment);
  const told = functions.map(({ Environment: environment }) => environment?.Variables?.[variable]);
  const value = told.find((one) => one !== undefined);
  if (value === undefined) throw new Error(`no function of ${deployment.stackName} has ${variable}`);
  return value;
}
