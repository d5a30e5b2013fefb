/**
 * A gateway as a member of its cluster: while its session lives it stands in the tree below `/brokers/ids`, one of the members is
 * the controller, and each knows the others from the tree that it follows.
 *
 * Nothing depends on what a member knows of the others but where clients are sent to: every gateway serves every request.
 */
import { describeError, type Log } from "../../functions/http/log.ts";
import { ServiceError } from "../../shared/api/errors.ts";
import { sessionSkewMs } from "../../shared/limits.ts";
import {
  firstChosenNodeId,
  gatewayRegistrationsMax,
  gatewayRejoinMs,
  gatewayWatchMs,
  loneNodeId,
} from "../../shared/limits/gateway-cluster.ts";
import { gatewayCloseMsMax } from "../../shared/limits/kafka-gateway.ts";
import type { MultiOperation } from "../../shared/services/coordination.ts";
import { keepSession, type KeptSession } from "../../shared/services/keep-session.ts";
import type { Services } from "../../shared/services/services.ts";
import { timeoutMsOf } from "../../shared/services/session-lease.ts";
import type { Clock, Random, Timers } from "../../shared/storage/environment.ts";
import { brokerPath, encodeBroker, type Endpoint, type SecurityProtocol } from "../../shared/topics/broker-znodes.ts";
import { type Cluster, controllerStep, foundingStep, readCluster, registrationStep } from "./cluster-znodes.ts";
import type { Peer } from "./peer-links.ts";
import type { Broker, Members } from "./placement.ts";

export interface MembershipOptions {
  readonly services: Pick<Services, "sessions" | "znodes">;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  readonly log: Log;
  readonly namespace: string;
  readonly endpoint: Endpoint;
  readonly protocol: SecurityProtocol;
  /** Default: the lowest from `firstChosenNodeId` that is free. */
  readonly nodeId?: number | undefined;
  readonly sessionTimeoutMs: number;
  /** Nobody else uses the store: whoever is registered there is gone, and there is nobody to watch. */
  readonly isAlone: boolean;
  /** Told who else is registered whenever that changes. */
  readonly onOthers?: (others: readonly Peer[]) => void;
  /** Whether one of them is known to be gone before its session is over. */
  readonly isGone?: (nodeId: number) => boolean;
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

/** Made once: nobody reads it. */
const over = new Error("the membership is over");

export class Membership {
  readonly #options: MembershipOptions;
  readonly #stopped = new AbortController();
  #session: KeptSession | undefined;
  /** Monotonic clock, before the session was asked for. */
  #sentMs = 0;
  #members: Members;
  #others: readonly Peer[] = [];
  #clusterId = "";
  #isRegistered = false;
  /** Of a tree in which there was nothing to do. */
  #seenZxid: number | undefined;
  #running: Promise<void> | undefined;
  /** Monotonic clock: when the lease of the one that this member watches may be over. */
  #lookAtMs = -Infinity;
  #watched = 0n;

  private constructor(options: MembershipOptions) {
    this.#options = options;
    const self = { nodeId: options.nodeId ?? loneNodeId, ...options.endpoint };
    this.#members = { self, brokers: [self], controllerId: undefined };
  }

  /** @throws NodeIdTakenError | ServiceError */
  static async join(options: MembershipOptions): Promise<Membership> {
    const membership = new Membership(options);
    try {
      await membership.#enter();
    } catch (error) {
      await membership.#leave();
      throw error;
    }
    membership.#running = membership.#run();
    return membership;
  }

  /** From memory. */
  get members(): Members {
    return this.#members;
  }

  /** The same for all gateways of a namespace, for good. */
  get clusterId(): string {
    return this.#clusterId;
  }

