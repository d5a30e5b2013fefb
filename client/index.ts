/** The client's published entry point. */
export type { ProducedHeaders, ProducedRecord } from "./produced-record.ts";
export type { RecordBytes } from "./record-bytes.ts";
export type { Command, CommandDefaults, CommandSender, Repeat, RequestParts, SendOptions } from "./command.ts";
export type { HttpRequest, HttpResponse } from "./http-message.ts";
export type { FunctionEndpoints, StreamkeeperClientOptions } from "./client-configuration.ts";
export type { AttemptOptions, Transport } from "./node-http-transport.ts";
export type { TokenProvider } from "./middleware/bearer-token.ts";
export type { AwsCredentials, AwsCredentialsProvider } from "./middleware/signing.ts";
export {
  isServiceException,
  NoAnswerException,
  StreamkeeperException,
  StreamkeeperServiceException,
} from "./exceptions.ts";
export type { NoAnswerReason, ResponseMetadata } from "./exceptions.ts";
export { CommandInputError } from "./serialize.ts";
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
export { paginateGetChildren, paginateListGroups, paginateListNamespaces, paginateListTopics } from "./paginate.ts";
export type { PaginationOptions } from "./paginate.ts";
export { Consumer } from "./consumer.ts";
export type { PartitionLag } from "./consumer.ts";
export {
  ConsumerClosedError,
  MembershipLostError,
  NoCommittedOffsetError,
  PartitionCommitError,
  PartitionNotOwnedError,
} from "./consumer/consumer-errors.ts";
export type { ConsumerOptions, ConsumerProblem } from "./consumer/consumer-options.ts";
export type { ConsumerRecord, RecordBatch } from "./consumer/consumer-record.ts";
export type { BatchContext, HandlerContext as RunContext, RecordContext, RunOptions } from "./consumer/handlers.ts";
export type { OffsetCommit } from "./consumer/offset-commit.ts";
export type { TopicPartition, TopicPartitions } from "./consumer/topic-partition.ts";
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
export { DescribePartitionsCommand } from "./commands/describe-partitions-command.ts";
export type { DescribePartitionsInput, DescribePartitionsOutput } from "./commands/describe-partitions-command.ts";
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

export { CommitOffsetsCommand } from "./commands/commit-offsets-command.ts";
export type { CommitOffsetsInput, CommitOffsetsOutput } from "./commands/commit-offsets-command.ts";
export { DeleteGroupCommand } from "./commands/delete-group-command.ts";
export type { DeleteGroupInput } from "./commands/delete-group-command.ts";
export { DescribeGroupCommand } from "./commands/describe-group-command.ts";
export type { DescribeGroupInput, DescribeGroupOutput } from "./commands/describe-group-command.ts";
export { GetGroupOffsetsCommand } from "./commands/get-group-offsets-command.ts";
export type { GetGroupOffsetsInput, GetGroupOffsetsOutput } from "./commands/get-group-offsets-command.ts";
export { HeartbeatMemberCommand } from "./commands/heartbeat-member-command.ts";
export type { HeartbeatMemberInput, HeartbeatMemberOutput } from "./commands/heartbeat-member-command.ts";
export { JoinGroupCommand } from "./commands/join-group-command.ts";
export type { JoinGroupInput, JoinGroupOutput } from "./commands/join-group-command.ts";
export { LeaveGroupCommand } from "./commands/leave-group-command.ts";
export type { LeaveGroupInput } from "./commands/leave-group-command.ts";
export { ListGroupsCommand } from "./commands/list-groups-command.ts";
export type { ListGroupsInput, ListGroupsOutput } from "./commands/list-groups-command.ts";
export { ResetOffsetsCommand } from "./commands/reset-offsets-command.ts";
export type { ResetOffsetsInput, ResetOffsetsOutput, ResetPoint } from "./commands/reset-offsets-command.ts";

