package streamkeeper.peers.kafka;

/** KIP-848's protocol: the server assigns. */
final class ConsumerGroupPart {
    static void run(Clients clients, Report report) {
        String[] protocol = {"group.protocol", "consumer"};
        report.step("the assignor that is the default", () -> ClassicGroupPart.comeAndGo(clients, "default", protocol));
        for (String assignor : new String[] {"uniform", "range"}) {
            report.step(assignor, () -> ClassicGroupPart.comeAndGo(clients, assignor, ClassicGroupPart.with(protocol, "group.remote.assignor", assignor)));
        }
        report.step("a member keeps what it need not give away", () -> ClassicGroupPart.keeps(clients, protocol));
        report.step("a static member comes back to its partitions", () -> ClassicGroupPart.staticMember(clients, protocol));
        report.step("a second static member of the same name is refused", () -> ClassicGroupPart.fenced(clients, "UnreleasedInstanceIdException", protocol));
    }
}
