package streamkeeper.peers.kafka;

import static streamkeeper.peers.kafka.Report.errorOf;
import static streamkeeper.peers.kafka.Report.map;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.MemberToRemove;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/** What an admin sees and does of groups of both protocols. */
@SuppressWarnings("removal")
final class GroupAdminPart {
    static void run(Clients clients, Report report) throws Exception {
        String topic = clients.topic("a", 2);
        clients.send(topic, 0, "0", "1", "2");
        for (String protocol : List.of("classic", "consumer")) {
            report.step("a group of the " + protocol + " protocol", () -> active(clients, topic, protocol));
        }
        report.step("offsets are altered and deleted", () -> offsets(clients, topic));
        report.step("groups that are not there", () -> map(
            "describe", errorOf(() -> describe(clients.admin, clients.prefix + "-none")),
            "delete", errorOf(() -> clients.admin.deleteConsumerGroups(List.of(clients.prefix + "-none")).all().get()),
            "offsets", clients.admin.listConsumerGroupOffsets(clients.prefix + "-none").partitionsToOffsetAndMetadata().get().size()));
        report.step("a static member is removed", () -> {
            String group = clients.prefix + "-removed";
            try (Member member = new Member(clients, group, List.of(topic), "group.protocol", "classic", "group.instance.id", "one")) {
                Clients.until("it has both", () -> member.assigned().size() == 2);
            }
            int before = describe(clients.admin, group).members().size();
            var removal = new RemoveMembersFromConsumerGroupOptions(List.of(new MemberToRemove("one")));
            clients.admin.removeMembersFromConsumerGroup(group, removal).all().get();
            return map("before", before, "after", describe(clients.admin, group).members().size());
        });
    }

    private static Object active(Clients clients, String topic, String protocol) throws Exception {
        Admin admin = clients.admin;
        String group = clients.prefix + "-" + protocol;
        Map<String, Object> seen = new TreeMap<>();
        try (Member member = new Member(clients, group, List.of(topic), "group.protocol", protocol, "client.id", "the-client")) {
            Clients.until("it has both", () -> member.assigned().size() == 2 && member.values.size() == 3);
            Clients.until("it is stable", () -> describe(admin, group).state().toString().equals("Stable"));
            ConsumerGroupDescription description = describe(admin, group);
            seen.put("assignor", description.partitionAssignor());
            seen.put("type", description.type().toString());
            seen.put("hasCoordinator", description.coordinator() != null && description.coordinator().port() > 0);
            seen.put("members", description.members().stream().map(found -> map(
                "clientId", found.clientId(), "hasHost", !found.host().isEmpty(),
                "partitions", found.assignment().topicPartitions().stream().map(TopicPartition::partition).sorted().toList())).toList());
            seen.put("listed", listed(admin, group));
            seen.put("alter", errorOf(() -> alter(admin, group, new TopicPartition(topic, 0), 1)));
            seen.put("deleteOffsets", errorOf(() -> admin.deleteConsumerGroupOffsets(group, Set.of(new TopicPartition(topic, 0))).all().get()));
            seen.put("delete", errorOf(() -> admin.deleteConsumerGroups(List.of(group)).all().get()));
        }
        Clients.until("it is empty", () -> describe(admin, group).members().isEmpty());
        seen.put("then", describe(admin, group).state().toString());
        seen.put("committed", committed(admin, group, topic));
        admin.deleteConsumerGroups(List.of(group)).all().get();
        seen.put("deleted", listed(admin, group));
        return seen;
    }

    private static Object offsets(Clients clients, String topic) throws Exception {
        Admin admin = clients.admin;
        String group = clients.prefix + "-offsets";
        TopicPartition partition = new TopicPartition(topic, 0);
        alter(admin, group, partition, 2);
        Object altered = committed(admin, group, topic);
        List<String> read;
        try (Member member = new Member(clients, group, List.of(topic))) {
            Clients.until("it reads", () -> !member.values.isEmpty());
            read = List.copyOf(member.values);
        }
        alter(admin, group, partition, 1);
        Object again = committed(admin, group, topic);
        admin.deleteConsumerGroupOffsets(group, Set.of(partition)).all().get();
        return map("altered", altered, "read", read, "again", again, "deleted", committed(admin, group, topic),
            "unknownTopic", errorOf(() -> alter(admin, group, new TopicPartition(clients.prefix + "-none", 0), 1)));
    }

    private static ConsumerGroupDescription describe(Admin admin, String group) throws Exception {
        return admin.describeConsumerGroups(List.of(group)).all().get().get(group);
    }

    private static Object listed(Admin admin, String group) throws Exception {
        return admin.listConsumerGroups().all().get().stream().filter(listing -> listing.groupId().equals(group))
            .map(listing -> listing.state().get() + " " + listing.type().get()).toList();
    }

    private static Object alter(Admin admin, String group, TopicPartition partition, long offset) throws Exception {
        return admin.alterConsumerGroupOffsets(group, Map.of(partition, new OffsetAndMetadata(offset))).all().get();
    }

    private static Object committed(Admin admin, String group, String topic) throws Exception {
        Map<String, Object> offsets = new TreeMap<>();
        admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().forEach((partition, offset) -> {
            if (partition.topic().equals(topic)) offsets.put(String.valueOf(partition.partition()), offset == null ? null : offset.offset());
        });
        return offsets;
    }
}
