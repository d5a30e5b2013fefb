/** The client's published entry point. */
export type { ProducedHeaders, ProducedRecord } from "./produced-record.ts";
export type { RecordBytes } from "./record-bytes.ts";
export type { Command, CommandDefaults, CommandSender, Repeat, RequestParts, SendOptions } from "./command.ts";
export type { HttpRequest, HttpResponse } from "./http-message.ts";
export type { StreamkeeperClientOptions } from "./client-configuration.ts";
export type { AttemptOptions, Transport } from "./node-http-transport.ts";
export type { AwsCredentials, AwsCredentialsProvider } from "./middleware/signing.ts";
export {
  isServiceException,
  NoAnswerException,
  StreamkeeperException,
  StreamkeeperServiceException,
} from "./exceptions.ts";
export type { NoAnswerReason, ResponseMetadata } from "./exceptions.ts";
export { MiddlewareStack } from "./middleware-stack.ts";
export type {
  Handler,
  HandlerArguments,
  HandlerContext,
  HandlerResult,
  Middleware,
  MiddlewareOptions,
  MiddlewareStep,
} from "./middleware-stack.ts";
export { paginateListNamespaces, paginateListTopics } from "./paginate.ts";
export type { PaginationOptions } from "./paginate.ts";
export { PartitionReader } from "./partition-reader.ts";
export type { PartitionPage } from "./partition-reader.ts";
export { Producer } from "./producer.ts";
export type { RecordMetadata } from "./producer/pending-batch.ts";
export { BufferFullError, DeliveryError, ProducerClosedError, ProducerFatalError } from "./producer/producer-errors.ts";
export type { ProducerOptions } from "./producer/producer-options.ts";
export { CorruptBatchError } from "./reader/decode-batches.ts";
export type { ReadRecord } from "./reader/decode-batches.ts";
export type { ReadPartitionOptions } from "./reader/read-options.ts";
export { StreamkeeperClient } from "./streamkeeper-client.ts";
export { waitUntilTopicExists, WaiterTimeoutError } from "./wait-until-topic-exists.ts";
export type { WaiterOptions } from "./wait-until-topic-exists.ts";

export { AlterTopicCommand } from "./commands/alter-topic-command.ts";
export type { AlterTopicInput, AlterTopicOutput } from "./commands/alter-topic-command.ts";
export { CreateNamespaceCommand } from "./commands/create-namespace-command.ts";
export type { CreateNamespaceInput, CreateNamespaceOutput } from "./commands/create-namespace-command.ts";
export { CreateProducerCommand } from "./commands/create-producer-command.ts";
export type { CreateProducerInput, CreateProducerOutput } from "./commands/create-producer-command.ts";
export { CreateTopicCommand } from "./commands/create-topic-command.ts";
export type { CreateTopicInput, CreateTopicOutput } from "./commands/create-topic-command.ts";
export { DeleteNamespaceCommand } from "./commands/delete-namespace-command.ts";
export type { DeleteNamespaceInput } from "./commands/delete-namespace-command.ts";
export { DeleteTopicCommand } from "./commands/delete-topic-command.ts";
export type { DeleteTopicInput } from "./commands/delete-topic-command.ts";
export { DescribeTopicCommand } from "./commands/describe-topic-command.ts";
export type { DescribeTopicInput, DescribeTopicOutput } from "./commands/describe-topic-command.ts";
export { FetchBatchesCommand } from "./commands/fetch-batches-command.ts";
export type { FetchBatchesInput, FetchBatchesOutput } from "./commands/fetch-batches-command.ts";
export { FetchCommand } from "./commands/fetch-command.ts";
export type { FetchInput, FetchedRecord, FetchOutput } from "./commands/fetch-command.ts";
export { GetOffsetCommand } from "./commands/get-offset-command.ts";
export type { GetOffsetInput, GetOffsetOutput } from "./commands/get-offset-command.ts";
export { HealthCommand } from "./commands/health-command.ts";
export type { HealthInput, HealthOutput } from "./commands/health-command.ts";
export { ListNamespacesCommand } from "./commands/list-namespaces-command.ts";
export type { ListNamespacesInput, ListNamespacesOutput } from "./commands/list-namespaces-command.ts";
export { ListTopicsCommand } from "./commands/list-topics-command.ts";
export type { ListTopicsInput, ListTopicsOutput } from "./commands/list-topics-command.ts";
export { ProduceBatchesCommand } from "./commands/produce-batches-command.ts";
export type { ProduceBatchesInput, ProduceBatchesOutput } from "./commands/produce-batches-command.ts";
export { ProduceCommand } from "./commands/produce-command.ts";
export type { ProduceInput, ProduceOutput } from "./commands/produce-command.ts";
export { ProduceToPartitionCommand } from "./commands/produce-to-partition-command.ts";
export type { ProduceToPartitionInput, ProduceToPartitionOutput } from "./commands/produce-to-partition-command.ts";
export { TruncateCommand } from "./commands/truncate-command.ts";
export type { TruncateInput, TruncateOutput } from "./commands/truncate-command.ts";
