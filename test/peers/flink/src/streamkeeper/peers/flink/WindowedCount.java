package streamkeeper.peers.flink;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.serialization.SimpleStringSchema;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.sink.TransactionNamingStrategy;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Counts records by key and by windows of event time from one topic to another, exactly once, through a failure in the middle.
 * Arguments: the bootstrap address, a prefix of names, a folder for checkpoints, how transactions are named.
 */
public final class WindowedCount {
    private static final int RECORDS = 12_000;
    private static final int KEYS = 7;
    private static final int INPUT_PARTITIONS = 3;
    private static final long START_MS = 1_700_000_000_000L;
    private static final long WINDOW_MS = 10_000;
    private static final long STEP_MS = 50;
    private static final int PARALLELISM = 2;

    /** All of the job runs in this process, so what it counts outlives its restart. */
    private static final AtomicInteger MAPPED = new AtomicInteger();
    private static final AtomicInteger CHECKPOINTS = new AtomicInteger();
    private static final AtomicInteger FAILURES = new AtomicInteger();

    public static void main(String[] args) throws Exception {
        String bootstrap = args[0];
        String input = args[1] + "-input";
        String output = args[1] + "-output";
        Map<String, Integer> expected = produce(bootstrap, input, output);
        try (StreamExecutionEnvironment job = environment(args[2])) {
            describe(job, bootstrap, input, output, args[1], TransactionNamingStrategy.valueOf(args[3]));
            job.execute("windowed count");
        }
        List<String> committed = read(bootstrap, output, "read_committed");
        List<String> uncommitted = read(bootstrap, output, "read_uncommitted");
        Map<String, Integer> counted = new HashMap<>();
        int doubled = 0;
        for (String line : committed) {
            String[] parts = line.split("=");
            if (counted.put(parts[0], Integer.valueOf(parts[1])) != null) doubled += 1;
        }
        System.out.println("{\"failures\":" + FAILURES.get() + ",\"checkpoints\":" + CHECKPOINTS.get()
            + ",\"windows\":" + expected.size() + ",\"committed\":" + committed.size() + ",\"doubled\":" + doubled
            + ",\"aborted\":" + (uncommitted.size() - committed.size()) + ",\"isRight\":" + counted.equals(expected)
            + ",\"records\":" + counted.values().stream().mapToInt(Integer::intValue).sum() + "}");
        System.exit(0);
    }

    private static StreamExecutionEnvironment environment(String checkpoints) {
        Configuration configuration = new Configuration();
        configuration.setString("execution.checkpointing.interval", "500ms");
        configuration.setString("execution.checkpointing.mode", "EXACTLY_ONCE");
        configuration.setString("execution.checkpointing.dir", "file://" + checkpoints);
        configuration.setString("execution.checkpointing.storage", "filesystem");
        configuration.setString("restart-strategy.type", "fixed-delay");
        configuration.setString("restart-strategy.fixed-delay.attempts", "3");
        configuration.setString("restart-strategy.fixed-delay.delay", "200ms");
        configuration.setString("taskmanager.memory.network.max", "64mb");
        configuration.setString("taskmanager.memory.managed.size", "16mb");
        return StreamExecutionEnvironment.createLocalEnvironment(PARALLELISM, configuration);
    }

