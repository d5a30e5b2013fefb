package streamkeeper.peers.curator;

import static streamkeeper.peers.curator.Stage.bytes;
import static streamkeeper.peers.curator.Stage.comes;
import static streamkeeper.peers.curator.Stage.text;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.cache.ChildData;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.cache.CuratorCacheListener;
import org.apache.curator.framework.recipes.cache.NodeCache;
import org.apache.curator.framework.recipes.cache.PathChildrenCache;
import org.apache.curator.framework.recipes.cache.TreeCache;

final class Caches {
  private Caches() {}

  /** A cache of a subtree is right again after a cut, and after its session was lost, whatever has happened meanwhile. */
  static void cache(Stage stage) throws Exception {
    CuratorFramework watcher = stage.client();
    CuratorFramework writer = stage.client();
    String top = stage.root + "/top";
    writer.create().creatingParentsIfNeeded().forPath(top + "/old/deep", bytes("1"));
    CuratorCache cache = stage.open(CuratorCache.build(watcher, top));
    ConcurrentLinkedQueue<String> heard = new ConcurrentLinkedQueue<>();
    cache.listenable().addListener(CuratorCacheListener.builder()
        .forCreates(node -> heard.add("created " + node.getPath()))
        .forChanges((before, after) -> heard.add("changed " + after.getPath() + " to " + text(after.getData())))
        .forDeletes(node -> heard.add("deleted " + node.getPath()))
        .build());
    cache.start();
    stage.fact("what was there", comes(() -> cache.size() == 3) && agrees(cache, writer, top));
    heard.clear();
    // One after the other: what follows too soon is read in its place.
    writer.create().forPath(top + "/new", bytes("1"));
    comes(() -> heard.size() == 1);
    writer.create().forPath(top + "/new/child", bytes("1"));
    comes(() -> heard.size() == 2);
    writer.setData().forPath(top + "/new/child", bytes("2"));
    comes(() -> heard.size() == 3);
    writer.delete().forPath(top + "/new/child");
    comes(() -> heard.size() == 4);
    stage.fact("heard", List.copyOf(heard));

    int perRound = 20;
    for (String how : List.of("cut", "killed")) {
      if (how.equals("cut")) stage.ask("cut");
      else stage.killSession(watcher);
      for (int index = 0; index < perRound; index++) writer.create().forPath(top + "/" + how + index, bytes(index));
      for (int index = 0; index < perRound; index += 2) writer.setData().forPath(top + "/" + how + index, bytes("new"));
      for (int index = 0; index < perRound; index += 4) writer.delete().forPath(top + "/" + how + index);
      stage.fact("right after it was " + how, comes(() -> agrees(cache, writer, top)));
      writer.create().forPath(top + "/after-" + how, bytes("1"));
      stage.fact("goes on after it was " + how, comes(() -> heard.contains("created " + top + "/after-" + how)));
    }
    writer.delete().deletingChildrenIfNeeded().forPath(top);
    stage.fact("empty in the end", comes(() -> cache.size() == 0));
  }

  /** Those that CuratorCache replaces, and which most programs still use. */
  static void olderCaches(Stage stage) throws Exception {
    CuratorFramework watcher = stage.client();
    CuratorFramework writer = stage.client();
    String top = stage.root + "/top";
    writer.create().creatingParentsIfNeeded().forPath(top, bytes("1"));
    NodeCache node = stage.open(new NodeCache(watcher, top));
    PathChildrenCache children = stage.open(new PathChildrenCache(watcher, top, true));
    TreeCache tree = stage.open(new TreeCache(watcher, top));
    node.start(true);
    children.start(PathChildrenCache.StartMode.BUILD_INITIAL_CACHE);
    tree.start();
    for (String how : List.of("connected", "cut", "killed")) {
      if (how.equals("cut")) stage.ask("cut");
      if (how.equals("killed")) stage.killSession(watcher);
      writer.setData().forPath(top, bytes(how));
      writer.create().forPath(top + "/" + how, bytes("1"));
      writer.create().forPath(top + "/" + how + "/child", bytes("1"));
      writer.setData().forPath(top + "/" + how, bytes("2"));
      stage.fact("NodeCache, " + how, comes(() -> how.equals(text(node.getCurrentData().getData()))));
      stage.fact("PathChildrenCache, " + how, comes(() -> {
        ChildData data = children.getCurrentData(top + "/" + how);
        return data != null && text(data.getData()).equals("2");
      }));
      stage.fact("TreeCache, " + how, comes(() -> {
        Map<String, ChildData> below = tree.getCurrentChildren(top + "/" + how);
        return below != null && below.containsKey("child");
      }));
    }
  }

  /** Whether the cache holds exactly what the server does. */
  private static boolean agrees(CuratorCache cache, CuratorFramework reader, String top) throws Exception {
    Map<String, String> cached = new TreeMap<>();
    cache.stream().forEach(node -> cached.put(node.getPath(), text(node.getData()) + "@" + node.getStat().getMzxid()));
    Map<String, String> real = new TreeMap<>();
    collect(reader, top, real);
    return cached.equals(real);
  }

  private static void collect(CuratorFramework reader, String path, Map<String, String> into) throws Exception {
    var stat = new org.apache.zookeeper.data.Stat();
    byte[] data = reader.getData().storingStatIn(stat).forPath(path);
    into.put(path, text(data) + "@" + stat.getMzxid());
    for (String child : reader.getChildren().forPath(path)) collect(reader, path + "/" + child, into);
  }
}
