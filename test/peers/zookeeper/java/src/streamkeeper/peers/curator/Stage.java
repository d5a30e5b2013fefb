package streamkeeper.peers.curator;

import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryNTimes;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;

/** What one scenario works with: clients, threads, the facts that it reports, and the test that it asks to interfere. */
final class Stage implements AutoCloseable {
  static final int WAIT_MS_MAX = 30_000;
  /** 20 ticks. */
  private static final int LASTING_SESSION_MS = 10_000;
  /** The folder of the scenario's znodes. */
  final String root;
  private final String address;
  private final String directAddress;
  private final int sessionTimeoutMs;
  private final BufferedReader input;
  private final Map<String, Object> facts = new TreeMap<>();
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private final ExecutorService threads = Executors.newCachedThreadPool();

  Stage(String address, String directAddress, int sessionTimeoutMs, String root, BufferedReader input) {
    this.address = address;
    this.directAddress = directAddress;
    this.sessionTimeoutMs = sessionTimeoutMs;
    this.root = root;
    this.input = input;
  }

  int sessionTimeoutMs() {
    return sessionTimeoutMs;
  }

  Map<String, Object> facts() {
    return facts;
  }

  synchronized void fact(String name, Object value) {
    facts.put(name, value);
  }

  /** A client with a session of its own, whose connections the test can cut. */
  CuratorFramework client() throws Exception {
    return client(CuratorFrameworkFactory.builder());
  }

  CuratorFramework client(CuratorFrameworkFactory.Builder builder) throws Exception {
    return connect(builder.connectString(address));
  }

  /** One whose session lasts for as long as a server needs to start again on a busy machine. */
  CuratorFramework lastingClient() throws Exception {
    return connect(CuratorFrameworkFactory.builder().connectString(address), LASTING_SESSION_MS);
  }

  /** One that the test does not come between. */
  CuratorFramework directClient() throws Exception {
    return connect(CuratorFrameworkFactory.builder().connectString(directAddress));
  }

  private CuratorFramework connect(CuratorFrameworkFactory.Builder builder) throws Exception {
    return connect(builder, sessionTimeoutMs);
  }

  private CuratorFramework connect(CuratorFrameworkFactory.Builder builder, int timeoutMs) throws Exception {
    CuratorFramework client = builder
        .sessionTimeoutMs(timeoutMs)
        .connectionTimeoutMs(5_000)
        .retryPolicy(new RetryNTimes(50, 200))
        .build();
    client.start();
    opened.push(client);
    if (!client.blockUntilConnected(WAIT_MS_MAX, TimeUnit.MILLISECONDS)) throw new IllegalStateException("no connection");
    return client;
  }

  /** Closed, last first, when the scenario is over. */
  <T extends AutoCloseable> T open(T resource) {
    opened.push(resource);
    return resource;
  }

  <T> Future<T> start(Callable<T> work) {
    return threads.submit(work);
  }

  /** Asks the test for something that only it can do, and waits until it is done. */
  void ask(String what) throws Exception {
    System.out.println("{\"ask\":\"" + what + "\"}");
    String answer = input.readLine();
    if (!"done".equals(answer)) throw new IllegalStateException(what + " was answered with " + answer);
  }

  /** Ends a client's session by force: another connection takes it over, by its id and password, and closes it. */
  void killSession(CuratorFramework client) throws Exception {
    ZooKeeper own = client.getZookeeperClient().getZooKeeper();
    CountDownLatch connected = new CountDownLatch(1);
    ZooKeeper other = new ZooKeeper(address, sessionTimeoutMs, event -> {
      if (event.getState() == KeeperState.SyncConnected) connected.countDown();
    }, own.getSessionId(), own.getSessionPasswd());
    if (!connected.await(WAIT_MS_MAX, TimeUnit.MILLISECONDS)) throw new IllegalStateException("not taken over");
    other.close();
  }

  static long sessionOf(CuratorFramework client) throws Exception {
    return client.getZookeeperClient().getZooKeeper().getSessionId();
  }

  /** As it is now, whatever server the client is connected to; null if there is none. */
  static Stat statOf(CuratorFramework client, String path) throws Exception {
    client.sync().forPath(path);
    return client.checkExists().forPath(path);
  }

  static byte[] bytes(Object value) {
    return String.valueOf(value).getBytes(StandardCharsets.UTF_8);
  }

  static String text(byte[] value) {
    return new String(value, StandardCharsets.UTF_8);
  }

  /** Whether it becomes true in time. */
  static boolean comes(Callable<Boolean> condition) throws Exception {
    return comes(condition, WAIT_MS_MAX);
  }

  static boolean comes(Callable<Boolean> condition, long waitMsMax) throws Exception {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(waitMsMax);
    while (!condition.call()) {
      if (System.nanoTime() > end) return false;
      Thread.sleep(10);
    }
    return true;
  }

  @Override
  public void close() throws Exception {
    threads.shutdownNow();
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (IllegalStateException alreadyClosed) {
        // The scenario closed it itself, which most recipes allow only once.
      }
    }
    threads.awaitTermination(WAIT_MS_MAX, TimeUnit.MILLISECONDS);
  }
}
