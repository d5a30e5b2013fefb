package streamkeeper.peers.kafka;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Clients of one server, and names that no other part uses. */
final class Clients implements AutoCloseable {
    static final long TIMEOUT_MS = 20_000;

    final Admin admin;
    final String prefix;
    private final String bootstrap;

    Clients(String bootstrap, String prefix) {
        this.bootstrap = bootstrap;
        this.prefix = prefix;
        this.admin = Admin.create(common());
    }

    private Map<String, Object> common() {
        Map<String, Object> config = new HashMap<>();
        config.put("bootstrap.servers", bootstrap);
        config.put("request.timeout.ms", "10000");
        config.put("default.api.timeout.ms", String.valueOf(TIMEOUT_MS));
        return config;
    }

    /** Alternating names and values over the client's own settings. */
    KafkaProducer<String, String> producer(String... settings) {
        Map<String, Object> config = common();
        config.remove("default.api.timeout.ms");
        config.put("delivery.timeout.ms", String.valueOf(TIMEOUT_MS));
        config.put("max.block.ms", String.valueOf(TIMEOUT_MS));
        for (int index = 0; index < settings.length; index += 2) config.put(settings[index], settings[index + 1]);
        return new KafkaProducer<>(config, new StringSerializer(), new StringSerializer());
    }

    KafkaConsumer<String, String> consumer(String... settings) {
        Map<String, Object> config = common();
        config.put("auto.offset.reset", "earliest");
        config.put("enable.auto.commit", "false");
        for (int index = 0; index < settings.length; index += 2) config.put(settings[index], settings[index + 1]);
        return new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer());
    }

    String topic(String name, int partitions, String... configs) throws Exception {
        String topic = prefix + "-" + name;
        Map<String, String> config = new HashMap<>();
        for (int index = 0; index < configs.length; index += 2) config.put(configs[index], configs[index + 1]);
        admin.createTopics(List.of(new NewTopic(topic, partitions, (short) -1).configs(config))).all().get();
        // A Kafka broker knows of a partition before it leads it, and what is sent between may be refused out of order.
        Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
        for (int partition = 0; partition < partitions; partition += 1) latest.put(new TopicPartition(topic, partition), OffsetSpec.latest());
        until("its partitions are led", () -> admin.listOffsets(latest).all().get().size() == partitions);
        return topic;
    }

    /** Sends to one partition and waits for every answer. */
    void send(String topic, int partition, String... values) throws Exception {
        try (KafkaProducer<String, String> producer = producer()) {
            for (String value : values) producer.send(new ProducerRecord<>(topic, partition, null, value)).get();
        }
    }

    /** What is in the partitions of a topic from the start, up to the end as it is now. */
    List<ConsumerRecord<String, String>> readAll(String topic, String... settings) {
        try (KafkaConsumer<String, String> consumer = consumer(settings)) {
            List<TopicPartition> partitions = new ArrayList<>();
            consumer.partitionsFor(topic).forEach(info -> partitions.add(new TopicPartition(topic, info.partition())));
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            List<ConsumerRecord<String, String>> records = new ArrayList<>();
            long endMs = System.currentTimeMillis() + TIMEOUT_MS;
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                if (System.currentTimeMillis() > endMs) throw new IllegalStateException("the end was not reached after " + records);
                consumer.poll(Duration.ofMillis(200)).forEach(records::add);
            }
            return records;
        }
    }

    static List<String> values(Iterable<ConsumerRecord<String, String>> records) {
        List<String> values = new ArrayList<>();
        records.forEach(record -> values.add(record.value()));
        return values;
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static void until(String what, Callable<Boolean> condition) throws Exception {
        long endMs = System.currentTimeMillis() + TIMEOUT_MS;
        Throwable last = null;
        while (System.currentTimeMillis() < endMs) {
            try {
                if (condition.call()) return;
            } catch (Exception exception) {
                last = exception;
            }
            Thread.sleep(50);
        }
        throw new IllegalStateException("not in time: " + what, last);
    }

    @Override
    public void close() {
        admin.close(Duration.ofSeconds(1));
    }
}
