package streamkeeper.peers.kafka;

import static streamkeeper.peers.kafka.Report.errorOf;
import static streamkeeper.peers.kafka.Report.map;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.CreateTopicsResult;
import org.apache.kafka.clients.admin.DescribeClusterResult;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;

/** Topics, partitions, offsets and the cluster. */
final class AdminPart {
    static void run(Clients clients, Report report) {
        Admin admin = clients.admin;
        String topic = clients.prefix + "-a";
        String other = clients.prefix + "-b";
        report.step("createTopics", () -> {
            Map<String, String> configs = Map.of("retention.ms", "3600000");
            CreateTopicsResult result = admin.createTopics(List.of(
                new NewTopic(topic, 3, (short) 1).configs(configs), new NewTopic(other, 1, (short) -1)));
            result.all().get();
            return map(
                "partitions", result.numPartitions(topic).get(),
                "hasId", !result.topicId(topic).get().equals(Uuid.ZERO_UUID),
                "retention", result.config(topic).get().get("retention.ms").value());
        });
        report.step("createTopics with what is wrong", () -> map(
            "exists", errorOf(() -> create(admin, new NewTopic(topic, 3, (short) 1))),
            "name", errorOf(() -> create(admin, new NewTopic("a/b", 1, (short) 1))),
            "partitions", errorOf(() -> create(admin, new NewTopic(clients.prefix + "-c", 0, (short) 1))),
            "config", errorOf(() -> create(admin, new NewTopic(clients.prefix + "-c", 1, (short) 1).configs(Map.of("no.such", "1")))),
            "value", errorOf(() -> create(admin, new NewTopic(clients.prefix + "-c", 1, (short) 1).configs(Map.of("retention.ms", "x"))))));
        report.step("createTopics that only validates", () -> {
            NewTopic valid = new NewTopic(clients.prefix + "-valid", 4, (short) 1);
            CreateTopicsResult result = admin.createTopics(List.of(valid), new CreateTopicsOptions().validateOnly(true));
            result.all().get();
            return map("partitions", result.numPartitions(valid.name()).get(), "isThere", topicsOf(clients).contains(valid.name()));
        });
        report.step("listTopics", () -> topicsOf(clients));
        report.step("describeTopics", () -> {
            TopicDescription description = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
            return map(
                "name", description.name(),
                "isInternal", description.isInternal(),
                "partitions", description.partitions().stream().map(info -> info.partition()).toList(),
                "haveLeaders", description.partitions().stream().allMatch(info -> info.leader() != null && !info.isr().isEmpty()),
                "byId", admin.describeTopics(TopicCollection.ofTopicIds(List.of(description.topicId()))).allTopicIds().get().get(description.topicId()).name());
        });
        report.step("describeTopics that are not there", () -> map(
            "name", errorOf(() -> admin.describeTopics(List.of(clients.prefix + "-none")).allTopicNames().get()),
            "id", errorOf(() -> admin.describeTopics(TopicCollection.ofTopicIds(List.of(Uuid.randomUuid()))).allTopicIds().get())));
        report.step("createPartitions", () -> {
            admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(5))).all().get();
            Clients.until("five partitions", () -> partitionsOf(admin, topic) == 5);
            return map(
                "fewer", errorOf(() -> admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(2))).all().get()),
                "same", errorOf(() -> admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(5))).all().get()),
                "none", errorOf(() -> admin.createPartitions(Map.of(clients.prefix + "-none", NewPartitions.increaseTo(5))).all().get()),
                "partitions", partitionsOf(admin, topic));
        });
        report.step("listOffsets", () -> {
            clients.send(topic, 0, "0", "1", "2", "3");
            return map(
                "earliest", offset(admin, topic, 0, OffsetSpec.earliest()),
                "latest", offset(admin, topic, 0, OffsetSpec.latest()),
                "atTheStartOfTime", offset(admin, topic, 0, OffsetSpec.forTimestamp(0)),
                "inTheFuture", offset(admin, topic, 0, OffsetSpec.forTimestamp(System.currentTimeMillis() + 3_600_000)),
                "ofTheLatestTime", offset(admin, topic, 0, OffsetSpec.maxTimestamp()),
                "emptyLatest", offset(admin, topic, 1, OffsetSpec.latest()),
                "none", errorOf(() -> offset(admin, topic, 9, OffsetSpec.latest())));
        });
        report.step("deleteRecords", () -> map(
            "two", delete(admin, topic, 2),
            "earliest", offset(admin, topic, 0, OffsetSpec.earliest()),
            "again", delete(admin, topic, 1),
            "beyond", errorOf(() -> delete(admin, topic, 5)),
            "all", delete(admin, topic, -1),
            "earliestThen", offset(admin, topic, 0, OffsetSpec.earliest()),
            "left", Clients.values(clients.readAll(topic))));
        report.step("describeCluster", () -> {
            DescribeClusterResult cluster = admin.describeCluster();
            return map(
                "hasNodes", !cluster.nodes().get().isEmpty(),
                "hasController", cluster.controller().get() != null,
                "hasId", !cluster.clusterId().get().isEmpty());
        });
        report.step("describeFeatures", () -> admin.describeFeatures().featureMetadata().get() != null);
        report.step("deleteTopics", () -> {
            admin.deleteTopics(List.of(other)).all().get();
            Uuid id = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).topicId();
            admin.deleteTopics(TopicCollection.ofTopicIds(List.of(id))).all().get();
            Clients.until("they are gone", () -> topicsOf(clients).isEmpty());
            return map(
                "again", errorOf(() -> admin.deleteTopics(List.of(other)).all().get()),
                "id", errorOf(() -> admin.deleteTopics(TopicCollection.ofTopicIds(List.of(id))).all().get()));
        });
        report.step("a topic that is created again is empty", () -> {
            create(admin, new NewTopic(topic, 1, (short) 1));
            Clients.until("it is there", () -> partitionsOf(admin, topic) == 1);
            clients.send(topic, 0, "new");
            return Clients.values(clients.readAll(topic));
        });
    }

    private static Object create(Admin admin, NewTopic topic) throws Exception {
        return admin.createTopics(List.of(topic)).all().get();
    }

    private static Collection<String> topicsOf(Clients clients) throws Exception {
        return clients.admin.listTopics().names().get().stream().filter(name -> name.startsWith(clients.prefix + "-")).sorted().toList();
    }

    private static int partitionsOf(Admin admin, String topic) throws Exception {
        return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size();
    }

    static long offset(Admin admin, String topic, int partition, OffsetSpec spec) throws Exception {
        TopicPartition key = new TopicPartition(topic, partition);
        ListOffsetsResultInfo info = admin.listOffsets(Map.of(key, spec), new ListOffsetsOptions().timeoutMs(3_000)).partitionResult(key).get();
        return info.offset();
    }

    private static long delete(Admin admin, String topic, long before) throws Exception {
        TopicPartition key = new TopicPartition(topic, 0);
        return admin.deleteRecords(Map.of(key, RecordsToDelete.beforeOffset(before))).lowWatermarks().get(key).get().lowWatermark();
    }
}
