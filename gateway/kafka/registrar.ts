/** Writes a gateway's znodes: what every cluster has, and its own registration under a node id. */
import { ServiceError } from "../../shared/api/errors.ts";
import { sessionSkewMs } from "../../shared/limits.ts";
import {
  firstChosenNodeId,
  gatewayRegistrationsMax,
  gatewayWatchMs,
  loneNodeId,
} from "../../shared/limits/gateway-cluster.ts";
import type { MultiOperation } from "../../shared/services/coordination.ts";
import type { KeptSession } from "../../shared/services/keep-session.ts";
import type { Services } from "../../shared/services/services.ts";
import { timeoutMsOf } from "../../shared/services/session-lease.ts";
import type { Clock, Random, Timers } from "../../shared/storage/environment.ts";
import { brokerPath, encodeBroker, type Endpoint, type SecurityProtocol } from "../../shared/topics/broker-znodes.ts";
import { gatewayContext } from "./security/followed-znodes.ts";
import { shownAcl } from "./security/guarded-znodes.ts";
import { type Cluster, foundingStep, readCluster, registrationStep } from "./cluster-znodes.ts";

export interface RegistrarOptions {
  readonly services: Pick<Services, "sessions" | "znodes">;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  readonly namespace: string;
  readonly endpoint: Endpoint;
  readonly protocol: SecurityProtocol;
  /** Default: the lowest from `firstChosenNodeId` that is free. */
  readonly nodeId?: number | undefined;
  /** Whether nobody but gateways may write about them. Default false. */
  readonly isGuarded?: boolean | undefined;
  /** Nobody else uses the store: whoever is registered there is gone, and there is nobody to watch. */
  readonly isAlone: boolean;
}

/** Another gateway has the node id, and lives. */
export class NodeIdTakenError extends Error {
  override readonly name = "NodeIdTakenError";

  /** In the words of Kafka's brokers. */
  constructor(nodeId: number, holder: Endpoint | undefined) {
    const where = holder === undefined ? "" : ` It is ${holder.host}:${holder.port}.`;
    super(
      `A broker is already registered on the path ${brokerPath(nodeId)}. This probably indicates that you either have ` +
        `configured a brokerid that is already in use, or else you have shutdown this broker and restarted it faster than ` +
        `the zookeeper timeout so it appears to be re-registering.${where}`,
    );
  }
}

export class Registrar {
  readonly #options: RegistrarOptions;
  #lastNodeId: number | undefined;

  constructor(options: RegistrarOptions) {
    this.#options = options;
  }

  /** Creates what every cluster has, where it is missing; answers the cluster's id. */
  async found(): Promise<string> {
    const { random, isGuarded = false } = this.#options;
    for (let attempt = 0; attempt < gatewayRegistrationsMax; attempt += 1) {
      const cluster = await this.read();
      const missing = foundingStep(cluster, random.id(), isGuarded ? shownAcl : undefined);
      if (cluster.clusterId !== undefined && missing.length === 0) return cluster.clusterId;
      await this.write(missing);
    }
    throw overtaken();
  }

  /** Waits for the end of one that has the node id and may be gone. @throws NodeIdTakenError */
  async register(
    session: KeptSession,
    signal: AbortSignal,
  ): Promise<{ readonly cluster: Cluster; readonly nodeId: number }> {
    const { services, clock, timers, namespace, endpoint, protocol, isAlone, isGuarded = false } = this.#options;
    const giveUpMs = new Map<bigint, number>();
    for (let attempt = 0; attempt < gatewayRegistrationsMax; attempt += 1) {
      const cluster = await this.read();
      const nodeId = this.#nodeIdIn(cluster, session);
      const holder = cluster.brokers.get(nodeId);
      if (holder?.owner === session.sessionId) {
        this.#lastNodeId = nodeId;
        return { cluster, nodeId };
      }
      if (holder === undefined || isAlone) {
        const data = encodeBroker(endpoint, protocol, clock.wallMs());
        await this.write(registrationStep(nodeId, data, holder, isGuarded ? shownAcl : undefined), session);
        continue;
      }
      const nowMs = clock.monotonicMs();
      const untilMs = giveUpMs.get(holder.owner) ?? nowMs + timeoutMsOf(holder.owner) + sessionSkewMs + gatewayWatchMs;
      giveUpMs.set(holder.owner, untilMs);
      if (nowMs >= untilMs || holder.owner === 0n) throw new NodeIdTakenError(nodeId, holder.endpoint);
      const leftMs = await services.sessions.reapIfOver(namespace, holder.owner);
      await timers.sleep(Math.min(Math.max(leftMs, gatewayWatchMs / 10), gatewayWatchMs), signal);
    }
    throw overtaken();
  }

  /** The one that it has, or had; else one that is free. */
  #nodeIdIn({ brokers }: Cluster, { sessionId }: KeptSession): number {
    const { nodeId, isAlone } = this.#options;
    if (nodeId !== undefined) return nodeId;
    if (isAlone) return loneNodeId;
    for (const [ownId, { owner }] of brokers) if (owner === sessionId) return ownId;
    const before = this.#lastNodeId;
    if (before !== undefined && !brokers.has(before)) return before;
    let free = firstChosenNodeId;
    while (brokers.has(free)) free += 1;
    return free;
  }

  async read(): Promise<Cluster> {
    const { services, namespace } = this.#options;
    const cluster = await readCluster(services.znodes, namespace);
    if (cluster === undefined) throw new Error("a tree has no zxid below zero");
    return cluster;
  }

  /** Who was overtaken by another looks at what there is then, as does who does not know. */
  async write(operations: readonly MultiOperation[], session?: KeptSession): Promise<void> {
    const { services, namespace } = this.#options;
    const context = { ...gatewayContext(namespace), ...(session === undefined ? {} : { session }) };
    try {
      await services.znodes.multi(context, { operations });
    } catch (error) {
      const isOvertaken = error instanceof ServiceError && overtakenCodes.has(error.code);
      if (!isOvertaken) throw error;
    }
  }
}

const overtakenCodes: ReadonlySet<string> = new Set(["NODE_EXISTS", "NO_NODE", "BAD_VERSION", "REQUEST_TIMED_OUT"]);

function overtaken(): ServiceError {
  return new ServiceError("THROTTLING_QUOTA_EXCEEDED", "Too many gateways register at the same time");
}
