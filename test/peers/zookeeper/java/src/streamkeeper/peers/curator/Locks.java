package streamkeeper.peers.curator;

import static streamkeeper.peers.curator.Stage.bytes;
import static streamkeeper.peers.curator.Stage.comes;
import static streamkeeper.peers.curator.Stage.statOf;
import static streamkeeper.peers.curator.Stage.text;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.zookeeper.data.Stat;

final class Locks {
  private Locks() {}

  /** Three clients of three threads count in a znode, by reading and then writing it, which only the lock makes right. */
  static void mutex(Stage stage) throws Exception {
    Holders holders = new Holders();
    String counter = stage.root + "/counter";
    stage.client().create().creatingParentsIfNeeded().forPath(counter, bytes(0));
    List<Callable<Void>> work = new ArrayList<>();
    for (int index = 0; index < 3; index++) {
      CuratorFramework client = stage.client();
      for (int thread = 0; thread < 3; thread++) {
        InterProcessMutex mutex = new InterProcessMutex(client, stage.root + "/lock");
        work.add(() -> {
          for (int round = 0; round < 10; round++) {
            mutex.acquire();
            // The thread that has it may take it again.
            mutex.acquire();
            holders.enter();
            int before = Integer.parseInt(text(client.getData().forPath(counter)));
            client.setData().forPath(counter, bytes(before + 1));
            holders.leave();
            mutex.release();
            mutex.release();
          }
          return null;
        });
      }
    }
    runAll(stage, work);
    CuratorFramework reader = stage.client();
    stage.fact("counted", text(reader.getData().forPath(counter)));
    stage.fact("holders at once", holders.most());
    stage.fact("lock znodes left", reader.getChildren().forPath(stage.root + "/lock").size());
    InterProcessMutex held = new InterProcessMutex(reader, stage.root + "/lock");
    held.acquire();
    CuratorFramework other = stage.client();
    stage.fact("taken within 300 ms while held",
        new InterProcessMutex(other, stage.root + "/lock").acquire(300, TimeUnit.MILLISECONDS));
  }

  /** Whoever lost its session without noticing is refused by the number of its lock: the next holder's is higher. */
  static void fencing(Stage stage) throws Exception {
    CuratorFramework first = stage.client();
    CuratorFramework second = stage.client();
    String path = stage.root + "/lock";
    InterProcessMutex firstLock = new InterProcessMutex(first, path);
    firstLock.acquire();
    long firstToken = tokenOf(first, firstLock);
    InterProcessMutex secondLock = new InterProcessMutex(second, path);
    AtomicBoolean lost = new AtomicBoolean();
    first.getConnectionStateListenable().addListener((client, state) -> {
      if (state == ConnectionState.LOST) lost.set(true);
    });
    CompletableFuture<Long> secondToken = new CompletableFuture<>();
    CountDownLatch written = new CountDownLatch(1);
    // Only the thread that has a lock may release it.
    Future<Void> holding = stage.start(() -> {
      secondLock.acquire();
      secondToken.complete(tokenOf(second, secondLock));
      written.await();
      secondLock.release();
      return null;
    });
    stage.fact("waits while it is held", !comes(secondToken::isDone, 300));
    stage.killSession(first);
    long next = secondToken.get(Stage.WAIT_MS_MAX, TimeUnit.MILLISECONDS);
    stage.fact("the next token is higher", next > firstToken);
    stage.fact("the first one hears that its session is lost", comes(lost::get));
    String guarded = stage.root + "/guarded";
    stage.fact("written with the new token", writeFenced(second, guarded, next, "second"));
    stage.fact("written with the old token", writeFenced(first, guarded, firstToken, "first"));
    stage.fact("guarded", text(second.getData().forPath(guarded)).split(" ")[1]);
    written.countDown();
    holding.get(Stage.WAIT_MS_MAX, TimeUnit.MILLISECONDS);
    InterProcessMutex again = new InterProcessMutex(first, path);
    stage.fact("the first one can lock in its next session", again.acquire(10, TimeUnit.SECONDS));
    stage.fact("its token is higher again", tokenOf(first, again) > next);
    again.release();
  }

