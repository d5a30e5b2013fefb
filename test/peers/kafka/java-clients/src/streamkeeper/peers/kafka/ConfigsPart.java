package streamkeeper.peers.kafka;

import static streamkeeper.peers.kafka.Report.errorOf;
import static streamkeeper.peers.kafka.Report.map;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.AlterConfigsOptions;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.DescribeConfigsOptions;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.config.ConfigResource;

/** Settings of topics and brokers. */
final class ConfigsPart {
    private static final List<String> SHOWN = List.of(
        "cleanup.policy", "retention.ms", "retention.bytes", "delete.retention.ms", "max.message.bytes",
        "message.timestamp.type", "min.cleanable.dirty.ratio");

    static void run(Clients clients, Report report) throws Exception {
        Admin admin = clients.admin;
        String topic = clients.topic("a", 1, "retention.ms", "7200000");
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        report.step("describeConfigs", () -> shown(admin, resource));
        report.step("describeConfigs with documentation and synonyms", () -> {
            DescribeConfigsOptions options = new DescribeConfigsOptions().includeSynonyms(true).includeDocumentation(true);
            ConfigEntry entry = admin.describeConfigs(List.of(resource), options).all().get().get(resource).get("retention.ms");
            return map("firstSynonym", entry.synonyms().get(0).source().name(), "isSensitive", entry.isSensitive(), "isReadOnly", entry.isReadOnly());
        });
        report.step("incrementalAlterConfigs", () -> {
            alter(admin, resource, op("retention.ms", "60000", OpType.SET), op("max.message.bytes", "2000000", OpType.SET));
            settled(admin, resource, "max.message.bytes", "2000000");
            Object set = shown(admin, resource);
            alter(admin, resource, op("retention.ms", "", OpType.DELETE), op("cleanup.policy", "compact", OpType.APPEND));
            settled(admin, resource, "cleanup.policy", "delete,compact");
            Object deleted = shown(admin, resource);
            alter(admin, resource, op("cleanup.policy", "delete", OpType.SUBTRACT));
            settled(admin, resource, "cleanup.policy", "compact");
            return map("set", set, "deletedAndAppended", deleted, "subtracted", shown(admin, resource));
        });
        report.step("incrementalAlterConfigs with what is wrong", () -> map(
            "value", errorOf(() -> alter(admin, resource, op("retention.ms", "soon", OpType.SET))),
            "name", errorOf(() -> alter(admin, resource, op("no.such", "1", OpType.SET))),
            "append", errorOf(() -> alter(admin, resource, op("retention.ms", "1", OpType.APPEND))),
            "topic", errorOf(() -> alter(admin, new ConfigResource(ConfigResource.Type.TOPIC, clients.prefix + "-none"), op("retention.ms", "1", OpType.SET))),
            "unchanged", shown(admin, resource)));
        report.step("incrementalAlterConfigs that only validates", () -> {
            Collection<AlterConfigOp> ops = List.of(op("retention.ms", "120000", OpType.SET));
            admin.incrementalAlterConfigs(Map.of(resource, ops), new AlterConfigsOptions().validateOnly(true)).all().get();
            return shown(admin, resource);
        });
        report.step("describeConfigs of a topic that is not there", () -> errorOf(() ->
            shown(admin, new ConfigResource(ConfigResource.Type.TOPIC, clients.prefix + "-none"))));
        report.step("describeConfigs of a broker", () -> {
            Node node = admin.describeCluster().nodes().get().iterator().next();
            ConfigResource broker = new ConfigResource(ConfigResource.Type.BROKER, node.idString());
            Config config = admin.describeConfigs(List.of(broker)).all().get().get(broker);
            return map("hasEntries", !config.entries().isEmpty());
        });
    }

    private static AlterConfigOp op(String name, String value, OpType type) {
        return new AlterConfigOp(new ConfigEntry(name, value), type);
    }

    private static Object alter(Admin admin, ConfigResource resource, AlterConfigOp... ops) throws Exception {
        Collection<AlterConfigOp> list = new ArrayList<>(List.of(ops));
        return admin.incrementalAlterConfigs(Map.of(resource, list)).all().get();
    }

    private static void settled(Admin admin, ConfigResource resource, String name, String value) throws Exception {
        Clients.until(name + " is " + value, () -> admin.describeConfigs(List.of(resource)).all().get().get(resource).get(name).value().equals(value));
    }

    private static Map<String, Object> shown(Admin admin, ConfigResource resource) throws Exception {
        Config config = admin.describeConfigs(List.of(resource)).all().get().get(resource);
        Map<String, Object> shown = new TreeMap<>();
        for (String name : SHOWN) {
            ConfigEntry entry = config.get(name);
            shown.put(name, entry == null ? null : entry.value() + " " + (entry.isDefault() ? "default" : entry.source().name()));
        }
        return shown;
    }
}
