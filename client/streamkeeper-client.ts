import { pushHeader } from "../shared/api/routes.ts";
import { resolveConfiguration } from "./client-configuration.ts";
import type { ClientConfiguration, StreamkeeperClientOptions } from "./client-configuration.ts";
import type { Command, CommandSender, SendOptions } from "./command.ts";
import { Consumer } from "./consumer.ts";
import type { ConsumerOptions } from "./consumer/consumer-options.ts";
import { Session } from "./coordination/session.ts";
import type { SessionOptions } from "./coordination/session.ts";
import { processTime } from "./coordination/time.ts";
import { ZnodeClient } from "./coordination/znode-client.ts";
import type { ZnodeClientOptions } from "./coordination/znode-client.ts";
import type { ResponseMetadata } from "./exceptions.ts";
import { bearerTokenMiddleware } from "./middleware/bearer-token.ts";
import { idempotencyKeyMiddleware } from "./middleware/idempotency-key.ts";
import { fixedHeadersMiddleware } from "./middleware/request-headers.ts";
import { retryMiddleware } from "./middleware/retry.ts";
import { signingMiddleware } from "./middleware/signing.ts";
import { MiddlewareStack } from "./middleware-stack.ts";
import type { CallHandlers, HandlerContext } from "./middleware-stack.ts";
import { NodeHttpTransport } from "./node-http-transport.ts";
import type { Transport } from "./node-http-transport.ts";
import { platformSocket } from "./push/push-socket.ts";
import { pushUrlOf, urlSigner } from "./push/push-url.ts";
import { Push } from "./push/push.ts";
import { PartitionReader } from "./partition-reader.ts";
import { ShareConsumer } from "./share-consumer.ts";
import type { ShareConsumerOptions } from "./share-consumer.ts";
import type { TransactionalProducerOptions } from "./transactions/transaction-options.ts";
import { TransactionalProducer } from "./transactions/transactional-producer.ts";
import { Producer } from "./producer.ts";
import type { ProducerOptions } from "./producer/producer-options.ts";
import type { ReadPartitionOptions } from "./reader/read-options.ts";
import { requestOf } from "./serialize.ts";
import { requestIdOf, serviceExceptionOf } from "./service-answer.ts";

const userAgent = "streamkeeper-client/0.1";

/** Sends commands to the HTTP API. One client serves any number of calls at once; its connections are kept open. */
export class StreamkeeperClient implements CommandSender {
  /** Add to it, or remove from it by name, what every call passes; see `MiddlewareStep` for the steps. */
  readonly middlewareStack = new MiddlewareStack();
  readonly configuration: ClientConfiguration;
  /** Hints for all readers of this client; undefined where they poll. */
  readonly push: Push | undefined;
  readonly #transport: Transport;

  /** @throws TypeError for an option that cannot be */
  constructor(options: StreamkeeperClientOptions) {
    const configuration = resolveConfiguration(options);
    this.configuration = configuration;
    this.#transport = options.transport ?? new NodeHttpTransport(configuration);
    this.push = this.#createPush();
    const stack = this.middlewareStack;
    stack.add(idempotencyKeyMiddleware, { step: "build", name: "idempotencyKey" });
    stack.add(fixedHeadersMiddleware(userAgent), { step: "build", name: "fixedHeaders", priority: "low" });
    stack.add(retryMiddleware(Math.random), { step: "finalizeRequest", name: "retry", priority: "high" });
    if (configuration.token !== undefined) {
      const bearer = bearerTokenMiddleware(configuration.token);
      stack.add(bearer, { step: "finalizeRequest", name: "bearerToken", priority: "low" });
    }
    if (configuration.credentials === undefined) return;
    const signing = signingMiddleware(configuration.credentials, () => new Date());
    stack.add(signing, { step: "finalizeRequest", name: "signing", priority: "low" });
  }