  static void readWriteLock(Stage stage) throws Exception {
    Holders readers = new Holders();
    AtomicInteger writers = new AtomicInteger();
    AtomicBoolean mixed = new AtomicBoolean();
    String path = stage.root + "/lock";
    CountDownLatch bothRead = new CountDownLatch(2);
    List<Callable<Void>> work = new ArrayList<>();
    for (int index = 0; index < 2; index++) {
      InterProcessReadWriteLock lock = new InterProcessReadWriteLock(stage.client(), path);
      work.add(() -> {
        for (int round = 0; round < 8; round++) {
          lock.readLock().acquire();
          readers.enter();
          if (writers.get() > 0) mixed.set(true);
          if (round == 0) {
            bothRead.countDown();
            bothRead.await(Stage.WAIT_MS_MAX, TimeUnit.MILLISECONDS);
          }
          readers.leave();
          lock.readLock().release();
        }
        return null;
      });
    }
    for (int index = 0; index < 2; index++) {
      InterProcessReadWriteLock lock = new InterProcessReadWriteLock(stage.client(), path);
      work.add(() -> {
        bothRead.await(Stage.WAIT_MS_MAX, TimeUnit.MILLISECONDS);
        for (int round = 0; round < 8; round++) {
          lock.writeLock().acquire();
          if (writers.incrementAndGet() > 1 || readers.now() > 0) mixed.set(true);
          writers.decrementAndGet();
          lock.writeLock().release();
        }
        return null;
      });
    }
    runAll(stage, work);
    stage.fact("readers at once", readers.most());
    stage.fact("a writer was not alone", mixed.get());
    InterProcessReadWriteLock writer = new InterProcessReadWriteLock(stage.client(), path);
    InterProcessReadWriteLock reader = new InterProcessReadWriteLock(stage.client(), path);
    writer.writeLock().acquire();
    stage.fact("a reader beside a writer", reader.readLock().acquire(300, TimeUnit.MILLISECONDS));
    stage.fact("a writer may read", writer.readLock().acquire(5, TimeUnit.SECONDS));
    writer.writeLock().release();
    stage.fact("a reader beside what is now a reader", reader.readLock().acquire(5, TimeUnit.SECONDS));
    stage.fact("a writer beside readers",
        new InterProcessReadWriteLock(stage.client(), path).writeLock().acquire(300, TimeUnit.MILLISECONDS));
  }

  static void semaphore(Stage stage) throws Exception {
    Holders holders = new Holders();
    CountDownLatch three = new CountDownLatch(3);
    List<Callable<Void>> work = new ArrayList<>();
    for (int index = 0; index < 6; index++) {
      InterProcessSemaphoreV2 semaphore = new InterProcessSemaphoreV2(stage.client(), stage.root + "/leases", 3);
      work.add(() -> {
        for (int round = 0; round < 4; round++) {
          Lease lease = semaphore.acquire();
          holders.enter();
          three.countDown();
          three.await(Stage.WAIT_MS_MAX, TimeUnit.MILLISECONDS);
          holders.leave();
          semaphore.returnLease(lease);
        }
        return null;
      });
    }
    runAll(stage, work);
    stage.fact("holders at once", holders.most());
    CuratorFramework client = stage.client();
    InterProcessSemaphoreV2 semaphore = new InterProcessSemaphoreV2(client, stage.root + "/leases", 3);
    Collection<Lease> all = semaphore.acquire(3);
    InterProcessSemaphoreV2 other = new InterProcessSemaphoreV2(stage.client(), stage.root + "/leases", 3);
    stage.fact("a fourth lease", other.acquire(300, TimeUnit.MILLISECONDS) != null);
    stage.killSession(client);
    stage.fact("leases of a lost session come back", other.acquire(3, 20, TimeUnit.SECONDS).size());
    stage.fact("leases that were held", all.size());
  }

  /** The zxid at which the lock's znode was made, which only grows from one holder to the next. */
  private static long tokenOf(CuratorFramework client, InterProcessMutex lock) throws Exception {
    String holder = lock.getParticipantNodes().iterator().next();
    return client.checkExists().forPath(holder).getCzxid();
  }

  /** What a resource does that knows of tokens: it refuses one that is lower than what it has seen. */
  private static boolean writeFenced(CuratorFramework client, String path, long token, String value) throws Exception {
    if (statOf(client, path) == null) client.create().forPath(path, bytes("0 none"));
    Stat stat = new Stat();
    String seen = text(client.getData().storingStatIn(stat).forPath(path));
    if (token < Long.parseLong(seen.split(" ")[0])) return false;
    client.setData().withVersion(stat.getVersion()).forPath(path, bytes(token + " " + value));
    return true;
  }

  private static void runAll(Stage stage, List<Callable<Void>> work) throws Exception {
    List<Future<Void>> running = new ArrayList<>();
    for (Callable<Void> one : work) running.add(stage.start(one));
    for (Future<Void> one : running) one.get(60, TimeUnit.SECONDS);
  }

  /** How many are inside at once. */
  static final class Holders {
    private final AtomicInteger now = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();

    void enter() {
      int count = now.incrementAndGet();
      most.accumulateAndGet(count, Math::max);
    }

    void leave() {
      now.decrementAndGet();
    }

    int now() {
      return now.get();
    }

    int most() {
      return most.get();
    }
  }
}
