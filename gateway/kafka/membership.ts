/**
 * A gateway as a member of its cluster: while its session lives it stands in the tree below `/brokers/ids`, one of the members is
 * the controller, and each knows the others from the tree that it follows.
 *
 * Nothing depends on what a member knows of the others but where clients are sent to: every gateway serves every request.
 */
import { describeError, type Log } from "../../functions/http/log.ts";
import { ServiceError } from "../../shared/api/errors.ts";
import { gatewayRejoinMs, gatewayWatchMs, loneNodeId } from "../../shared/limits/gateway-cluster.ts";
import { gatewayCloseMsMax } from "../../shared/limits/kafka-gateway.ts";
import { keepSession, type KeptSession } from "../../shared/services/keep-session.ts";
import { type Cluster, controllerStep, readCluster } from "./cluster-znodes.ts";
import type { Peer } from "./peer-links.ts";
import type { Broker, Members } from "./placement.ts";
import { Registrar, type RegistrarOptions } from "./registrar.ts";

export interface MembershipOptions extends RegistrarOptions {
  readonly log: Log;
  readonly sessionTimeoutMs: number;
  /** Told who else is registered whenever that changes. */
  readonly onOthers?: (others: readonly Peer[]) => void;
  /** Whether one of them is known to be gone before its session is over. */
  readonly isGone?: (nodeId: number) => boolean;
}

/** Made once: nobody reads it. */
const over = new Error("the membership is over");

export class Membership {
  readonly #options: MembershipOptions;
  readonly #registrar: Registrar;
  readonly #stopped = new AbortController();
  #session: KeptSession | undefined;
  /** Monotonic clock, before the session was asked for. */
  #sentMs = 0;
  #members: Members;
  #others: readonly Peer[] = [];
  #clusterId = "";
  /** Of a tree in which there was nothing to do. */
  #seenZxid: number | undefined;
  #running: Promise<void> | undefined;
  /** Monotonic clock: when the lease of the one that this member watches may be over. */
  #lookAtMs = -Infinity;
  #watched = 0n;

  private constructor(options: MembershipOptions) {
    this.#options = options;
    this.#registrar = new Registrar(options);
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
          if (signal.aborted) return;
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
    this.#clusterId = await this.#registrar.found();
    this.#sentMs = clock.monotonicMs();
    const session = await services.sessions.create(namespace, { timeoutMs });
    this.#session = session;
    await this.#register(session);
    await this.#look(session);
  }

  /** @throws NodeIdTakenError */
  async #register(session: KeptSession): Promise<void> {
    const { cluster, nodeId } = await this.#registrar.register(session, this.#stopped.signal);
    this.#setMembers(cluster, nodeId);
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
        if (!(error instanceof ServiceError) && !signal.aborted) {
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
      await this.#registrar.write(controllerStep(cluster, nodeId, clock.wallMs()), session);
      this.#setMembers(await this.#registrar.read(), nodeId);
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
    // What somebody wrote by hand has no session.
    const ids = [...brokers].flatMap(([otherId, { owner }]) => (owner === 0n ? [] : [otherId]));
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

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.timers.sleep(ms, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
