package streamkeeper.peers.kafka;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs parts of what Kafka's Java client can do: arguments are the bootstrap address, a prefix of names, and the parts. */
public final class Main {
    private interface Part {
        void run(Clients clients, Report report) throws Exception;
    }

    private static final Map<String, Part> PARTS = new LinkedHashMap<>();

    static {
        PARTS.put("admin", AdminPart::run);
        PARTS.put("configs", ConfigsPart::run);
        PARTS.put("produce", ProducePart::run);
        PARTS.put("consume", ConsumePart::run);
        PARTS.put("transactions", TransactionsPart::run);
        PARTS.put("classic", ClassicGroupPart::run);
        PARTS.put("consumer", ConsumerGroupPart::run);
        PARTS.put("groups", GroupAdminPart::run);
    }

    public static void main(String[] args) {
        List<String> wanted = List.of(args).subList(2, args.length);
        for (String name : wanted.isEmpty() ? List.copyOf(PARTS.keySet()) : wanted) {
            Report report = new Report(name);
            try (Clients clients = new Clients(args[0], args[1] + "-" + name)) {
                PARTS.get(name).run(clients, report);
            } catch (Throwable thrown) {
                report.step("the part itself", () -> {
                    throw thrown instanceof Exception exception ? exception : new RuntimeException(thrown);
                });
            }
        }
        System.exit(0);
    }
}
