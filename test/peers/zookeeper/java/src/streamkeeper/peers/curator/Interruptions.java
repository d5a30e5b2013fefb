package streamkeeper.peers.curator;

import static streamkeeper.peers.curator.Stage.bytes;
import static streamkeeper.peers.curator.Stage.comes;
import static streamkeeper.peers.curator.Stage.statOf;
import static streamkeeper.peers.curator.Stage.text;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.leader.LeaderLatchListener;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;

final class Interruptions {
  private Interruptions() {}

  /** What changes while a client is away is told to its one-shot watches when it is back; persistent ones stay set. */
  static void watchesOverCut(Stage stage) throws Exception {
    CuratorFramework writer = stage.directClient();
    CuratorFramework away = stage.client();
    String top = stage.root;
    for (String name : List.of("", "/data", "/gone", "/parent", "/same", "/persistent", "/recursive", "/recursive/child")) {
      writer.create().forPath(top + name, bytes("1"));
    }
    ConcurrentLinkedQueue<String> heard = new ConcurrentLinkedQueue<>();
    Watcher watcher = event -> {
      if (event.getType() != Watcher.Event.EventType.None) heard.add(event.getType() + " " + event.getPath().substring(top.length()));
    };
    // It may be connected to another server.
    away.sync().forPath(top);
    ZooKeeper raw = away.getZookeeperClient().getZooKeeper();
    raw.getData(top + "/data", watcher, null);
    raw.getData(top + "/gone", watcher, null);
    raw.getData(top + "/same", watcher, null);
    raw.exists(top + "/new", watcher);
    raw.exists(top + "/never", watcher);
    raw.getChildren(top + "/parent", watcher);
    raw.addWatch(top + "/persistent", watcher, AddWatchMode.PERSISTENT);
    raw.addWatch(top + "/recursive", watcher, AddWatchMode.PERSISTENT_RECURSIVE);
    long session = Stage.sessionOf(away);
    stage.ask("refuse");
    writer.setData().forPath(top + "/data", bytes("2"));
    writer.delete().forPath(top + "/gone");
    writer.create().forPath(top + "/new");
    writer.create().forPath(top + "/parent/child");
    writer.setData().forPath(top + "/persistent", bytes("2"));
    writer.setData().forPath(top + "/recursive/child", bytes("2"));
    stage.ask("heal");
    stage.fact("same session", comes(() -> away.checkExists().forPath(top) != null) && Stage.sessionOf(away) == session);
    comes(() -> heard.size() >= 4);
    // Those that should not come would have come by then.
    Thread.sleep(500);
    stage.fact("told", heard.stream().sorted().toList());
    heard.clear();
    writer.setData().forPath(top + "/persistent", bytes("3"));
    writer.create().forPath(top + "/persistent/child");
    writer.create().forPath(top + "/recursive/child/leaf");
    writer.setData().forPath(top + "/recursive/child", bytes("3"));
    writer.setData().forPath(top + "/same", bytes("3"));
    writer.create().forPath(top + "/never");
    writer.setData().forPath(top + "/data", bytes("3"));
    comes(() -> heard.size() >= 6);
    stage.fact("told afterwards", List.copyOf(heard));
  }

  /** A client whose connection is cut again and again keeps its session, its lock and the order of its writes. */
  static void cutWhileWriting(Stage stage) throws Exception {
    CuratorFramework client = stage.client();
    CuratorFramework other = stage.client();
    long session = Stage.sessionOf(client);
    String path = stage.root + "/log";
    client.create().creatingParentsIfNeeded().forPath(path);
    client.create().withMode(CreateMode.EPHEMERAL).forPath(stage.root + "/mine");
    InterProcessMutex mutex = new InterProcessMutex(client, stage.root + "/lock");
    mutex.acquire();
    AtomicBoolean over = new AtomicBoolean();
    Set<Integer> acknowledged = new ConcurrentSkipListSet<>();
    AtomicInteger reconnected = new AtomicInteger();
    client.getConnectionStateListenable().addListener((ignored, state) -> {
      if (state == ConnectionState.RECONNECTED) reconnected.incrementAndGet();
    });
    Future<Integer> writing = stage.start(() -> {
      ZooKeeper raw = client.getZookeeperClient().getZooKeeper();
      int next = 0;
      while (!over.get()) {
        int number = next++;
        CountDownLatch answered = new CountDownLatch(1);
        raw.create(path + "/" + number, bytes(number), org.apache.zookeeper.ZooDefs.Ids.OPEN_ACL_UNSAFE,
            CreateMode.PERSISTENT, (code, ignored, context, name) -> {
              if (code == KeeperException.Code.OK.intValue()) acknowledged.add(number);
              answered.countDown();
            }, null);
        if (number % 8 == 0) answered.await();
      }
      return next;
    });
    int cuts = 4;
    for (int index = 1; index <= cuts; index++) {
      Thread.sleep(150);
      int before = reconnected.get();
      stage.ask("cut");
      comes(() -> reconnected.get() > before);
    }
    int before = acknowledged.size();
    stage.fact("writes go on", comes(() -> acknowledged.size() > before));
    over.set(true);
    int written = writing.get(30, TimeUnit.SECONDS);
    stage.fact("reconnected", reconnected.get() >= cuts);
    stage.fact("same session", Stage.sessionOf(client) == session);
    stage.fact("ephemeral is there", statOf(other, stage.root + "/mine") != null);
    stage.fact("lock is held", !new InterProcessMutex(other, stage.root + "/lock").acquire(200, TimeUnit.MILLISECONDS));
    client.sync().forPath(path);
    Set<Integer> there = new ConcurrentSkipListSet<>();
    for (String name : client.getChildren().forPath(path)) there.add(Integer.parseInt(name));
    stage.fact("all that was acknowledged is there", there.containsAll(acknowledged) && there.size() <= written);
    long last = 0;
    boolean isOrdered = true;
    for (int number : there) {
      long zxid = client.checkExists().forPath(path + "/" + number).getCzxid();
      isOrdered &= zxid > last;
      last = zxid;
    }
    stage.fact("in the order in which it was sent", isOrdered);
    mutex.release();
  }

