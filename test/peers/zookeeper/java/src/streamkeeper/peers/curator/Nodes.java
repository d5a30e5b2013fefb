package streamkeeper.peers.curator;

import static streamkeeper.peers.curator.Stage.bytes;
import static streamkeeper.peers.curator.Stage.comes;
import static streamkeeper.peers.curator.Stage.statOf;
import static streamkeeper.peers.curator.Stage.text;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.api.transaction.CuratorOp;
import org.apache.curator.framework.api.transaction.CuratorTransactionResult;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.curator.framework.recipes.nodes.PersistentTtlNode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.data.Stat;

final class Nodes {
  /** Servers look only now and then for what may go. */
  private static final int SWEEP_MS_MAX = 90_000;

  private Nodes() {}

  static void persistentNode(Stage stage) throws Exception {
    CuratorFramework client = stage.client();
    CuratorFramework other = stage.client();
    String path = stage.root + "/here";
    PersistentNode node = stage.open(new PersistentNode(client, CreateMode.EPHEMERAL, false, path, bytes("mine")));
    node.start();
    stage.fact("made", node.waitForInitialCreate(10, TimeUnit.SECONDS));
    long session = Stage.sessionOf(client);
    stage.fact("owned by the session", statOf(other, path).getEphemeralOwner() == session);
    node.setData(bytes("changed"));
    stage.fact("changed", comes(() -> text(other.getData().forPath(path)).equals("changed")));
    other.delete().forPath(path);
    stage.fact("comes back when another deletes it", comes(() -> statOf(other, path) != null));
    stage.killSession(client);
    stage.fact("comes back in a new session", comes(() -> {
      Stat stat = statOf(other, path);
      return stat != null && stat.getEphemeralOwner() != session;
    }));
    stage.fact("with its data", text(other.getData().forPath(path)));
    stage.ask("cut");
    stage.fact("is there after a cut", comes(() -> statOf(other, path) != null));
    node.close();
    stage.fact("gone when it is closed", comes(() -> statOf(other, path) == null));
  }

  static void ttlNode(Stage stage) throws Exception {
    CuratorFramework client = stage.client();
    CuratorFramework other = stage.client();
    String path = stage.root + "/kept";
    PersistentTtlNode node = stage.open(new PersistentTtlNode(client, path, 2_000, bytes("mine")));
    node.start();
    stage.fact("made", node.waitForInitialCreate(10, TimeUnit.SECONDS));
    boolean stayed = !comes(() -> statOf(other, path) == null, 5_000);
    stage.fact("there as long as it is touched", stayed);
    client.create().withTtl(2_000).withMode(CreateMode.PERSISTENT_WITH_TTL).forPath(stage.root + "/alone", bytes("1"));
    stage.fact("gone when nobody touches it",
        comes(() -> statOf(other, stage.root + "/alone") == null, SWEEP_MS_MAX));
    node.close();
    stage.fact("the kept one, closed, is gone",
        comes(() -> statOf(other, path) == null, SWEEP_MS_MAX));
    client.create().creatingParentContainersIfNeeded().forPath(stage.root + "/container/child", bytes("1"));
    client.delete().forPath(stage.root + "/container/child");
    stage.fact("a container without its last child is gone",
        comes(() -> statOf(other, stage.root + "/container") == null, SWEEP_MS_MAX));
  }

  static void transactions(Stage stage) throws Exception {
    CuratorFramework client = stage.client();
    String path = stage.root;
    client.create().forPath(path, bytes("0"));
    List<CuratorTransactionResult> results = client.transaction().forOperations(List.of(
        client.transactionOp().create().forPath(path + "/a", bytes("1")),
        client.transactionOp().create().withMode(CreateMode.PERSISTENT_SEQUENTIAL).forPath(path + "/s-", bytes("1")),
        client.transactionOp().create().withMode(CreateMode.EPHEMERAL).forPath(path + "/e", bytes("1")),
        client.transactionOp().setData().forPath(path + "/a", bytes("2")),
        client.transactionOp().check().withVersion(1).forPath(path + "/a"),
        client.transactionOp().delete().forPath(path + "/e")));
    List<String> seen = new ArrayList<>();
    for (CuratorTransactionResult result : results) {
      Stat stat = result.getResultStat();
      seen.add(result.getType() + " " + result.getForPath() + " " + result.getResultPath() + " "
          + (stat == null ? null : stat.getVersion()));
    }
    stage.fact("results", seen);
    Stat a = client.checkExists().forPath(path + "/a");
    stage.fact("one zxid", a.getCzxid() == a.getMzxid()
        && a.getCzxid() == client.checkExists().forPath(path).getPzxid());
    stage.fact("children", client.getChildren().forPath(path).stream().sorted().toList());
    stage.fact("refused by a version", refusal(client, List.of(
        client.transactionOp().create().forPath(path + "/b", bytes("1")),
        client.transactionOp().check().withVersion(7).forPath(path + "/a"),
        client.transactionOp().delete().forPath(path + "/a"))));
    stage.fact("refused by what is there", refusal(client, List.of(
        client.transactionOp().setData().forPath(path + "/a", bytes("3")),
        client.transactionOp().create().forPath(path + "/a", bytes("1")))));
    stage.fact("refused by what is not there", refusal(client, List.of(
        client.transactionOp().delete().forPath(path + "/none"))));
    stage.fact("nothing of them was done",
        client.checkExists().forPath(path + "/b") == null && text(client.getData().forPath(path + "/a")).equals("2"));
    List<CuratorTransactionResult> older = List.copyOf(client.inTransaction()
        .create().forPath(path + "/c", bytes("1")).and()
        .setData().withVersion(0).forPath(path + "/c", bytes("2")).and().commit());
    stage.fact("the older way", older.size() + " " + text(client.getData().forPath(path + "/c")));
  }

