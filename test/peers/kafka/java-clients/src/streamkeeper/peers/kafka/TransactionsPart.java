package streamkeeper.peers.kafka;

import static streamkeeper.peers.kafka.Clients.values;
import static streamkeeper.peers.kafka.Report.errorOf;
import static streamkeeper.peers.kafka.Report.map;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.TransactionDescription;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/** Transactions over several partitions with offsets, fencing, and what an admin sees of them. */
@SuppressWarnings("removal")
final class TransactionsPart {
    private static final String[] COMMITTED = {"isolation.level", "read_committed"};

    static void run(Clients clients, Report report) throws Exception {
        Admin admin = clients.admin;
        String first = clients.topic("a", 2);
        String second = clients.topic("b", 1);
        report.step("commit and abort", () -> {
            try (KafkaProducer<String, String> producer = transactional(clients, "one")) {
                send(producer, new ProducerRecord<>(first, 0, null, "committed 1"), new ProducerRecord<>(second, 0, null, "committed 2"));
                producer.commitTransaction();
                send(producer, new ProducerRecord<>(first, 0, null, "aborted 1"), new ProducerRecord<>(second, 0, null, "aborted 2"));
                producer.abortTransaction();
                send(producer, new ProducerRecord<>(first, 0, null, "committed 3"));
                producer.commitTransaction();
                producer.beginTransaction();
                producer.commitTransaction();
            }
            return map(
                "first", values(clients.readAll(first, COMMITTED)), "second", values(clients.readAll(second, COMMITTED)),
                "uncommitted", values(clients.readAll(first)),
                "offsets", clients.readAll(first, COMMITTED).stream().map(record -> record.offset()).toList());
        });
        report.step("a transaction that is open holds the last stable offset", () -> {
            TopicPartition partition = new TopicPartition(first, 1);
            try (KafkaProducer<String, String> producer = transactional(clients, "two");
                KafkaConsumer<String, String> committed = clients.consumer(COMMITTED);
                KafkaConsumer<String, String> uncommitted = clients.consumer()) {
                clients.send(first, 1, "before");
                send(producer, new ProducerRecord<>(first, 1, null, "open"));
                clients.send(first, 1, "after");
                Object whileOpen = map(
                    "stable", committed.endOffsets(List.of(partition)).get(partition),
                    "high", uncommitted.endOffsets(List.of(partition)).get(partition));
                producer.commitTransaction();
                // A Kafka broker answers before its markers are written.
                Clients.until("the marker is there", () -> committed.endOffsets(List.of(partition)).get(partition) == 4);
                return map("whileOpen", whileOpen, "then", committed.endOffsets(List.of(partition)).get(partition),
                    "values", clients.readAll(first, COMMITTED).stream().filter(record -> record.partition() == 1).map(record -> record.value()).toList());
            }
        });
        report.step("offsets are committed with the transaction or not at all", () -> {
            String group = clients.prefix + "-offsets";
            TopicPartition partition = new TopicPartition(first, 0);
            try (KafkaProducer<String, String> producer = transactional(clients, "three")) {
                ConsumerGroupMetadata metadata = new ConsumerGroupMetadata(group);
                send(producer, new ProducerRecord<>(second, 0, null, "with offsets"));
                producer.sendOffsetsToTransaction(Map.of(partition, new OffsetAndMetadata(2)), metadata);
                Object before = committedOffset(clients, group, partition, false);
                producer.commitTransaction();
                Clients.until("the offset is there", () -> committedOffset(clients, group, partition, true) != null);
                Object after = committedOffset(clients, group, partition, true);
                producer.beginTransaction();
                producer.sendOffsetsToTransaction(Map.of(partition, new OffsetAndMetadata(3)), metadata);
                producer.abortTransaction();
                Clients.until("the offset is there", () -> committedOffset(clients, group, partition, true) != null);
                return map("before", before, "after", after, "aborted", committedOffset(clients, group, partition, true));
            }
        });
        report.step("offsets of a member: consume, transform, produce", () -> {
            String group = clients.prefix + "-transform";
            String output = clients.topic("output", 1);
            String[] settings = {"group.id", group, "isolation.level", "read_committed"};
            try (KafkaProducer<String, String> producer = transactional(clients, "transform");
                KafkaConsumer<String, String> consumer = clients.consumer(settings)) {
                consumer.subscribe(List.of(second));
                for (String value : ConsumePart.take(consumer, 2)) send(producer, new ProducerRecord<>(output, value + "!"));
                TopicPartition partition = new TopicPartition(second, 0);
                producer.sendOffsetsToTransaction(Map.of(partition, new OffsetAndMetadata(consumer.position(partition))), consumer.groupMetadata());
                producer.commitTransaction();
                return map("values", values(clients.readAll(output, COMMITTED)), "offset", committedOffset(clients, group, partition, true));
            }
        });
        report.step("a later producer fences an earlier one", () -> {
            try (KafkaProducer<String, String> old = transactional(clients, "fenced")) {
                send(old, new ProducerRecord<>(second, 0, null, "of the fenced one"));
                try (KafkaProducer<String, String> current = transactional(clients, "fenced")) {
                    send(current, new ProducerRecord<>(second, 0, null, "of the current one"));
                    current.commitTransaction();
                }
                return map("old", errorOf(() -> {
                    old.commitTransaction();
                    return null;
                }), "values", values(clients.readAll(second, COMMITTED)));
            }
        });
        report.step("what an admin sees", () -> {
            String id = clients.prefix + "-seen";
            TopicPartition partition = new TopicPartition(first, 0);
            try (KafkaProducer<String, String> producer = transactional(clients, "seen")) {
                send(producer, new ProducerRecord<>(first, 0, null, "seen"));
                Object open = seen(admin, id, partition);
                boolean hasStarted = admin.describeTransactions(Set.of(id)).description(id).get().transactionStartTimeMs().isPresent();
                producer.commitTransaction();
                Clients.until("it is complete", () -> state(admin, id).equals("CompleteCommit"));
                return map("hasStarted", hasStarted, "open", open, "complete", seen(admin, id, partition), "none", errorOf(() -> state(admin, clients.prefix + "-none")));
            }
        });
        report.step("fenceProducers", () -> {
            try (KafkaProducer<String, String> producer = transactional(clients, "by-admin")) {
                admin.fenceProducers(List.of(clients.prefix + "-by-admin")).all().get();
                return errorOf(() -> {
                    send(producer, new ProducerRecord<>(first, 0, null, "never"));
                    producer.commitTransaction();
                    return null;
                });
            }
        });
    }

