package streamkeeper.peers.curator;

import static streamkeeper.peers.curator.Stage.comes;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.atomic.AtomicValue;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicLong;
import org.apache.curator.framework.recipes.barriers.DistributedBarrier;
import org.apache.curator.framework.recipes.barriers.DistributedDoubleBarrier;
import org.apache.curator.framework.recipes.shared.SharedCount;
import org.apache.curator.framework.recipes.shared.SharedCountListener;
import org.apache.curator.framework.recipes.shared.SharedCountReader;
import org.apache.curator.framework.recipes.shared.VersionedValue;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.RetryNTimes;

final class Counters {
  private Counters() {}

  static void sharedCount(Stage stage) throws Exception {
    String path = stage.root + "/count";
    SharedCount first = stage.open(new SharedCount(stage.client(), path, 5));
    CuratorFramework watching = stage.client();
    SharedCount second = stage.open(new SharedCount(watching, path, 9));
    first.start();
    second.start();
    stage.fact("what was there wins over a seed", second.getCount());
    AtomicInteger heard = new AtomicInteger();
    second.addListener(new SharedCountListener() {
      @Override
      public void countHasChanged(SharedCountReader count, int value) {
        heard.set(value);
      }

      @Override
      public void stateChanged(CuratorFramework client, ConnectionState state) {}
    });
    VersionedValue<Integer> old = first.getVersionedValue();
    stage.fact("set at its version", first.trySetCount(old, 6));
    stage.fact("set at an old version", first.trySetCount(old, 7));
    stage.fact("heard", comes(() -> heard.get() == 6));
    stage.ask("cut");
    first.setCount(8);
    stage.fact("heard after a cut", comes(() -> heard.get() == 8 && second.getCount() == 8));
    stage.killSession(watching);
    first.setCount(10);
    stage.fact("heard after a lost session", comes(() -> heard.get() == 10 && second.getCount() == 10));
  }

  static void atomicLong(Stage stage) throws Exception {
    String path = stage.root + "/long";
    List<Future<Integer>> running = new ArrayList<>();
    for (int index = 0; index < 4; index++) {
      DistributedAtomicLong counter = new DistributedAtomicLong(stage.client(), path, new RetryNTimes(200, 5));
      running.add(stage.start(() -> {
        int succeeded = 0;
        for (int round = 0; round < 25; round++) {
          if (counter.increment().succeeded()) succeeded++;
        }
        return succeeded;
      }));
    }
    long succeeded = 0;
    for (Future<Integer> one : running) succeeded += one.get(60, TimeUnit.SECONDS);
    DistributedAtomicLong counter = new DistributedAtomicLong(stage.client(), path, new RetryNTimes(200, 5));
    stage.fact("counted what succeeded", counter.get().postValue() == succeeded);
    stage.fact("all succeeded", succeeded == 100);
    AtomicValue<Long> added = counter.add(10L);
    stage.fact("before and after", added.postValue() - added.preValue());
    counter.forceSet(40L);
    stage.fact("compared and set", counter.compareAndSet(40L, 42L).succeeded());
    stage.fact("compared with what it is not", counter.compareAndSet(40L, 43L).succeeded());
    stage.fact("value", counter.get().postValue());
  }

  static void barriers(Stage stage) throws Exception {
    String path = stage.root + "/barrier";
    DistributedBarrier gate = new DistributedBarrier(stage.client(), path);
    gate.setBarrier();
    List<Future<Boolean>> waiting = new ArrayList<>();
    for (int index = 0; index < 2; index++) {
      DistributedBarrier own = new DistributedBarrier(stage.client(), path);
      waiting.add(stage.start(() -> own.waitOnBarrier(20, TimeUnit.SECONDS)));
    }
    stage.fact("they wait", !comes(() -> waiting.get(0).isDone() || waiting.get(1).isDone(), 300));
    gate.removeBarrier();
    stage.fact("they pass", waiting.get(0).get() && waiting.get(1).get());

    AtomicInteger entered = new AtomicInteger();
    AtomicInteger early = new AtomicInteger();
    List<Future<Boolean>> members = new ArrayList<>();
    AtomicInteger begun = new AtomicInteger();
    for (int index = 0; index < 3; index++) {
      DistributedDoubleBarrier own = new DistributedDoubleBarrier(stage.client(), stage.root + "/double", 3);
      int delayMs = index * 150;
      members.add(stage.start(() -> {
        Thread.sleep(delayMs);
        begun.incrementAndGet();
        boolean isIn = own.enter(20, TimeUnit.SECONDS);
        if (begun.get() < 3) early.incrementAndGet();
        entered.incrementAndGet();
        Thread.sleep(delayMs);
        boolean isOut = own.leave(20, TimeUnit.SECONDS);
        if (entered.get() < 3) early.incrementAndGet();
        return isIn && isOut;
      }));
    }
    boolean all = true;
    for (Future<Boolean> member : members) all &= member.get(60, TimeUnit.SECONDS);
    stage.fact("all enter and leave", all);
    stage.fact("before the last one", early.get());
  }
}