  static void accessControl(Stage stage) throws Exception {
    CuratorFramework owner = stage.client(
        CuratorFrameworkFactory.builder().authorization("digest", bytes("ann:secret")));
    CuratorFramework stranger = stage.client();
    CuratorFramework friend = stage.client(
        CuratorFrameworkFactory.builder().authorization("digest", bytes("ann:secret")));
    String path = stage.root + "/private";
    owner.create().creatingParentsIfNeeded().withACL(ZooDefs.Ids.CREATOR_ALL_ACL).forPath(path, bytes("1"));
    owner.create().forPath(path + "/inside");
    stranger.sync().forPath(path);
    friend.sync().forPath(path);
    stage.fact("list", owner.getACL().forPath(path).toString().trim());
    stage.fact("a stranger reads", attempt(() -> stranger.getData().forPath(path)));
    stage.fact("a stranger writes", attempt(() -> stranger.setData().forPath(path, bytes("2"))));
    stage.fact("a stranger makes a child", attempt(() -> stranger.create().forPath(path + "/child")));
    stage.fact("a stranger deletes", attempt(() -> stranger.delete().forPath(path + "/inside")));
    stage.fact("a friend reads", text(friend.getData().forPath(path)));
    friend.setACL().withACL(ZooDefs.Ids.READ_ACL_UNSAFE).forPath(path);
    stranger.sync().forPath(path);
    stage.fact("a stranger reads what is now readable", text(stranger.getData().forPath(path)));
    stage.fact("nobody changes it any more", attempt(() -> owner.setACL().withACL(ZooDefs.Ids.OPEN_ACL_UNSAFE).forPath(path)));
    stage.ask("cut");
    owner.create().withACL(ZooDefs.Ids.CREATOR_ALL_ACL).forPath(stage.root + "/after", bytes("1"));
    stage.fact("known again after a cut", text(owner.getData().forPath(stage.root + "/after")));
    stage.fact("no list", attempt(() -> owner.create().withACL(List.of()).forPath(stage.root + "/none")));
  }

  static void createModes(Stage stage) throws Exception {
    CuratorFramework client = stage.client(CuratorFrameworkFactory.builder().namespace("createModes"));
    List<String> made = new ArrayList<>();
    for (CreateMode mode : CreateMode.values()) {
      var create = mode.isTTL() ? client.create().withTtl(60_000) : client.create();
      Stat stat = new Stat();
      String path = create.storingStatIn(stat).creatingParentsIfNeeded().withMode(mode).forPath("/m/n-", bytes(mode));
      made.add(mode + " " + path + " owner " + ownerOf(stat, client));
      if (!mode.isSequential()) client.delete().forPath(path);
    }
    stage.fact("made", made);
    String guarded = client.create().withProtection().withMode(CreateMode.EPHEMERAL_SEQUENTIAL).forPath("/m/p-");
    stage.fact("with protection", guarded.replaceAll("_c_[-0-9a-f]+-", "_c_ID-"));
    client.createContainers("/boxes/inner");
    stage.fact("container", client.checkExists().forPath("/boxes/inner").getEphemeralOwner());
    stage.fact("set or create", client.create().orSetData().forPath("/m/again", bytes("1"))
        + client.create().orSetData().forPath("/m/again", bytes("2"))
        + client.checkExists().forPath("/m/again").getVersion());
    stage.fact("ephemerals' children", attempt(() -> {
      client.create().withMode(CreateMode.EPHEMERAL).forPath("/m/leaf");
      return client.create().forPath("/m/leaf/child");
    }));
    client.delete().quietly().forPath("/m/none");
    client.delete().guaranteed().deletingChildrenIfNeeded().forPath("/m");
    stage.fact("deleted", client.checkExists().forPath("/m") == null);
    stage.fact("kilobytes come back", roundTrip(client, 1_000 * 1_024));
  }

  private static boolean roundTrip(CuratorFramework client, int size) throws Exception {
    byte[] data = new byte[size];
    new java.util.Random(7).nextBytes(data);
    client.create().forPath("/large", data);
    return java.util.Arrays.equals(data, client.getData().forPath("/large"));
  }

  private static String ownerOf(Stat stat, CuratorFramework client) throws Exception {
    return stat.getEphemeralOwner() == Stage.sessionOf(client) ? "session" : Long.toHexString(stat.getEphemeralOwner());
  }

  private static List<String> refusal(CuratorFramework client, List<CuratorOp> operations) throws Exception {
    try {
      client.transaction().forOperations(operations);
    } catch (KeeperException error) {
      List<String> seen = new ArrayList<>(List.of(error.code().name()));
      for (var result : error.getResults()) seen.add(result.getClass().getSimpleName() + codeOf(result));
      return seen;
    }
    return List.of("accepted");
  }

  private static String codeOf(org.apache.zookeeper.OpResult result) {
    return result instanceof org.apache.zookeeper.OpResult.ErrorResult error ? " " + error.getErr() : "";
  }

  private static String attempt(java.util.concurrent.Callable<?> action) throws Exception {
    try {
      action.call();
      return "done";
    } catch (KeeperException error) {
      return error.code().name();
    }
  }
}