    private static KafkaProducer<String, String> transactional(Clients clients, String name) {
        KafkaProducer<String, String> producer = clients.producer("transactional.id", clients.prefix + "-" + name);
        producer.initTransactions();
        return producer;
    }

    /** Begins a transaction unless one is open, and waits for the answers. */
    @SafeVarargs
    private static void send(KafkaProducer<String, String> producer, ProducerRecord<String, String>... records) throws Exception {
        try {
            producer.beginTransaction();
        } catch (IllegalStateException inTransaction) {
            // It goes on.
        }
        for (ProducerRecord<String, String> record : records) producer.send(record).get();
    }

    /** A fetch of offsets that must be stable waits for a transaction that is pending. */
    private static Object committedOffset(Clients clients, String group, TopicPartition partition, boolean stable) throws Exception {
        var options = new org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions().requireStable(stable);
        OffsetAndMetadata offset = clients.admin.listConsumerGroupOffsets(group, options).partitionsToOffsetAndMetadata().get().get(partition);
        return offset == null ? null : offset.offset();
    }

    private static String state(Admin admin, String id) throws Exception {
        return admin.describeTransactions(Set.of(id)).description(id).get().state().toString();
    }

    private static Object seen(Admin admin, String id, TopicPartition partition) throws Exception {
        TransactionDescription description = admin.describeTransactions(Set.of(id)).description(id).get();
        List<ProducerState> producers = admin.describeProducers(List.of(partition)).partitionResult(partition).get().activeProducers();
        ProducerState own = producers.stream().filter(state -> state.producerId() == description.producerId()).findFirst().orElse(null);
        return map(
            "state", description.state().toString(), "partitions", description.topicPartitions().stream().map(TopicPartition::toString).sorted().toList(),
            "timeoutMs", description.transactionTimeoutMs(),
            "isProducer", own != null,
            "isOpen", own == null ? null : own.currentTransactionStartOffset().isPresent(),
            "listed", admin.listTransactions(new ListTransactionsOptions()).all().get().stream()
                .filter(listing -> listing.transactionalId().equals(id)).map(listing -> listing.state().toString()).toList());
    }
}
