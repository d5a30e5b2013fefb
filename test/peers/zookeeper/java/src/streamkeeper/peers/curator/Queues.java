package streamkeeper.peers.curator;

import static streamkeeper.peers.curator.Stage.bytes;
import static streamkeeper.peers.curator.Stage.comes;
import static streamkeeper.peers.curator.Stage.text;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.queue.DistributedPriorityQueue;
import org.apache.curator.framework.recipes.queue.DistributedQueue;
import org.apache.curator.framework.recipes.queue.QueueBuilder;
import org.apache.curator.framework.recipes.queue.QueueConsumer;
import org.apache.curator.framework.recipes.queue.QueueSerializer;
import org.apache.curator.framework.recipes.queue.SimpleDistributedQueue;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.x.discovery.ServiceCache;
import org.apache.curator.x.discovery.ServiceDiscovery;
import org.apache.curator.x.discovery.ServiceDiscoveryBuilder;
import org.apache.curator.x.discovery.ServiceInstance;
import org.apache.curator.x.discovery.ServiceProvider;

final class Queues {
  private Queues() {}

  static void queues(Stage stage) throws Exception {
    SimpleDistributedQueue simple = new SimpleDistributedQueue(stage.client(), stage.root + "/simple");
    for (int index = 0; index < 5; index++) simple.offer(bytes(index));
    List<String> taken = new ArrayList<>();
    taken.add(text(simple.peek()));
    for (int index = 0; index < 4; index++) taken.add(text(simple.take()));
    taken.add(text(simple.poll(1, TimeUnit.SECONDS)));
    taken.add(String.valueOf((Object) simple.poll(200, TimeUnit.MILLISECONDS)));
    stage.fact("simple", taken);
    SimpleDistributedQueue other = new SimpleDistributedQueue(stage.client(), stage.root + "/simple");
    Future<String> waits = stage.start(() -> text(other.take()));
    stage.fact("waits for one", !comes(waits::isDone, 300));
    simple.offer(bytes("late"));
    stage.fact("gets it", waits.get(10, TimeUnit.SECONDS));

    Collector collector = new Collector();
    DistributedQueue<String> queue = stage.open(
        QueueBuilder.builder(stage.client(), collector, new Texts(), stage.root + "/queue").buildQueue());
    DistributedQueue<String> producer = stage.open(
        QueueBuilder.builder(stage.client(), null, new Texts(), stage.root + "/queue").buildQueue());
    queue.start();
    producer.start();
    for (int index = 0; index < 10; index++) producer.put("item-" + index);
    stage.fact("consumed", comes(() -> collector.items.size() == 10) && !comes(() -> collector.items.size() > 10, 200));
    stage.fact("in order", List.copyOf(collector.items));
    stage.ask("cut");
    producer.put("after");
    stage.fact("consumed after a cut", comes(() -> collector.items.contains("after")));

    DistributedPriorityQueue<String> priorities = stage.open(QueueBuilder
        .builder(stage.client(), null, new Texts(), stage.root + "/priorities").buildPriorityQueue(0));
    priorities.start();
    priorities.put("low", 9);
    priorities.put("high", 1);
    priorities.flushPuts(10, TimeUnit.SECONDS);
    Collector sorted = new Collector();
    DistributedPriorityQueue<String> reading = stage.open(QueueBuilder
        .builder(stage.client(), sorted, new Texts(), stage.root + "/priorities").buildPriorityQueue(0));
    reading.start();
    comes(() -> sorted.items.size() == 2);
    stage.fact("by priority", List.copyOf(sorted.items));
  }

  static void discovery(Stage stage) throws Exception {
    CuratorFramework serving = stage.client();
    ServiceDiscovery<String> first = stage.open(discoveryOf(serving, stage.root));
    ServiceDiscovery<String> second = stage.open(discoveryOf(stage.client(), stage.root));
    first.start();
    second.start();
    ServiceInstance<String> one = instance("one", 1001);
    ServiceInstance<String> two = instance("two", 1002);
    first.registerService(one);
    ServiceCache<String> cache = stage.open(second.serviceCacheBuilder().name("search").build());
    cache.start();
    first.registerService(two);
    stage.fact("both are found", comes(() -> cache.getInstances().size() == 2));
    stage.fact("names", second.queryForNames());
    stage.fact("by id", second.queryForInstance("search", "one").getPort());
    ServiceProvider<String> provider = stage.open(second.serviceProviderBuilder().serviceName("search").build());
    provider.start();
    stage.fact("provided in turn", provider.getInstance().getPort() != provider.getInstance().getPort());
    first.unregisterService(one);
    stage.fact("one is left", comes(() -> cache.getInstances().size() == 1));
    long before = Stage.sessionOf(serving);
    stage.killSession(serving);
    stage.fact("registered again in a new session", comes(() -> {
      var stat = serving.checkExists().forPath(stage.root + "/search/two");
      return stat != null && stat.getEphemeralOwner() != before;
    }));
    stage.fact("and found", comes(() -> cache.getInstances().size() == 1));
  }

  private static ServiceDiscovery<String> discoveryOf(CuratorFramework client, String path) {
    return ServiceDiscoveryBuilder.builder(String.class).client(client).basePath(path).build();
  }

  private static ServiceInstance<String> instance(String id, int port) throws Exception {
    return ServiceInstance.<String>builder().name("search").id(id).address("127.0.0.1").port(port).payload("p").build();
  }

  private static final class Texts implements QueueSerializer<String> {
    @Override
    public byte[] serialize(String item) {
      return bytes(item);
    }

    @Override
    public String deserialize(byte[] item) {
      return text(item);
    }
  }

  private static final class Collector implements QueueConsumer<String> {
    final ConcurrentLinkedQueue<String> items = new ConcurrentLinkedQueue<>();

    @Override
    public void consumeMessage(String item) {
      items.add(item);
    }

    @Override
    public void stateChanged(CuratorFramework client, ConnectionState state) {}
  }
}
