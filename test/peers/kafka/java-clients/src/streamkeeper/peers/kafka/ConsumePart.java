package streamkeeper.peers.kafka;

import static streamkeeper.peers.kafka.Report.errorOf;
import static streamkeeper.peers.kafka.Report.map;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/** Partitions by assignment: seeking, times, ends, and offsets committed outside of a membership. */
final class ConsumePart {
    private static final long START_MS = 1_700_000_000_000L;
    private static final int RECORDS = 100;

    static void run(Clients clients, Report report) throws Exception {
        String topic = clients.topic("a", 2);
        try (KafkaProducer<String, String> producer = clients.producer("linger.ms", "2", "batch.size", "500")) {
            for (int index = 0; index < RECORDS; index += 1) {
                producer.send(new ProducerRecord<>(topic, 0, START_MS + index * 1_000L, null, "value " + index));
            }
        }
        TopicPartition partition = new TopicPartition(topic, 0);
        TopicPartition empty = new TopicPartition(topic, 1);
        report.step("assign and seek", () -> {
            try (KafkaConsumer<String, String> consumer = clients.consumer("max.poll.records", "7")) {
                consumer.assign(List.of(partition));
                consumer.seek(partition, 42);
                List<String> values = take(consumer, 3);
                consumer.seekToEnd(List.of(partition));
                long end = consumer.position(partition);
                consumer.seekToBeginning(List.of(partition));
                return map("values", values, "end", end, "beginning", consumer.position(partition), "first", take(consumer, 1));
            }
        });
        report.step("offsetsForTimes, and on from there", () -> {
            try (KafkaConsumer<String, String> consumer = clients.consumer()) {
                consumer.assign(List.of(partition, empty));
                Map<TopicPartition, OffsetAndTimestamp> found = consumer.offsetsForTimes(Map.of(partition, START_MS + 30_500, empty, START_MS));
                Map<TopicPartition, OffsetAndTimestamp> late = consumer.offsetsForTimes(Map.of(partition, START_MS + RECORDS * 1_000L));
                consumer.seek(partition, found.get(partition).offset());
                return map(
                    "offset", found.get(partition).offset(), "timestamp", found.get(partition).timestamp(),
                    "empty", found.get(empty), "late", late.get(partition), "next", take(consumer, 2));
            }
        });
        report.step("beginning and end offsets, partitions and topics", () -> {
            try (KafkaConsumer<String, String> consumer = clients.consumer()) {
                List<TopicPartition> both = List.of(partition, empty);
                return map(
                    "beginning", consumer.beginningOffsets(both).values().stream().sorted().toList(),
                    "end", consumer.endOffsets(both).values().stream().sorted().toList(),
                    "partitions", consumer.partitionsFor(topic).size(),
                    "isListed", consumer.listTopics().containsKey(topic));
            }
        });
        report.step("an offset beyond the end", () -> map(
            "reset", fromOffset(clients, partition, "earliest"), "none", errorOf(() -> fromOffset(clients, partition, "none")),
            "noCommitted", errorOf(() -> {
                try (KafkaConsumer<String, String> consumer = clients.consumer("auto.offset.reset", "none", "group.id", clients.prefix + "-none")) {
                    consumer.assign(List.of(partition));
                    return consumer.poll(Duration.ofSeconds(5));
                }
            })));
        report.step("committed offsets without a membership", () -> {
            String[] settings = {"group.id", clients.prefix + "-alone"};
            try (KafkaConsumer<String, String> consumer = clients.consumer(settings)) {
                consumer.assign(List.of(partition));
                consumer.commitSync(Map.of(partition, new OffsetAndMetadata(17, "some metadata")));
            }
            try (KafkaConsumer<String, String> consumer = clients.consumer(settings)) {
                consumer.assign(List.of(partition, empty));
                OffsetAndMetadata committed = consumer.committed(java.util.Set.of(partition, empty)).get(partition);
                return map("offset", committed.offset(), "metadata", committed.metadata(), "next", take(consumer, 1));
            }
        });
        report.step("pause and resume", () -> {
            try (KafkaConsumer<String, String> consumer = clients.consumer()) {
                consumer.assign(List.of(partition));
                List<String> first = take(consumer, 1);
                consumer.seek(partition, 5);
                consumer.pause(List.of(partition));
                int paused = consumer.poll(Duration.ofMillis(300)).count();
                consumer.resume(List.of(partition));
                return map("first", first, "paused", paused, "resumed", take(consumer, 1));
            }
        });
        report.step("a consumer at the end is woken by a record", () -> {
            try (KafkaConsumer<String, String> consumer = clients.consumer("fetch.max.wait.ms", "3000")) {
                consumer.assign(List.of(empty));
                consumer.seekToEnd(List.of(empty));
                consumer.poll(Duration.ofMillis(300));
                clients.send(topic, 1, "late");
                long sentNs = System.nanoTime();
                List<String> values = take(consumer, 1);
                return map("values", values, "isSoon", System.nanoTime() - sentNs < 2_000_000_000L);
            }
        });
    }

    /** The first records that come, no more than asked for. */
    static List<String> take(KafkaConsumer<String, String> consumer, int count) {
        List<String> values = new ArrayList<>();
        long endMs = System.currentTimeMillis() + Clients.TIMEOUT_MS;
        while (values.size() < count && System.currentTimeMillis() < endMs) {
            for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(1))) values.add(record.value());
        }
        return List.copyOf(values.subList(0, Math.min(count, values.size())));
    }

    private static Object fromOffset(Clients clients, TopicPartition partition, String reset) {
        try (KafkaConsumer<String, String> consumer = clients.consumer("auto.offset.reset", reset)) {
            consumer.assign(List.of(partition));
            consumer.seek(partition, 1_000);
            return take(consumer, 1);
        }
    }
}
