package streamkeeper.peers.kafka;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;

/** A member of a group that polls in its own thread and commits what it has read. */
final class Member implements AutoCloseable {
    final Queue<String> values = new ConcurrentLinkedQueue<>();
    /** How many partitions were taken from it while it was a member. */
    final AtomicInteger revoked = new AtomicInteger();
    private final AtomicInteger assignments = new AtomicInteger();
    private final KafkaConsumer<String, String> consumer;
    private final Thread thread;
    private volatile Set<Integer> assigned = Set.of();
    private volatile boolean closing;
    private volatile String error = "none";

    Member(Clients clients, String group, Collection<String> topics, String... settings) {
        String[] all = new String[settings.length + 2];
        all[0] = "group.id";
        all[1] = group;
        System.arraycopy(settings, 0, all, 2, settings.length);
        consumer = clients.consumer(all);
        consumer.subscribe(topics, new ConsumerRebalanceListener() {
            @Override
            public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
                if (!closing) revoked.addAndGet(partitions.size());
                if (!closing && !partitions.isEmpty()) consumer.commitSync();
            }

            @Override
            public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
                assignments.incrementAndGet();
            }
        });
        thread = new Thread(this::poll);
        thread.start();
    }

    private void poll() {
        try {
            while (!closing) {
                consumer.poll(Duration.ofMillis(100)).forEach(record -> values.add(record.value()));
                Set<Integer> now = new TreeSet<>();
                consumer.assignment().forEach(partition -> now.add(partition.partition()));
                assigned = now;
            }
            consumer.commitSync();
        } catch (WakeupException closed) {
            // As asked.
        } catch (Throwable thrown) {
            error = Report.unwrap(thrown).getClass().getSimpleName();
        } finally {
            consumer.close(Duration.ofSeconds(5));
        }
    }

    Set<Integer> assigned() {
        return assigned;
    }

    int assignments() {
        return assignments.get();
    }

    String error() {
        return error;
    }

    /** Whether the partitions 0 to `count - 1` are spread evenly over the members, none twice and none left. */
    static boolean share(int count, List<Member> members) {
        Set<Integer> all = new TreeSet<>();
        int sum = 0;
        for (Member member : members) {
            int size = member.assigned().size();
            if (size != count / members.size()) return false;
            all.addAll(member.assigned());
            sum += size;
        }
        return sum == count && all.size() == count;
    }

    static List<Integer> sizes(List<Member> members) {
        return members.stream().map(member -> member.assigned().size()).sorted().toList();
    }

    @Override
    public void close() throws InterruptedException {
        closing = true;
        thread.join(Clients.TIMEOUT_MS);
    }
}