  /** Others see at once that it is gone. Ends within `gatewayCloseMsMax`. */
  async close(): Promise<void> {
    this.#stopped.abort(over);
    const late = new AbortController();
    const done = (async () => {
      await this.#running;
      await this.#leave();
    })();
    await Promise.race([done, this.#sleep(gatewayCloseMsMax, late.signal)]);
    late.abort(over);
  }

  async #run(): Promise<void> {
    const { log } = this.#options;
    const { signal } = this.#stopped;
    for (;;) {
      await this.#stay();
      if (signal.aborted) return;
      log("WARN", "the gateway's session is over", { nodeId: this.#members.self.nodeId });
      while (!signal.aborted) {
        try {
          await this.#leave();
          await this.#enter();
          log("INFO", "the gateway is registered again", { nodeId: this.#members.self.nodeId });
          break;
        } catch (error) {
          log("ERROR", "the gateway cannot register", { cause: describeError(error) });
          await this.#sleep(gatewayRejoinMs, signal);
        }
      }
    }
  }

  /** Until the session is lost, or may be, or the gateway stops. */
  async #stay(): Promise<void> {
    const { services, clock, timers, namespace, isAlone } = this.#options;
    const session = this.#session;
    if (session === undefined) return;
    const term = new AbortController();
    const end = (): void => term.abort(over);
    this.#stopped.signal.addEventListener("abort", end, { once: true });
    if (this.#stopped.signal.aborted) end();
    const keeper = { sessions: services.sessions, clock, timers, namespace };
    const heart = keepSession(keeper, session, this.#sentMs, term.signal).finally(end);
    if (!isAlone) await this.#watch(session, term.signal);
    await heart;
    this.#stopped.signal.removeEventListener("abort", end);
  }

  /** Opens a session and registers under it. */
  async #enter(): Promise<void> {
    const { services, clock, namespace, sessionTimeoutMs: timeoutMs } = this.#options;
    await this.#found();
    this.#sentMs = clock.monotonicMs();
    const session = await services.sessions.create(namespace, { timeoutMs });
    this.#session = session;
    await this.#register(session);
    await this.#look(session);
  }

  /** What cannot be closed runs out. */
  async #leave(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    if (session === undefined) return;
    try {
      await this.#options.services.sessions.close(this.#options.namespace, session);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
    }
  }

  /** Creates what every cluster has: the first gateway does. */
  async #found(): Promise<void> {
    const { random } = this.#options;
    for (let attempt = 0; attempt < gatewayRegistrationsMax; attempt += 1) {
      const cluster = await this.#read();
      if (cluster.clusterId !== undefined && cluster.epoch !== undefined && cluster.missing.length === 0) {
        this.#clusterId = cluster.clusterId;
        return;
      }
      await this.#write(foundingStep(cluster, random.id()));
    }
    throw overtaken();
  }

  /** @throws NodeIdTakenError */
  async #register(session: KeptSession): Promise<void> {
    const { services, clock, namespace, endpoint, protocol, isAlone } = this.#options;
    const giveUpMs = new Map<bigint, number>();
    for (let attempt = 0; attempt < gatewayRegistrationsMax; attempt += 1) {
      const cluster = await this.#read();
      const nodeId = this.#nodeIdIn(cluster, session);
      const holder = cluster.brokers.get(nodeId);
      if (holder?.owner === session.sessionId) {
        this.#isRegistered = true;
        return this.#setMembers(cluster, nodeId);
      }
      if (holder === undefined || isAlone) {
        const data = encodeBroker(endpoint, protocol, clock.wallMs());
        await this.#write(registrationStep(nodeId, data, holder), session);
        continue;
      }
      const nowMs = clock.monotonicMs();
      const untilMs = giveUpMs.get(holder.owner) ?? nowMs + timeoutMsOf(holder.owner) + sessionSkewMs + gatewayWatchMs;
      giveUpMs.set(holder.owner, untilMs);
      if (nowMs >= untilMs || holder.owner === 0n) throw new NodeIdTakenError(nodeId, holder.endpoint);
      const leftMs = await services.sessions.reapIfOver(namespace, holder.owner);
      await this.#sleep(Math.min(Math.max(leftMs, gatewayWatchMs / 10), gatewayWatchMs), this.#stopped.signal);
      if (this.#stopped.signal.aborted) throw over;
    }
    throw overtaken();
  }

  /** The one that it has, or had; else one that is free. */
  #nodeIdIn({ brokers }: Cluster, { sessionId }: KeptSession): number {
    const { nodeId, isAlone } = this.#options;
    if (nodeId !== undefined) return nodeId;
    if (isAlone) return loneNodeId;
    for (const [ownId, { owner }] of brokers) if (owner === sessionId) return ownId;
    const before = this.#members.self.nodeId;
    if (this.#isRegistered && !brokers.has(before)) return before;
    let free = firstChosenNodeId;
    while (brokers.has(free)) free += 1;
    return free;
  }

  async #watch(session: KeptSession, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      const dueMs = this.#watched === 0n ? Infinity : this.#lookAtMs - clock.monotonicMs();
      await this.#sleep(Math.min(Math.max(dueMs, gatewayWatchMs / 10), gatewayWatchMs), signal);
      if (signal.aborted) return;
      try {
        await this.#look(session);
        await this.#lookAtNeighbour();
      } catch (error) {
        // What a store answers while it fails is no news; where clients are sent to stays as it was.
        if (!(error instanceof ServiceError)) {
          this.#options.log("ERROR", "the gateway does not know the others", { cause: describeError(error) });
        }
      }
    }
  }

  /** Learns who is there; registers again, or becomes the controller, where that is to be done. */
  async #look(session: KeptSession): Promise<void> {
    const { services, namespace, clock } = this.#options;
    const cluster = await readCluster(services.znodes, namespace, this.#seenZxid);
    if (cluster === undefined) return;
    const { nodeId } = this.#members.self;
    if (cluster.brokers.get(nodeId)?.owner !== session.sessionId) return await this.#register(session);
    this.#setMembers(cluster, nodeId);
    // Of a store that nobody else uses the controller is gone with the process that it was.
    const isOrphan = this.#options.isAlone && cluster.controllerOwner !== session.sessionId;
    if (cluster.controllerOwner === undefined || isOrphan) {
      await this.#write(controllerStep(cluster, nodeId, clock.wallMs()), session);
      this.#setMembers(await this.#read(), nodeId);
    } else {
      this.#seenZxid = cluster.zxid;
    }
  }

  /**
   * Each member watches the next one by node id, and the last the first: the wake-up that would end the session of one that is
   * gone may have gone with it.
   */
  async #lookAtNeighbour(): Promise<void> {
    const { services, namespace, clock } = this.#options;
    if (this.#watched === 0n || clock.monotonicMs() < this.#lookAtMs) return;
    const leftMs = await services.sessions.reapIfOver(namespace, this.#watched);
    this.#lookAtMs = clock.monotonicMs() + leftMs;
    if (leftMs === 0) this.#seenZxid = undefined;
  }

  #setMembers({ brokers, controllerId }: Cluster, nodeId: number): void {
    const self = { nodeId, ...this.#options.endpoint };
    const others = [...brokers].flatMap(([otherId, { endpoint, owner }]): Peer[] =>
      endpoint === undefined || otherId === nodeId ? [] : [{ nodeId: otherId, ...endpoint, owner }],
    );
    this.#others = others;
    this.#options.onOthers?.(others);
    this.#tell(self, controllerId);
    const ids = [...brokers.keys()];
    const next = ids.find((otherId) => otherId > nodeId) ?? ids[0];
    const watched = next === undefined || next === nodeId ? 0n : (brokers.get(next)?.owner ?? 0n);
    if (watched !== this.#watched) this.#lookAtMs = -Infinity;
    this.#watched = watched;
  }

  /** To be called when `isGone` may answer otherwise. */
  refresh(): void {
    this.#tell(this.#members.self, this.#members.controllerId);
  }

  #tell(self: Broker, controllerId: number | undefined): void {
    const { isGone = () => false } = this.#options;
    const living = this.#others.flatMap(({ owner: _owner, ...other }): Broker[] =>
      isGone(other.nodeId) ? [] : [other],
    );
    const brokers = [...living, self].toSorted((one, other) => one.nodeId - other.nodeId);
    this.#members = { self, brokers, controllerId };
  }

  async #read(): Promise<Cluster> {
    const { services, namespace } = this.#options;
    const cluster = await readCluster(services.znodes, namespace);
    if (cluster === undefined) throw new Error("a tree has no zxid below zero");
    return cluster;
  }

  /** Who was overtaken by another looks at what there is then, as does who does not know. */
  async #write(operations: readonly MultiOperation[], session?: KeptSession): Promise<void> {
    const { services, namespace } = this.#options;
    const context = { namespace, identities: [], ...(session === undefined ? {} : { session }) };
    try {
      await services.znodes.multi(context, { operations });
    } catch (error) {
      const isOvertaken = error instanceof ServiceError && overtakenCodes.has(error.code);
      if (!isOvertaken) throw error;
    }
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.timers.sleep(ms, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

const overtakenCodes: ReadonlySet<string> = new Set(["NODE_EXISTS", "NO_NODE", "BAD_VERSION", "REQUEST_TIMED_OUT"]);

function overtaken(): ServiceError {
  return new ServiceError("THROTTLING_QUOTA_EXCEEDED", "Too many gateways register at the same time");
}