  /**
   * Sends a command and answers its output.
   *
   * @throws StreamkeeperServiceException the service refused
   * @throws NoAnswerException no answer came, or the call was aborted
   */
  async send<Input extends object, Output extends object>(
    command: Command<Input, Output>,
    options: SendOptions = {},
  ): Promise<Output & { readonly $metadata: ResponseMetadata }> {
    const { configuration } = this;
    const requestTimeoutMs = options.requestTimeoutMs ?? configuration.requestTimeoutMs;
    const context: HandlerContext = {
      commandName: command.name,
      repeat: command.repeat,
      attemptTimeoutMs: requestTimeoutMs + (command.waitMs ?? 0),
      maxAttempts: options.maxAttempts ?? configuration.maxAttempts,
      ...(options.abortSignal === undefined ? {} : { abortSignal: options.abortSignal }),
    };
    const handler = this.middlewareStack.resolve(this.#handlersOf(command, context), context);
    const result = await handler({ input: command.input });
    const { response, output, attempts = 1, totalRetryDelayMs = 0 } = result;
    this.#learnPush(response.headers[pushHeader]);
    if (output === undefined) throw new TypeError(`the middleware of ${command.name} left no output`);
    const requestId = requestIdOf(response);
    const $metadata: ResponseMetadata = {
      httpStatusCode: response.statusCode,
      ...(requestId === undefined ? {} : { requestId }),
      attempts,
      totalRetryDelayMs,
    };
    return { ...output, $metadata };
  }

  /** A producer that writes records in batches; close it before the client. @throws TypeError for an option that cannot be */
  producer(options: ProducerOptions): Producer {
    return new Producer(this, options);
  }

  /** A member of a consumer group; close it before the client. @throws TypeError for an option that cannot be */
  consumer(options: ConsumerOptions): Consumer {
    return new Consumer(this, options);
  }

  /** A producer that writes in transactions; close it before the client. @throws TypeError for an option that cannot be */
  transactionalProducer(options: TransactionalProducerOptions): TransactionalProducer {
    return new TransactionalProducer(this, options);
  }

  /** Works off topics as a queue, with others of its group. @throws TypeError for an option that cannot be */
  shareConsumer(options: ShareConsumerOptions): ShareConsumer {
    return new ShareConsumer(this, options);
  }

  /** Reads a partition from an offset on. @throws TypeError for an option that cannot be */
  readPartition(options: ReadPartitionOptions): PartitionReader {
    return new PartitionReader(this, options);
  }

  /** Opens a session, or takes one up, and keeps it alive; close it before the client. @throws StreamkeeperException */
  session(options: SessionOptions = {}): Promise<Session> {
    return Session.open(this, options);
  }

  /** Znodes, with reads and watches that keep their order; close it before the client. */
  znodes(options: ZnodeClientOptions = {}): ZnodeClient {
    return new ZnodeClient(this, options);
  }

  /** Closes the connections; calls under way fail. */
  destroy(): void {
    this.push?.close();
    this.#transport.destroy();
  }

  [Symbol.dispose](): void {
    this.destroy();
  }

  #createPush(): Push | undefined {
    const { safetyPollMs, credentials, endpoint, namespace } = this.configuration;
    const open = platformSocket();
    if (safetyPollMs === undefined || open === undefined) return undefined;
    const sign =
      credentials === undefined || endpoint.signing === undefined
        ? (url: string) => Promise.resolve(url)
        : urlSigner(credentials, endpoint.signing.region, () => new Date());
    return new Push({ sender: this, namespace, open, sign, time: processTime, random: Math.random, safetyPollMs });
  }

  #learnPush(told: string | undefined): void {
    if (told === undefined || this.push === undefined) return;
    const url = pushUrlOf(told, this.configuration.endpoint);
    if (url !== undefined) this.push.learn(url);
  }

  #handlersOf<Input extends object, Output extends object>(
    command: Command<Input, Output>,
    context: HandlerContext,
  ): CallHandlers<Input, Output> {
    const { endpoint, endpoints, namespace, auth } = this.configuration;
    const { attemptTimeoutMs: timeoutMs, abortSignal } = context;
    const waits = (command.waitMs ?? 0) > 0;
    const attemptOptions = { timeoutMs, waits, ...(abortSignal === undefined ? {} : { abortSignal }) };
    return {
      serializer:
        (next) =>
        async ({ input }) => {
          const parts = command.serialize(input, { namespace, auth });
          const { capability } = parts;
          const own = capability === undefined ? undefined : endpoints[capability];
          return next({ input, request: requestOf(parts, own ?? endpoint) });
        },
      deserializer: (next) => async (handlerArguments) => {
        const result = await next(handlerArguments);
        const { response } = result;
        if (response.statusCode < 200 || response.statusCode > 299) throw serviceExceptionOf(response);
        return { ...result, output: command.deserialize(response) };
      },
      handler: async ({ request }) => {
        if (request === undefined) throw new TypeError(`the middleware of ${command.name} left no request`);
        return { response: await this.#transport.handle(request, attemptOptions) };
      },
    };
  }
}
