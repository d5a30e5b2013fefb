package streamkeeper.peers.curator;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Runs the scenarios that are named on the standard input, one a line, and writes what each of them saw as one line of
 * JSON. Arguments: the address that the test can cut, the server's own, and the session timeout in milliseconds.
 */
public final class Main {
  private static final Map<String, Scenario> SCENARIOS = new LinkedHashMap<>();

  static {
    SCENARIOS.put("mutex", Locks::mutex);
    SCENARIOS.put("fencing", Locks::fencing);
    SCENARIOS.put("readWriteLock", Locks::readWriteLock);
    SCENARIOS.put("semaphore", Locks::semaphore);
    SCENARIOS.put("leaderLatch", Leaders::latch);
    SCENARIOS.put("leaderSelector", Leaders::selector);
    SCENARIOS.put("groupMember", Leaders::groupMember);
    SCENARIOS.put("cache", Caches::cache);
    SCENARIOS.put("olderCaches", Caches::olderCaches);
    SCENARIOS.put("persistentNode", Nodes::persistentNode);
    SCENARIOS.put("ttlNode", Nodes::ttlNode);
    SCENARIOS.put("transactions", Nodes::transactions);
    SCENARIOS.put("accessControl", Nodes::accessControl);
    SCENARIOS.put("createModes", Nodes::createModes);
    SCENARIOS.put("sharedCount", Counters::sharedCount);
    SCENARIOS.put("atomicLong", Counters::atomicLong);
    SCENARIOS.put("barriers", Counters::barriers);
    SCENARIOS.put("queues", Queues::queues);
    SCENARIOS.put("discovery", Queues::discovery);
    SCENARIOS.put("watchesOverCut", Interruptions::watchesOverCut);
    SCENARIOS.put("cutWhileWriting", Interruptions::cutWhileWriting);
    SCENARIOS.put("expiry", Interruptions::expiry);
    SCENARIOS.put("silence", Interruptions::silence);
    SCENARIOS.put("restart", Interruptions::restart);
  }

  private Main() {}

  public static void main(String[] args) throws Exception {
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    ObjectMapper json = new ObjectMapper();
    for (String name = input.readLine(); name != null; name = input.readLine()) {
      Map<String, Object> answer = new LinkedHashMap<>();
      answer.put("scenario", name);
      try (Stage stage = new Stage(args[0], args[1], Integer.parseInt(args[2]), "/" + name, input)) {
        SCENARIOS.get(name).run(stage);
        answer.put("facts", stage.facts());
      } catch (Throwable error) {
        StringWriter trace = new StringWriter();
        error.printStackTrace(new PrintWriter(trace));
        answer.put("error", trace.toString());
      }
      System.out.println(json.writeValueAsString(answer));
    }
    System.exit(0);
  }

  interface Scenario {
    void run(Stage stage) throws Exception;
  }
}
