package streamkeeper.peers.kafka;

import static streamkeeper.peers.kafka.Report.map;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** The classic protocol: members come and go, with eager, cooperative and static assignment. */
final class ClassicGroupPart {
    static final int PARTITIONS = 6;

    static void run(Clients clients, Report report) {
        String[] protocol = {"group.protocol", "classic", "heartbeat.interval.ms", "300"};
        for (String assignor : List.of("RangeAssignor", "RoundRobinAssignor", "StickyAssignor", "CooperativeStickyAssignor")) {
            String strategy = "org.apache.kafka.clients.consumer." + assignor;
            report.step(assignor, () -> comeAndGo(clients, assignor, with(protocol, "partition.assignment.strategy", strategy)));
        }
        report.step("a cooperative member keeps what it need not give away", () ->
            keeps(clients, with(protocol, "partition.assignment.strategy", "org.apache.kafka.clients.consumer.CooperativeStickyAssignor")));
        report.step("a static member comes back to its partitions", () -> staticMember(clients, protocol));
        report.step("a second static member of the same name fences the first", () -> fenced(clients, "FencedInstanceIdException", protocol));
    }

    /** One member, two, three, two: every record is read once, whoever has its partition. */
    static Object comeAndGo(Clients clients, String name, String... settings) throws Exception {
        String topic = clients.topic(name, PARTITIONS);
        String group = clients.prefix + "-" + name;
        List<Member> members = new ArrayList<>();
        List<Object> sizes = new ArrayList<>();
        Set<String> sent = new TreeSet<>();
        List<String> read = new ArrayList<>();
        List<String> errors = new ArrayList<>();
        try {
            for (int round = 0; round < 3; round += 1) {
                members.add(new Member(clients, group, List.of(topic), settings));
                Clients.until("shared by " + (round + 1), () -> Member.share(PARTITIONS, members));
                sizes.add(Member.sizes(members));
                send(clients, topic, "round " + round, sent);
                Clients.until("all were read", () -> readBy(members, read).size() >= sent.size());
            }
            Member leaving = members.remove(0);
            leaving.close();
            read.addAll(leaving.values);
            errors.add(leaving.error());
            Clients.until("shared by the two left", () -> Member.share(PARTITIONS, members));
            sizes.add(Member.sizes(members));
            send(clients, topic, "last", sent);
            Clients.until("all were read", () -> readBy(members, read).size() >= sent.size());
        } finally {
            for (Member member : members) member.close();
        }
        members.forEach(member -> errors.add(member.error()));
        List<String> all = readBy(members, read);
        List<String> doubled = new ArrayList<>(all);
        sent.forEach(doubled::remove);
        return map("sizes", sizes, "areAll", new TreeSet<>(all).equals(sent), "doubled", doubled, "errors", errors);
    }

    static Object keeps(Clients clients, String... settings) throws Exception {
        String topic = clients.topic("keeps", PARTITIONS);
        String group = clients.prefix + "-keeps";
        try (Member first = new Member(clients, group, List.of(topic), settings)) {
            Clients.until("it has all", () -> first.assigned().size() == PARTITIONS);
            try (Member second = new Member(clients, group, List.of(topic), settings)) {
                Clients.until("both have three", () -> Member.share(PARTITIONS, List.of(first, second)));
                return map("revoked", first.revoked.get(), "sizes", Member.sizes(List.of(first, second)));
            }
        }
    }

    static Object staticMember(Clients clients, String... settings) throws Exception {
        String topic = clients.topic("static", PARTITIONS);
        String group = clients.prefix + "-static";
        try (Member other = new Member(clients, group, List.of(topic), with(settings, "group.instance.id", "other"))) {
            Set<Integer> before;
            try (Member member = new Member(clients, group, List.of(topic), with(settings, "group.instance.id", "one"))) {
                Clients.until("both have three", () -> Member.share(PARTITIONS, List.of(other, member)));
                before = member.assigned();
            }
            int assignments = other.assignments();
            try (Member member = new Member(clients, group, List.of(topic), with(settings, "group.instance.id", "one"))) {
                Clients.until("it is back", () -> Member.share(PARTITIONS, List.of(other, member)));
                return map("sameAsBefore", member.assigned().equals(before), "otherWasLeftAlone", other.assignments() == assignments);
            }
        }
    }

    static Object fenced(Clients clients, String error, String... settings) throws Exception {
        String topic = clients.topic("fenced", 1);
        String group = clients.prefix + "-fenced";
        String[] all = with(settings, "group.instance.id", "same");
        try (Member first = new Member(clients, group, List.of(topic), all)) {
            Clients.until("the first has it", () -> first.assigned().size() == 1);
            try (Member second = new Member(clients, group, List.of(topic), all)) {
                Clients.until("one of both is refused", () -> first.error().equals(error) || second.error().equals(error));
                return map("first", first.error(), "second", second.error());
            }
        }
    }

    static String[] with(String[] settings, String name, String value) {
        List<String> all = new ArrayList<>(List.of(settings));
        all.add(name);
        all.add(value);
        return all.toArray(String[]::new);
    }

    private static void send(Clients clients, String topic, String what, Set<String> sent) throws Exception {
        for (int partition = 0; partition < PARTITIONS; partition += 1) {
            String value = what + " to " + partition;
            clients.send(topic, partition, value);
            sent.add(value);
        }
    }

    private static List<String> readBy(List<Member> members, List<String> before) {
        List<String> all = new ArrayList<>(before);
        members.forEach(member -> all.addAll(member.values));
        return all;
    }
}