export type { CallerInput, SessionCredentials } from "./caller.ts";
export type { DigestAuth } from "./digest-auth.ts";
export type { Acl, CreateFields, CreateMode, Stat } from "./znode-answers.ts";
export { AcquireLockCommand } from "./commands/acquire-lock-command.ts";
export type { AcquireLockInput, AcquireLockOutput } from "./commands/acquire-lock-command.ts";
export { CampaignCommand } from "./commands/campaign-command.ts";
export type { CampaignInput, CampaignOutput } from "./commands/campaign-command.ts";
export { CloseSessionCommand } from "./commands/close-session-command.ts";
export type { CloseSessionInput, CloseSessionOutput } from "./commands/close-session-command.ts";
export { CountZnodesCommand } from "./commands/count-znodes-command.ts";
export type { CountZnodesInput, CountZnodesOutput } from "./commands/count-znodes-command.ts";
export { CreateSessionCommand } from "./commands/create-session-command.ts";
export type { CreateSessionInput, CreateSessionOutput } from "./commands/create-session-command.ts";
export { CreateZnodeCommand } from "./commands/create-znode-command.ts";
export type { CreateZnodeInput, CreateZnodeOutput } from "./commands/create-znode-command.ts";
export { DeleteZnodeCommand } from "./commands/delete-znode-command.ts";
export type { DeleteZnodeInput, DeleteZnodeOutput } from "./commands/delete-znode-command.ts";
export { DescribeElectionCommand } from "./commands/describe-election-command.ts";
export type { DescribeElectionInput, DescribeElectionOutput, Leader } from "./commands/describe-election-command.ts";
export { DescribeLockCommand } from "./commands/describe-lock-command.ts";
export type { DescribeLockInput, DescribeLockOutput } from "./commands/describe-lock-command.ts";
export { DescribeSessionCommand } from "./commands/describe-session-command.ts";
export type { DescribeSessionInput, DescribeSessionOutput } from "./commands/describe-session-command.ts";
export { ExistsZnodeCommand } from "./commands/exists-znode-command.ts";
export type { ExistsZnodeInput, ExistsZnodeOutput } from "./commands/exists-znode-command.ts";
export { GetAclCommand } from "./commands/get-acl-command.ts";
export type { GetAclInput, GetAclOutput } from "./commands/get-acl-command.ts";
export { GetChangesCommand } from "./commands/get-changes-command.ts";
export type { GetChangesInput, GetChangesOutput } from "./commands/get-changes-command.ts";
export { GetChildrenCommand } from "./commands/get-children-command.ts";
export type { GetChildrenInput, GetChildrenOutput } from "./commands/get-children-command.ts";
export { GetZnodeCommand } from "./commands/get-znode-command.ts";
export type { GetZnodeInput, GetZnodeOutput } from "./commands/get-znode-command.ts";
export { HeartbeatCommand } from "./commands/heartbeat-command.ts";
export type { HeartbeatInput, HeartbeatOutput } from "./commands/heartbeat-command.ts";
export { MultiCommand } from "./commands/multi-command.ts";
export type { MultiInput, MultiOutput, MultiOperation } from "./commands/multi-command.ts";
export { MultiReadCommand } from "./commands/multi-read-command.ts";
export type { MultiReadInput, MultiReadOutput, ReadOperation, ReadResult } from "./commands/multi-read-command.ts";
export { ObserveElectionCommand } from "./commands/observe-election-command.ts";
export type { ObserveElectionInput, ObserveElectionOutput } from "./commands/observe-election-command.ts";
export { ProclaimCommand } from "./commands/proclaim-command.ts";
export type { ProclaimInput, ProclaimOutput } from "./commands/proclaim-command.ts";
export { ReleaseLockCommand } from "./commands/release-lock-command.ts";
export type { ReleaseLockInput } from "./commands/release-lock-command.ts";
export { ResignCommand } from "./commands/resign-command.ts";
export type { ResignInput } from "./commands/resign-command.ts";
export { SetAclCommand } from "./commands/set-acl-command.ts";
export type { SetAclInput, SetAclOutput } from "./commands/set-acl-command.ts";
export { SetDataCommand } from "./commands/set-data-command.ts";
export type { SetDataInput, SetDataOutput } from "./commands/set-data-command.ts";
export { WhoAmICommand } from "./commands/who-am-i-command.ts";
export type { WhoAmIInput, WhoAmIOutput } from "./commands/who-am-i-command.ts";

export { Session, SessionExpiredError } from "./coordination/session.ts";
export type { SessionOptions, SessionState } from "./coordination/session.ts";
export type { ClientTime } from "./coordination/time.ts";
export { WatchLostError } from "./coordination/change-feed.ts";
export type { ZnodeEvent } from "./coordination/change-feed.ts";
export { Watch, WatchOverflowError } from "./coordination/watch.ts";
export type { EventListener, WatchOptions } from "./coordination/watch.ts";
export { ZnodeClient } from "./coordination/znode-client.ts";
export type { Consistency, ReadOptions, WatchedReadOptions, ZnodeClientOptions } from "./coordination/znode-client.ts";
export { Barrier, DoubleBarrier } from "./recipes/barrier.ts";
export { Config } from "./recipes/config.ts";
export type { ConfigChange, ConfigOptions } from "./recipes/config.ts";
export { Counter } from "./recipes/counter.ts";
export { Election, Leadership } from "./recipes/election.ts";
export type { CampaignOptions } from "./recipes/election.ts";
export type { Grant } from "./recipes/grant.ts";
export { HeldLock, Lock, ReadWriteLock } from "./recipes/lock.ts";
export type { AcquireOptions } from "./recipes/lock.ts";
export { Queue } from "./recipes/queue.ts";
export { Permit, Semaphore } from "./recipes/semaphore.ts";
export { Registration, ServiceRegistry } from "./recipes/service-registry.ts";
export type { ServiceInstance } from "./recipes/service-registry.ts";
export type { WaitOptions } from "./recipes/wait-until.ts";