  /** A client that is kept away for longer than its timeout hears that its session is over; its ephemerals are gone. */
  static void expiry(Stage stage) throws Exception {
    CuratorFramework client = stage.client();
    long session = Stage.sessionOf(client);
    client.create().creatingParentsIfNeeded().withMode(CreateMode.EPHEMERAL).forPath(stage.root + "/mine");
    AtomicBoolean expired = new AtomicBoolean();
    AtomicInteger told = new AtomicInteger();
    client.getZookeeperClient().getZooKeeper().exists(stage.root + "/watched", event -> {
      if (event.getState() == Watcher.Event.KeeperState.Expired) told.incrementAndGet();
    });
    client.getConnectionStateListenable().addListener((ignored, state) -> {
      if (state == ConnectionState.LOST) expired.set(true);
    });
    stage.ask("refuse");
    Thread.sleep(stage.sessionTimeoutMs() * 2L + 1_000);
    stage.ask("heal");
    stage.fact("lost", comes(expired::get));
    stage.fact("its watches are told", comes(() -> told.get() == 1));
    stage.fact("a new session", comes(() -> client.checkExists().forPath(stage.root) != null)
        && Stage.sessionOf(client) != session);
    stage.fact("the ephemeral is gone", client.checkExists().forPath(stage.root + "/mine") == null);
  }

  /** Nothing comes through any more, and nobody is told: who leads has stepped back before another one leads. */
  static void silence(Stage stage) throws Exception {
    CuratorFramework silenced = stage.client();
    CuratorFramework other = stage.directClient();
    long session = Stage.sessionOf(silenced);
    LeaderLatch first = stage.open(new LeaderLatch(silenced, stage.root + "/latch", "first"));
    first.start();
    first.await();
    LeaderLatch second = stage.open(new LeaderLatch(other, stage.root + "/latch", "second"));
    AtomicBoolean both = new AtomicBoolean();
    second.addListener(new LeaderLatchListener() {
      @Override
      public void isLeader() {
        both.set(first.hasLeadership());
      }

      @Override
      public void notLeader() {}
    });
    second.start();
    stage.fact("there are two candidates", comes(() -> first.getParticipants().size() == 2));
    stage.ask("silence");
    stage.fact("the silenced one steps back", comes(() -> !first.hasLeadership()));
    stage.fact("the other one leads", comes(second::hasLeadership));
    stage.fact("both led at once", both.get());
    stage.ask("heal");
    stage.fact("a new session", comes(() -> silenced.checkExists().forPath(stage.root) != null)
        && Stage.sessionOf(silenced) != session);
    second.close();
    stage.fact("the silenced one leads again", comes(first::hasLeadership));
  }

  /** The server is killed and started again on its data within the timeout: nobody loses anything. */
  static void restart(Stage stage) throws Exception {
    CuratorFramework client = stage.lastingClient();
    CuratorFramework other = stage.lastingClient();
    long session = Stage.sessionOf(client);
    String top = stage.root;
    client.create().forPath(top, bytes("1"));
    client.create().withMode(CreateMode.EPHEMERAL).forPath(top + "/mine");
    client.create().withMode(CreateMode.PERSISTENT_SEQUENTIAL).forPath(top + "/s-");
    LeaderLatch latch = stage.open(new LeaderLatch(client, top + "/latch", "first"));
    latch.start();
    latch.await();
    ConcurrentLinkedQueue<String> heard = new ConcurrentLinkedQueue<>();
    Watcher watcher = event -> {
      if (event.getType() != Watcher.Event.EventType.None) heard.add(event.getType() + " " + event.getPath().substring(top.length()));
    };
    client.getZookeeperClient().getZooKeeper().getData(top, watcher, null);
    client.getZookeeperClient().getZooKeeper().addWatch(top + "/under", watcher, AddWatchMode.PERSISTENT_RECURSIVE);
    long before = client.checkExists().forPath(top).getMzxid();
    stage.ask("restart");
    // A client sets its watches again before anything else; ZooKeeper does not tell a recursive one what it missed.
    comes(() -> client.checkExists().forPath(top) != null);
    other.setData().forPath(top, bytes("2"));
    other.create().forPath(top + "/under");
    stage.fact("watches are told", comes(() -> heard.size() == 2));
    stage.fact("told", List.copyOf(heard));
    stage.fact("same session", comes(() -> client.checkExists().forPath(top) != null) && Stage.sessionOf(client) == session);
    stage.fact("ephemeral is there", statOf(other, top + "/mine").getEphemeralOwner() == session);
    stage.fact("zxids go on", statOf(client, top).getMzxid() > before);
    stage.fact("sequence goes on",
        client.create().withMode(CreateMode.PERSISTENT_SEQUENTIAL).forPath(top + "/s-").substring(top.length()));
    stage.fact("leads again", comes(latch::hasLeadership));
    stage.fact("data", text(other.getData().forPath(top)));
  }
}
