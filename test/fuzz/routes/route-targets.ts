/** Sequences of calls to the API, and after them a look at what they left behind. */
import { type Capability, jsonMediaType, type OperationId, routes, sessionHeader } from "../../../shared/api/routes.ts";
import { Router } from "../../../functions/http/router.ts";
import { ServiceError } from "../../../shared/api/errors.ts";
import { FuzzRandom } from "../fuzz-random.ts";
import { smallerJson, smallerList } from "../shrink.ts";
import type { FuzzCase, Tally, Target } from "../target.ts";
import { type ApiOperation, apiOperations } from "./api.ts";
import { checkAnswer } from "./check-answer.ts";
import { KnownValues } from "./known-values.ts";
import { makeRequest } from "./make-request.ts";
import { FuzzWorld, type SentRequest } from "./world.ts";

const callsPerCase = 40;
const caseMsMax = 8_000;
const router = new Router(Object.keys(routes) as OperationId[]);

function call(id: OperationId, names: Readonly<Record<string, string>>, body?: object, query = ""): SentRequest {
  const { method, path } = routes[id];
  const filled = path.replaceAll(
    /\{(\w+)\+?\}/g,
    (_, name: string) => names[name] ?? (name === "namespace" ? "default" : ""),
  );
  const content: Pick<SentRequest, "headers" | "body"> =
    body === undefined
      ? { headers: {} }
      : { headers: { "content-type": jsonMediaType }, body: { text: JSON.stringify(body) } };
  return { method, path: filled, query, ...content, via: "direct" };
}

/** So that the first calls find something. */
const beginnings: readonly SentRequest[] = [
  call("createTopic", {}, { name: "orders", partitions: 2 }),
  call("createTopic", {}, { name: "dead", partitions: 1 }),
  call(
    "produce",
    { topic: "orders" },
    {
      records: [
        { key: "k", value: "v", partition: 0 },
        { value: "w", partition: 1 },
      ],
    },
  ),
  call("createZnode", { path: "a" }, { data: "x" }),
  call("createSession", {}, {}),
  call("joinGroup", { group: "g" }, { topics: ["orders"] }),
  call("configureShareGroup", { group: "s" }, { config: { startAt: "earliest" } }),
  call("createProducer", {}, { transactionalId: "t" }),
];

/** Whatever came before, this is answered, also by a process that has seen none of it. */
const looks: readonly SentRequest[] = [
  call("listNamespaces", {}),
  call("listTopics", {}),
  call("describeTopic", { topic: "orders" }),
  call("fetch", { topic: "orders", partition: "0" }, undefined, "offset=earliest"),
  call("fetch", { topic: "orders", partition: "1" }, undefined, "offset=earliest&isolation=read_committed"),
  call("fetch", { topic: "dead", partition: "0" }, undefined, "offset=earliest"),
  call("fetch", { topic: "__znode_changes", partition: "0" }, undefined, "offset=earliest"),
  call("listGroups", {}),
  call("describeGroup", { group: "g" }),
  call("getGroupOffsets", { group: "g" }),
  call("listShareGroups", {}),
  call("describeShareGroup", { group: "s" }),
  call("listTransactions", {}),
  call("describeTransaction", { transactionalId: "t" }),
  call("getRoot", {}, undefined, "view=children"),
  call("getZnode", { path: "a" }),
  call("getChanges", {}, undefined, "since=0"),
  call("describeLock", { lock: "l" }),
  call("describeElection", { election: "e" }),
];

class Run {
  readonly world: FuzzWorld;
  readonly known = new KnownValues();
  #accepted = 0;
  #declined = 0;

  constructor(seed: number) {
    this.world = new FuzzWorld(seed);
  }

