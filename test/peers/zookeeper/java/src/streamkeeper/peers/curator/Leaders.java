package streamkeeper.peers.curator;

import static streamkeeper.peers.curator.Stage.bytes;
import static streamkeeper.peers.curator.Stage.comes;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.leader.LeaderLatchListener;
import org.apache.curator.framework.recipes.leader.LeaderSelector;
import org.apache.curator.framework.recipes.leader.LeaderSelectorListenerAdapter;
import org.apache.curator.framework.recipes.nodes.GroupMember;

final class Leaders {
  private Leaders() {}

  static void latch(Stage stage) throws Exception {
    String path = stage.root + "/latch";
    List<CuratorFramework> clients = new ArrayList<>();
    List<LeaderLatch> latches = new ArrayList<>();
    AtomicInteger lost = new AtomicInteger();
    for (int index = 0; index < 3; index++) {
      clients.add(stage.client());
      LeaderLatch latch = stage.open(new LeaderLatch(clients.get(index), path, "candidate-" + index));
      latch.addListener(new LeaderLatchListener() {
        @Override
        public void isLeader() {}

        @Override
        public void notLeader() {
          lost.incrementAndGet();
        }
      });
      latch.start();
      if (index == 0) latch.await();
      latches.add(latch);
    }
    stage.fact("the first leads", latches.get(0).hasLeadership());
    stage.fact("participants are seen by all", comes(() -> latches.get(2).getParticipants().size() == 3));
    stage.fact("another knows it", comes(() -> latches.get(1).getLeader().getId().equals("candidate-0")));
    latches.get(0).close();
    stage.fact("after the first has closed one leads", comes(() -> leading(latches) == 1));
    int second = leader(latches);
    stage.killSession(clients.get(second));
    stage.fact("who lost its session hears of it", comes(() -> lost.get() >= 1));
    stage.fact("another leads", comes(() -> leading(latches) == 1 && leader(latches) != second));
    stage.fact("who lost its session is a candidate again",
        comes(() -> latches.get(leader(latches)).getParticipants().size() == 2));
    latches.get(leader(latches)).close();
    stage.fact("and leads in the end", comes(() -> latches.get(second).hasLeadership()));
  }

  static void selector(Stage stage) throws Exception {
    Locks.Holders leaders = new Locks.Holders();
    Set<Integer> led = new ConcurrentSkipListSet<>();
    List<LeaderSelector> selectors = new ArrayList<>();
    for (int index = 0; index < 3; index++) {
      int own = index;
      LeaderSelector selector = stage.open(new LeaderSelector(stage.client(), stage.root + "/turns",
          new LeaderSelectorListenerAdapter() {
            @Override
            public void takeLeadership(CuratorFramework client) throws Exception {
              leaders.enter();
              led.add(own);
              Thread.sleep(20);
              leaders.leave();
            }
          }));
      selector.autoRequeue();
      selector.start();
      selectors.add(selector);
    }
    stage.fact("each has led", comes(() -> led.size() == 3));
    for (LeaderSelector selector : selectors) selector.close();
    stage.fact("leaders at once", leaders.most());
    CuratorFramework lone = stage.client();
    AtomicInteger taken = new AtomicInteger();
    AtomicBoolean interrupted = new AtomicBoolean();
    LeaderSelector selector = stage.open(new LeaderSelector(lone, stage.root + "/held", new LeaderSelectorListenerAdapter() {
      @Override
      public void takeLeadership(CuratorFramework client) throws Exception {
        taken.incrementAndGet();
        try {
          Thread.sleep(60_000);
        } catch (InterruptedException error) {
          interrupted.set(true);
          throw error;
        }
      }
    }));
    selector.autoRequeue();
    selector.start();
    stage.fact("leads alone", comes(() -> taken.get() == 1));
    stage.killSession(lone);
    stage.fact("a lost session interrupts who leads", comes(interrupted::get));
    stage.fact("it leads again in its next session", comes(() -> taken.get() == 2));
  }

  static void groupMember(Stage stage) throws Exception {
    String path = stage.root + "/members";
    List<CuratorFramework> clients = new ArrayList<>();
    List<GroupMember> members = new ArrayList<>();
    for (int index = 0; index < 3; index++) {
      clients.add(stage.client());
      members.add(stage.open(new GroupMember(clients.get(index), path, "member-" + index, bytes("of " + index))));
      members.get(index).start();
    }
    for (GroupMember member : members) comes(() -> member.getCurrentMembers().size() == 3);
    stage.fact("all see all", new TreeSet<>(members.get(0).getCurrentMembers().keySet()));
    members.get(2).setThisData(bytes("changed"));
    stage.fact("changed data are seen",
        comes(() -> "changed".equals(Stage.text(members.get(1).getCurrentMembers().get("member-2")))));
    long before = Stage.sessionOf(clients.get(1));
    stage.killSession(clients.get(1));
    stage.fact("a member of a lost session comes back in a new one", comes(() -> {
      var stat = clients.get(0).checkExists().forPath(path + "/member-1");
      return stat != null && stat.getEphemeralOwner() != before;
    }));
    stage.fact("and is seen by the others", comes(() -> members.get(0).getCurrentMembers().containsKey("member-1")));
    members.get(2).close();
    stage.fact("one that closes is gone", comes(() -> !members.get(0).getCurrentMembers().containsKey("member-2")));
  }

  private static int leading(List<LeaderLatch> latches) {
    return (int) latches.stream().filter(LeaderLatch::hasLeadership).count();
  }

  private static int leader(List<LeaderLatch> latches) {
    for (int index = 0; index < latches.size(); index++) {
      if (latches.get(index).hasLeadership()) return index;
    }
    return -1;
  }
}
