import type { HealthAnswer } from "../../shared/api/schemas/health.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface HealthInput {
  /** `live` only answers; `ready` writes to the storage and reads it back. Default `ready`. */
  readonly probe?: "live" | "ready";
}

export type HealthOutput = HealthAnswer;

/** Asks whether the service lives, and whether it can write and read. @throws StreamkeeperServiceException KAFKA_STORAGE_ERROR */
export class HealthCommand implements Command<HealthInput, HealthOutput> {
  readonly name = "HealthCommand";
  readonly repeat = "read";
  readonly input: HealthInput;

  constructor(input: HealthInput = {}) {
    this.input = input;
  }

  serialize(input: HealthInput, defaults: CommandDefaults): RequestParts {
    return { ...routeTo("getHealth", {}, defaults), query: { probe: input.probe } };
  }

  deserialize(response: HttpResponse): HealthOutput {
    return jsonOf(response) as HealthOutput;
  }
}
