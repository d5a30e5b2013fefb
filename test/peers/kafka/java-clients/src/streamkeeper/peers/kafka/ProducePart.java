package streamkeeper.peers.kafka;

import static streamkeeper.peers.kafka.Report.errorOf;
import static streamkeeper.peers.kafka.Report.map;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.header.internals.RecordHeader;

/** Keyed records with every codec, idempotence, acknowledgements, and what a record can carry. */
final class ProducePart {
    private static final int RECORDS = 300;

    static void run(Clients clients, Report report) {
        for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            report.step("keyed records with " + codec, () -> keyed(clients, codec));
        }
        report.step("an idempotent producer keeps the order of what it sends at once", () -> {
            String topic = clients.topic("order", 1);
            List<String> sent = new ArrayList<>();
            List<Future<RecordMetadata>> answers = new ArrayList<>();
            String[] settings = {"enable.idempotence", "true", "acks", "all", "batch.size", "100", "linger.ms", "0"};
            try (KafkaProducer<String, String> producer = clients.producer(settings)) {
                for (int index = 0; index < 500; index += 1) {
                    sent.add("value " + index);
                    answers.add(producer.send(new ProducerRecord<>(topic, "value " + index)));
                }
                producer.flush();
            }
            for (int index = 0; index < answers.size(); index += 1) {
                if (answers.get(index).get().offset() != index) return "offset " + answers.get(index).get().offset() + " at " + index;
            }
            return Clients.values(clients.readAll(topic)).equals(sent);
        });
        for (String acks : List.of("0", "1", "all")) {
            report.step("acks=" + acks, () -> {
                String topic = clients.topic("acks-" + acks, 1);
                try (KafkaProducer<String, String> producer = clients.producer("acks", acks, "enable.idempotence", "false")) {
                    for (int index = 0; index < 10; index += 1) producer.send(new ProducerRecord<>(topic, "value " + index)).get();
                }
                Clients.until("ten records", () -> clients.readAll(topic).size() == 10);
                return Clients.values(clients.readAll(topic));
            });
        }
        report.step("null keys, tombstones, headers, timestamps and empty values", () -> {
            String topic = clients.topic("kinds", 1);
            try (KafkaProducer<String, String> producer = clients.producer()) {
                ProducerRecord<String, String> full = new ProducerRecord<>(topic, 0, 1_700_000_000_123L, "key", "välue");
                full.headers().add(new RecordHeader("h", Clients.bytes("1"))).add(new RecordHeader("h", null));
                producer.send(full).get();
                producer.send(new ProducerRecord<>(topic, 0, Long.valueOf(1_700_000_000_124L), "key", (String) null)).get();
                producer.send(new ProducerRecord<>(topic, 0, 1_700_000_000_125L, null, "")).get();
            }
            return clients.readAll(topic).stream().map(ProducePart::shown).toList();
        });
        report.step("a topic that stamps records itself", () -> {
            String topic = clients.topic("stamped", 1, "message.timestamp.type", "LogAppendTime");
            long before = System.currentTimeMillis();
            RecordMetadata metadata;
            try (KafkaProducer<String, String> producer = clients.producer()) {
                metadata = producer.send(new ProducerRecord<>(topic, 0, 1_000L, "key", "value")).get();
            }
            ConsumerRecord<String, String> record = clients.readAll(topic).get(0);
            return map("type", record.timestampType().name(), "isNow", record.timestamp() >= before - 60_000, "isAnswered", metadata.timestamp() == record.timestamp());
        });
        report.step("large records", () -> {
            String topic = clients.topic("large", 1);
            String[] settings = {"max.request.size", "5000000", "buffer.memory", "20000000"};
            try (KafkaProducer<String, String> producer = clients.producer(settings)) {
                producer.send(new ProducerRecord<>(topic, "x".repeat(1_000_000))).get();
                return map(
                    "tooLarge", errorOf(() -> producer.send(new ProducerRecord<>(topic, "x".repeat(2_000_000))).get()),
                    "then", errorOf(() -> producer.send(new ProducerRecord<>(topic, "after")).get()),
                    "lengths", clients.readAll(topic).stream().map(record -> record.value().length()).toList(),
                    "inSmallFetches", clients.readAll(topic, "fetch.max.bytes", "1000", "max.partition.fetch.bytes", "1000").size());
            }
        });
        report.step("a topic that is not there", () -> errorOf(() -> {
            try (KafkaProducer<String, String> producer = clients.producer("max.block.ms", "1500")) {
                return producer.send(new ProducerRecord<>("not/a/topic", "value")).get();
            }
        }));
    }

    /** Where the keys' records landed, by murmur2, and whether all came back as they were sent. */
    private static Object keyed(Clients clients, String codec) throws Exception {
        String topic = clients.topic("keyed-" + codec, 4);
        Map<String, String> sent = new TreeMap<>();
        String[] settings = {"compression.type", codec, "linger.ms", "5", "batch.size", "4000"};
        try (KafkaProducer<String, String> producer = clients.producer(settings)) {
            List<Future<RecordMetadata>> answers = new ArrayList<>();
            for (int index = 0; index < RECORDS; index += 1) {
                String value = ("value " + index + " ").repeat(20);
                sent.put("key " + index, value);
                answers.add(producer.send(new ProducerRecord<>(topic, "key " + index, value)));
            }
            for (Future<RecordMetadata> answer : answers) answer.get();
        }
        Map<String, Object> perPartition = new TreeMap<>();
        Map<String, String> read = new TreeMap<>();
        List<ConsumerRecord<String, String>> records = clients.readAll(topic);
        for (ConsumerRecord<String, String> record : records) {
            perPartition.merge(String.valueOf(record.partition()), 1, (a, b) -> (Integer) a + (Integer) b);
            read.put(record.key(), record.value());
        }
        return map("records", records.size(), "perPartition", perPartition, "areTheSame", read.equals(sent));
    }

    private static Object shown(ConsumerRecord<String, String> record) {
        List<Object> headers = new ArrayList<>();
        record.headers().forEach(header -> headers.add(header.key() + "=" + (header.value() == null ? null : new String(header.value()))));
        return map("key", record.key(), "value", record.value(), "timestamp", record.timestamp(), "headers", headers, "offset", record.offset());
    }
}
