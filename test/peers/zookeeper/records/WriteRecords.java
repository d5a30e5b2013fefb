import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.jute.BinaryOutputArchive;
import org.apache.jute.Record;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.MultiOperationRecord;
import org.apache.zookeeper.MultiResponse;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.ClientInfo;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.data.Stat;
import org.apache.zookeeper.proto.*;

/** Writes one record of each kind, by ZooKeeper's own classes, as JSON: its name and its bytes. */
public final class WriteRecords {
  private static final Map<String, Record> RECORDS = new TreeMap<>();
  private static final byte[] DATA = {1, 0, (byte) 0xff};
  private static final byte[] PASSWORD = new byte[16];
  private static final List<ACL> ACLS =
      List.of(new ACL(31, new Id("world", "anyone")), new ACL(1, new Id("digest", "ann:hash=")));
  private static final String PATH = "/a/\u00e9\u20ac";
  private static final long ZXID = 0x0000_0001_0000_0007L;

  public static void main(String[] args) throws Exception {
    Arrays.fill(PASSWORD, (byte) 9);
    Stat stat = new Stat(1, ZXID, 3, 1795299301739L, 5, 6, 7, 0x1000_4f51_0440_0004L, 3, 10, ZXID);
    frames();
    writes(stat);
    reads(stat);
    watches();
    multis(stat);
    StringBuilder out = new StringBuilder("{\n");
    for (Map.Entry<String, Record> entry : RECORDS.entrySet()) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      entry.getValue().serialize(BinaryOutputArchive.getArchive(bytes), "record");
      if (out.length() > 2) out.append(",\n");
      out.append("  \"").append(entry.getKey()).append("\": \"");
      for (byte one : bytes.toByteArray()) out.append(String.format("%02x", one));
      out.append('"');
    }
    System.out.println(out.append("\n}"));
  }

  private static void frames() {
    RECORDS.put("connectRequest", new ConnectRequest(0, ZXID, 30_000, 77, PASSWORD));
    RECORDS.put("connectResponse", new ConnectResponse(0, 30_000, 77, PASSWORD));
    RECORDS.put("requestHeader", new RequestHeader(5, -11));
    RECORDS.put("replyHeader", new ReplyHeader(-1, ZXID, -101));
    RECORDS.put("watcherEvent", new WatcherEvent(4, 3, PATH));
    RECORDS.put("errorResponse", new ErrorResponse(-110));
  }

  private static void writes(Stat stat) {
    RECORDS.put("create.request", new CreateRequest(PATH, DATA, ACLS, 3));
    RECORDS.put("create.response", new CreateResponse(PATH));
    RECORDS.put("create2.request", new CreateRequest(PATH, null, List.of(), 0));
    RECORDS.put("create2.response", new Create2Response(PATH, stat));
    RECORDS.put("createContainer.request", new CreateRequest(PATH, DATA, ACLS, 4));
    RECORDS.put("createTTL.request", new CreateTTLRequest(PATH, DATA, ACLS, 5, 1_099_511_627_775L));
    RECORDS.put("delete.request", new DeleteRequest(PATH, -1));
    RECORDS.put("setData.request", new SetDataRequest(PATH, DATA, 7));
    RECORDS.put("setData.response", new SetDataResponse(stat));
    RECORDS.put("setACL.request", new SetACLRequest(PATH, ACLS, 2));
    RECORDS.put("setACL.response", new SetACLResponse(stat));
    RECORDS.put("check.request", new CheckVersionRequest(PATH, 4));
    RECORDS.put("reconfig.request", new ReconfigRequest("server.1=a", null, "", -1));
    RECORDS.put("reconfig.response", new GetDataResponse(DATA, stat));
    RECORDS.put("auth.request", new AuthPacket(0, "digest", DATA));
    RECORDS.put("sasl.request", new GetSASLRequest(DATA));
    RECORDS.put("sasl.response", new SetSASLResponse(null));
  }

  private static void reads(Stat stat) {
    RECORDS.put("exists.request", new ExistsRequest(PATH, true));
    RECORDS.put("exists.response", new ExistsResponse(stat));
    RECORDS.put("getData.request", new GetDataRequest(PATH, false));
    RECORDS.put("getData.response", new GetDataResponse(null, stat));
    RECORDS.put("getACL.request", new GetACLRequest(PATH));
    RECORDS.put("getACL.response", new GetACLResponse(ACLS, stat));
    RECORDS.put("getChildren.request", new GetChildrenRequest(PATH, true));
    RECORDS.put("getChildren.response", new GetChildrenResponse(List.of("b", "\u00e9")));
    RECORDS.put("getChildren2.request", new GetChildren2Request(PATH, false));
    RECORDS.put("getChildren2.response", new GetChildren2Response(List.of(), stat));
    RECORDS.put("sync.request", new SyncRequest(PATH));
    RECORDS.put("sync.response", new SyncResponse(PATH));
    RECORDS.put("getEphemerals.request", new GetEphemeralsRequest(PATH));
    RECORDS.put("getEphemerals.response", new GetEphemeralsResponse(List.of(PATH, "/b")));
    RECORDS.put("getAllChildrenNumber.request", new GetAllChildrenNumberRequest(PATH));
    RECORDS.put("getAllChildrenNumber.response", new GetAllChildrenNumberResponse(12));
    RECORDS.put(
        "whoAmI.response",
        new WhoAmIResponse(List.of(new ClientInfo("ip", "127.0.0.1"), new ClientInfo("digest", "ann"))));
  }

  private static void watches() {
    List<String> one = List.of(PATH);
    List<String> two = List.of("/", "/b");
    RECORDS.put("addWatch.request", new AddWatchRequest(PATH, 1));
    RECORDS.put("addWatch.response", new ErrorResponse(0));
    RECORDS.put("checkWatches.request", new CheckWatchesRequest(PATH, 2));
    RECORDS.put("removeWatches.request", new RemoveWatchesRequest(PATH, 3));
    RECORDS.put("setWatches.request", new SetWatches(ZXID, one, List.of(), two));
    RECORDS.put("setWatches2.request", new SetWatches2(ZXID, one, two, List.of(), two, one));
  }

  private static void multis(Stat stat) {
    MultiOperationRecord writes = new MultiOperationRecord();
    writes.add(Op.create(PATH, DATA, ACLS, 0));
    writes.add(Op.create(PATH, DATA, ACLS, CreateMode.CONTAINER));
    writes.add(Op.create(PATH, DATA, ACLS, CreateMode.PERSISTENT_WITH_TTL, 9));
    writes.add(Op.delete(PATH, 1));
    writes.add(Op.setData(PATH, null, 2));
    writes.add(Op.check(PATH, 3));
    RECORDS.put("multi.request", writes);
    MultiResponse done = new MultiResponse();
    done.add(new OpResult.CreateResult(PATH));
    done.add(new OpResult.CreateResult(PATH, stat));
    done.add(new OpResult.DeleteResult());
    done.add(new OpResult.SetDataResult(stat));
    done.add(new OpResult.CheckResult());
    done.add(new OpResult.ErrorResult(-2));
    RECORDS.put("multi.response", done);
    MultiOperationRecord reads = new MultiOperationRecord();
    reads.add(Op.getData(PATH));
    reads.add(Op.getChildren("/"));
    RECORDS.put("multiRead.request", reads);
    MultiResponse found = new MultiResponse();
    found.add(new OpResult.GetDataResult(DATA, stat));
    found.add(new OpResult.GetChildrenResult(List.of("b")));
    found.add(new OpResult.ErrorResult(-101));
    RECORDS.put("multiRead.response", found);
  }
}