export { AbortTransactionCommand } from "./commands/abort-transaction-command.ts";
export type { AbortTransactionInput, AbortTransactionOutput } from "./commands/abort-transaction-command.ts";
export { AcknowledgeRecordsCommand } from "./commands/acknowledge-records-command.ts";
export type {
  AcknowledgeRecordsInput,
  AcknowledgeRecordsOutput,
  AcknowledgementInput,
} from "./commands/acknowledge-records-command.ts";
export { AcquireRecordsCommand } from "./commands/acquire-records-command.ts";
export type { AcquireRecordsInput, AcquireRecordsOutput, AcquiredRecord } from "./commands/acquire-records-command.ts";
export { AddOffsetsToTransactionCommand } from "./commands/add-offsets-to-transaction-command.ts";
export type { AddOffsetsToTransactionInput, OffsetToCommit } from "./commands/add-offsets-to-transaction-command.ts";
export { AddPartitionsToTransactionCommand } from "./commands/add-partitions-to-transaction-command.ts";
export type { AddPartitionsToTransactionInput } from "./commands/add-partitions-to-transaction-command.ts";
export { CommitTransactionCommand } from "./commands/commit-transaction-command.ts";
export type { CommitTransactionInput, CommitTransactionOutput } from "./commands/commit-transaction-command.ts";
export { ConfigureShareGroupCommand } from "./commands/configure-share-group-command.ts";
export type { ConfigureShareGroupInput, ConfigureShareGroupOutput } from "./commands/configure-share-group-command.ts";
export { DeleteShareGroupCommand } from "./commands/delete-share-group-command.ts";
export type { DeleteShareGroupInput } from "./commands/delete-share-group-command.ts";
export { DescribeShareGroupCommand } from "./commands/describe-share-group-command.ts";
export type { DescribeShareGroupInput, DescribeShareGroupOutput } from "./commands/describe-share-group-command.ts";
export { DescribeTransactionCommand } from "./commands/describe-transaction-command.ts";
export type {
  DescribeTransactionInput,
  DescribeTransactionOutput,
  TransactionDescription,
} from "./commands/describe-transaction-command.ts";
export { ExecuteTransactionCommand } from "./commands/execute-transaction-command.ts";
export type { ExecuteTransactionInput, ExecuteTransactionOutput } from "./commands/execute-transaction-command.ts";
export { ListShareGroupsCommand } from "./commands/list-share-groups-command.ts";
export type { ListShareGroupsInput, ListShareGroupsOutput } from "./commands/list-share-groups-command.ts";
export { ListTransactionsCommand } from "./commands/list-transactions-command.ts";
export type { ListTransactionsInput, ListTransactionsOutput } from "./commands/list-transactions-command.ts";
export { RedriveRecordsCommand } from "./commands/redrive-records-command.ts";
export type { RedriveRecordsInput, RedriveRecordsOutput } from "./commands/redrive-records-command.ts";
export { SubscribePartitionCommand } from "./commands/subscribe-partition-command.ts";
export type { SubscribePartitionInput, SubscribePartitionOutput } from "./commands/subscribe-partition-command.ts";
export { SubscribeZnodeCommand } from "./commands/subscribe-znode-command.ts";
export type { SubscribeZnodeInput, SubscribeZnodeOutput } from "./commands/subscribe-znode-command.ts";
export { ShareConsumer } from "./share-consumer.ts";
export type { ShareConsumerOptions, ShareDelivery, ShareProblem } from "./share-consumer.ts";
export { TransactionalProducer } from "./transactions/transactional-producer.ts";
export type { TransactionalProducerOptions } from "./transactions/transaction-options.ts";
export {
  ProducerFencedError,
  TransactionFailedError,
  TransactionStateError,
} from "./transactions/transaction-errors.ts";
export { Transaction } from "./transactions/transaction.ts";
export type { TopicRecords, TransactionOffsets, TransactionRecordMetadata } from "./transactions/transaction.ts";
