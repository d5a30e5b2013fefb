/** The APIs that are served, and what their handlers get beside the request. */
import type { Log } from "../../functions/http/log.ts";
import type { Metrics } from "../../shared/metrics/metrics.ts";
import type { Services } from "../../shared/services/services.ts";
import type { Clock, Random, Timers } from "../../shared/storage/environment.ts";
import type { FetchBytes } from "./answer-room.ts";
import type { Placement } from "./placement.ts";
import type { Api, RequestOf, ResponseOf } from "./protocol/api.ts";
import type { Fields } from "./protocol/schema.ts";
import type { GatewaySecurity } from "./security/gateway-security.ts";
import type { TopicIds } from "./topic-ids.ts";

/** What all connections of a gateway share. */
export interface Gateway {
  readonly services: Services;
  /** The namespace whose topics and groups its clients see. */
  readonly namespace: string;
  /** Named by every client-visible description of the cluster; stays the same for a namespace. */
  readonly clusterId: string;
  readonly placement: Placement;
  readonly topicIds: TopicIds;
  /** What its fetches have read and not answered. */
  readonly fetchBytes: FetchBytes;
  readonly apis: ReadonlyMap<number, ApiEntry>;
  readonly security: GatewaySecurity;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  readonly log: Log;
  readonly metrics?: Metrics | undefined;
  /** Whether a topic that a client asks for by name comes to exist, as with Kafka's auto.create.topics.enable. */
  readonly createsTopics: boolean;
}

/** What is known of who is connected; authentication changes it. */
export interface Peer {
  /** As in access control lists, for example `User:alice`. */
  principal: string;
  /** The address it connects from, without a port. */
  readonly host: string;
  /** Whether it may call more than what authentication takes. */
  isAuthenticated: boolean;
  /** Whether it sends the messages of its mechanism as frames of their own, as it does after SaslHandshake v0. */
  sendsTokens: boolean;
}

export interface RequestContext {
  readonly gateway: Gateway;
  readonly peer: Peer;
  readonly apiVersion: number;
  readonly clientId: string;
  /** Aborts when the connection is gone or the gateway stops. */
  readonly signal: AbortSignal;
  /** Lets the next of the requests that come in turns begin; without it, that begins when this one is answered. */
  readonly passTurn: () => void;
  /** Reads nothing more of the connection for a while, in milliseconds. */
  readonly mute: (ms: number) => void;
  /** Ends the connection once this and what came before it is answered. */
  readonly endConnection: () => void;
}

/** Undefined is no answer at all: Produce with acks 0. */
export type Answer<A> = ResponseOf<A> | undefined;
export type Handler<A> = (request: RequestOf<A>, context: RequestContext) => Promise<Answer<A>> | Answer<A>;

/**
 * How requests of a connection go on beside each other. `free`: at once. `turns`: in the order in which they came, each when
 * the one before has passed its turn or is answered, so that writes stay in their order. `sent`: each when the answer of the
 * one before is sent, for answers that are large.
 */
export type Lane = "free" | "turns" | "sent";

/** An API that the gateway serves. */
export interface ApiEntry {
  readonly api: Api;
  readonly handle: Handler<Api>;
  readonly lane: Lane;
  /** The versions that clients are told of; more may be described, in order to be refused with an answer. */
  readonly advertised: readonly [number, number];
}

export function entry<Request extends Fields, Response extends Fields>(
  api: Api<Request, Response>,
  lane: Lane,
  handle: Handler<Api<Request, Response>>,
): ApiEntry {
  // What the handler is called with is what its own table reads.
  return { api, lane, handle, advertised: api.versions };
}