  get tally(): Tally {
    return { accepted: this.#accepted, declined: this.#declined };
  }

  /** @throws FuzzFailure */
  async send(request: SentRequest): Promise<void> {
    const answer = await this.world.send(request);
    const learnt = checkAnswer(operationOf(request), answer, () => this.world.lastCause);
    if (answer.status < 400) {
      this.#accepted += 1;
      this.known.learn(learnt);
    } else this.#declined += 1;
  }

  /** Cold processes find what others left, before and after the background has done its part. */
  async lookAround(random: FuzzRandom): Promise<void> {
    const passesTime = random.chance(0.3);
    this.world.restart();
    for (const look of looks) if (random.chance(0.5)) await this.send(look);
    if (!passesTime) return;
    await this.world.pass(random.pick([1_000, 60_000, 3_600_000]));
    for (const look of looks) if (random.chance(0.5)) await this.send(look);
  }
}

/** As the router has it; undefined for what is no route. */
function operationOf({ method, path, via }: SentRequest): ApiOperation | undefined {
  try {
    const match = router.match(method, path, false);
    return match.kind === "operation" ? apiOperations.get(match.operationId) : undefined;
  } catch (error) {
    if (error instanceof ServiceError) return undefined;
    throw new Error(`the router fails over ${method} ${path} ${via}`, { cause: error });
  }
}

function routeCase(
  target: string,
  seed: number,
  index: number,
  own: readonly ApiOperation[],
  given?: readonly SentRequest[],
): FuzzCase {
  const sent: SentRequest[] = [];
  const all = [...apiOperations.values()];
  const run = async (): Promise<Tally> => {
    sent.length = 0;
    const random = new FuzzRandom(target, seed, index);
    const one = new Run(random.uint32());
    const damage = random.pick([0, 0.15, 0.5, 0.9]);
    const lookSeed = random.uint32();
    const send = async (request: SentRequest): Promise<void> => {
      sent.push(request);
      await one.send(request);
    };
    if (given === undefined) {
      for (const beginning of beginnings) if (random.chance(0.9)) await send(beginning);
      for (let count = sent.length; count < callsPerCase; count += 1) {
        await send(makeRequest(random, random.pick(random.chance(0.75) ? own : all), one.known, damage));
      }
    } else for (const request of given) await send(request);
    await one.lookAround(new FuzzRandom(target, lookSeed));
    return one.tally;
  };
  return {
    run,
    smaller: () =>
      eachCase(smallerList([...(given ?? sent)], smallerRequest), (requests) =>
        routeCase(target, seed, index, own, requests),
      ),
    show: () => (given ?? sent).map(shown).join("\n"),
  };
}

function* eachCase(
  lists: Iterable<readonly SentRequest[]>,
  caseOf: (requests: readonly SentRequest[]) => FuzzCase,
): Generator<FuzzCase> {
  for (const requests of lists) yield caseOf(requests);
}

function* smallerRequest(request: SentRequest): Generator<SentRequest> {
  if (request.query !== "") yield { ...request, query: "" };
  if (Object.keys(request.headers).length > 0) yield { ...request, headers: {} };
  if (request.headers[sessionHeader] !== undefined) {
    yield { ...request, headers: { "content-type": request.headers["content-type"] ?? jsonMediaType } };
  }
  if (request.body === undefined || !("text" in request.body)) return;
  let value: unknown;
  try {
    value = JSON.parse(request.body.text);
  } catch {
    return;
  }
  for (const smaller of smallerJson(value)) yield { ...request, body: { text: JSON.stringify(smaller) } };
}

function shown({ method, path, query, headers, body, via }: SentRequest): string {
  const content = body === undefined ? "" : "text" in body ? body.text : `hex:${body.hex}`;
  return `${method} ${path}${query === "" ? "" : `?${query}`} ${JSON.stringify(headers)} (${via}) ${content}`;
}

const capabilities: readonly Capability[] = [...new Set(Object.values(routes).map(({ capability }) => capability))];

export const routeTargets: readonly Target[] = capabilities.map((capability) => {
  const name = `routes.${capability}`;
  const own = [...apiOperations.values()].filter(({ id }) => routes[id].capability === capability);
  return {
    name,
    covers: own.map(({ id }) => `route ${id}`),
    inputsPerCase: callsPerCase,
    cost: 10,
    caseMsMax,
    open: (seed) => (index) => routeCase(name, seed, index, own),
  };
});