    private static void describe(
            StreamExecutionEnvironment job, String bootstrap, String input, String output, String prefix, TransactionNamingStrategy naming) {
        KafkaSource<String> source = KafkaSource.<String>builder()
            .setBootstrapServers(bootstrap)
            .setTopics(input)
            .setGroupId(prefix + "-group")
            .setStartingOffsets(OffsetsInitializer.earliest())
            .setBounded(OffsetsInitializer.latest())
            // Partitions are read side by side, so that no record is late.
            .setProperty("max.partition.fetch.bytes", "1000")
            .setDeserializer(KafkaRecordDeserializationSchema.valueOnly(new SimpleStringSchema()))
            .build();
        KafkaSink<String> sink = KafkaSink.<String>builder()
            .setBootstrapServers(bootstrap)
            .setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE)
            .setTransactionalIdPrefix(prefix)
            .setTransactionNamingStrategy(naming)
            .setRecordSerializer(KafkaRecordSerializationSchema.builder().setTopic(output).setValueSerializationSchema(new SimpleStringSchema()).build())
            .build();
        WatermarkStrategy<String> watermarks = WatermarkStrategy.<String>forBoundedOutOfOrderness(Duration.ofMillis(3 * WINDOW_MS)).withIdleness(Duration.ofSeconds(1));
        job.fromSource(source, watermarks, "source")
            .map(new FailsOnce())
            .keyBy(key -> key)
            .window(TumblingEventTimeWindows.of(Duration.ofMillis(WINDOW_MS)))
            .aggregate(new Count(), new Line())
            .sinkTo(sink);
    }

    /** Topics and records; what each key of each window has to be counted to. */
    private static Map<String, Integer> produce(String bootstrap, String input, String output) throws Exception {
        Map<String, Object> config = Map.of("bootstrap.servers", bootstrap, "batch.size", "1000");
        try (Admin admin = Admin.create(config)) {
            admin.createTopics(List.of(new NewTopic(input, INPUT_PARTITIONS, (short) 1), new NewTopic(output, 2, (short) 1))).all().get();
        }
        Map<String, Integer> expected = new HashMap<>();
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
            for (int index = 0; index < RECORDS; index += 1) {
                long timestamp = START_MS + index * STEP_MS;
                String key = "key " + index % KEYS;
                producer.send(new ProducerRecord<>(input, index % INPUT_PARTITIONS, timestamp, null, key));
                expected.merge(key + " at " + (timestamp - timestamp % WINDOW_MS), 1, Integer::sum);
            }
        }
        return expected;
    }

    private static List<String> read(String bootstrap, String topic, String isolation) {
        Map<String, Object> config = Map.of("bootstrap.servers", bootstrap, "isolation.level", isolation, "enable.auto.commit", "false");
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream().map(info -> new TopicPartition(topic, info.partition())).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            List<String> values = new ArrayList<>();
            long endMs = System.currentTimeMillis() + 30_000;
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                if (System.currentTimeMillis() > endMs) throw new IllegalStateException("the end of " + topic + " was not reached");
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) values.add(record.value());
            }
            return values;
        }
    }

    /** Slow enough for several checkpoints; fails once, after a checkpoint and when more than half is through. */
    private static final class FailsOnce extends RichMapFunction<String, String> implements CheckpointListener {
        @Override
        public String map(String key) throws Exception {
            int mapped = MAPPED.incrementAndGet();
            if (mapped % 20 == 0) Thread.sleep(10);
            boolean isTime = mapped > RECORDS / 2 && CHECKPOINTS.get() > 1;
            if (isTime && FAILURES.compareAndSet(0, 1)) throw new IllegalStateException("as planned");
            return key;
        }

        @Override
        public void notifyCheckpointComplete(long id) {
            CHECKPOINTS.incrementAndGet();
        }
    }

    private static final class Count implements AggregateFunction<String, Integer, Integer> {
        @Override
        public Integer createAccumulator() {
            return 0;
        }

        @Override
        public Integer add(String key, Integer count) {
            return count + 1;
        }

        @Override
        public Integer getResult(Integer count) {
            return count;
        }

        @Override
        public Integer merge(Integer a, Integer b) {
            return a + b;
        }
    }

    private static final class Line extends ProcessWindowFunction<Integer, String, String, TimeWindow> {
        @Override
        public void process(String key, Context context, Iterable<Integer> counts, Collector<String> out) {
            out.collect(key + " at " + context.window().getStart() + "=" + counts.iterator().next());
        }
    }
}
