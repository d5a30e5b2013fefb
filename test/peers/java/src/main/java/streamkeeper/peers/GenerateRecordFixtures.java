package streamkeeper.peers;

import static streamkeeper.peers.BatchJson.base64;
import static streamkeeper.peers.BatchJson.quote;
import static streamkeeper.peers.BatchJson.utf8;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.CompressionType;
import org.apache.kafka.common.record.ControlRecordType;
import org.apache.kafka.common.record.DefaultRecordBatch;
import org.apache.kafka.common.record.EndTransactionMarker;
import org.apache.kafka.common.record.MemoryRecords;
import org.apache.kafka.common.record.MemoryRecords.RecordFilter;
import org.apache.kafka.common.record.MemoryRecords.RecordFilter.BatchRetention;
import org.apache.kafka.common.record.MemoryRecords.RecordFilter.BatchRetentionResult;
import org.apache.kafka.common.record.MemoryRecordsBuilder;
import org.apache.kafka.common.record.Record;
import org.apache.kafka.common.record.RecordBatch;
import org.apache.kafka.common.record.SimpleRecord;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.Utils;
import org.xerial.snappy.Snappy;

/** Writes batches.json, legacy.json, snappy.json and partitions.json to the folder that is its argument. */
public final class GenerateRecordFixtures {
  private static final long TIME = 1_700_000_000_000L;

  private GenerateRecordFixtures() {}

  public static void main(String[] args) throws Exception {
    Path folder = Path.of(args[0]);
    write(folder, "batches.json", batches());
    write(folder, "legacy.json", legacy());
    write(folder, "snappy.json", snappy());
    write(folder, "partitions.json", partitions());
  }

  private static List<String> batches() {
    List<String> all = new ArrayList<>();
    for (CompressionType type : CompressionType.values()) {
      Compression compression = Compression.of(type).build();
      all.add(batch(type.name + ", one of each", MemoryRecords.withRecords(compression, oneOfEach())));
      if (type != CompressionType.NONE) all.add(batch(type.name + ", many blocks", MemoryRecords.withRecords(compression, many())));
    }
    SimpleRecord[] few = {record(TIME, "a", "1"), record(TIME - 5, "b", "2"), record(TIME + 7, "c", null)};
    MemoryRecords idempotent = MemoryRecords.withIdempotentRecords(
        (byte) 2, 0L, Compression.NONE, 9_007_199_254_740_993L, (short) 7, Integer.MAX_VALUE - 1, 3, few);
    all.add(batch("idempotent, sequence about to wrap", idempotent));
    all.add(batch("transactional", MemoryRecords.withTransactionalRecords(Compression.NONE, 4711L, (short) 3, 0, few)));
    all.add(batch("log append time", MemoryRecords.withRecords(
        (byte) 2, 5_000_000_000L, Compression.NONE, TimestampType.LOG_APPEND_TIME, few)));
    for (ControlRecordType type : List.of(ControlRecordType.COMMIT, ControlRecordType.ABORT)) {
      all.add(batch("marker " + type, MemoryRecords.withEndTransactionMarker(
          42L, TIME, 5, 4711L, (short) 3, new EndTransactionMarker(type, 11))));
    }
    MemoryRecords compacted = compact(idempotent, true);
    all.add(batch("compacted, with a tombstone and its delete horizon", compacted));
    all.add(batch("compacted to nothing", emptied()));
    all.add(batch("three batches", concat(idempotent.buffer(), compacted.buffer(), MemoryRecords.withRecords(
        Compression.gzip().build(), few).buffer())));
    return all;
  }

  /** Messages of magic 0 and 1, as clients before Kafka 0.11 sent them. */
  private static List<String> legacy() {
    List<String> all = new ArrayList<>();
    for (byte magic = 0; magic <= 1; magic += 1) {
      MemoryRecordsBuilder builder = MemoryRecords.builder(
          ByteBuffer.allocate(512), magic, Compression.NONE, TimestampType.CREATE_TIME, 0L);
      builder.append(magic == 0 ? RecordBatch.NO_TIMESTAMP : TIME, utf8("key"), utf8("value"));
      all.add("{\"magic\":" + magic + ",\"bytes\":" + base64(bytesOf(builder.build().buffer())) + "}");
    }
    return all;
  }

  /** Raw Snappy, as librdkafka sends it, from Google's own library. */
  private static List<String> snappy() throws Exception {
    List<String> all = new ArrayList<>();
    byte[] random = new byte[70];
    new Random(7).nextBytes(random);
    byte[][] samples = {{}, utf8("a"), random, utf8("wikipedia ".repeat(1_500)), text(new Random(9), 400)};
    for (byte[] sample : samples) {
      java.util.zip.CRC32C crc = new java.util.zip.CRC32C();
      crc.update(sample);
      all.add("{\"length\":" + sample.length + ",\"crc32c\":" + crc.getValue()
          + ",\"compressed\":" + base64(Snappy.compress(sample)) + "}");
    }
    return all;
  }

  private static List<String> partitions() {
    Random random = new Random(11);
    List<byte[]> keys = new ArrayList<>();
    for (String key : List.of("", "21", "foobar", "a-little-bit-long-string", "a-little-bit-longer-string",
        "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", "abc", "\u00fcml\u00e4ut", "\u4e16\u754c", "\ud83d\ude00")) {
      keys.add(utf8(key));
    }
    while (keys.size() < 50) {
      byte[] key = new byte[1 + random.nextInt(40)];
      random.nextBytes(key);
      keys.add(key);
    }
    List<String> all = new ArrayList<>();
    for (byte[] key : keys) {
      List<String> chosen = new ArrayList<>();
      for (int count : new int[] {1, 3, 12, 50, 1_000}) {
        chosen.add(quote(Integer.toString(count)) + ":" + BuiltInPartitioner.partitionForKey(key, count));
      }
      all.add("{\"key\":" + base64(key) + ",\"murmur2\":" + Utils.murmur2(key)
          + ",\"partitions\":{" + String.join(",", chosen) + "}}");
    }
    return all;
  }

  private static SimpleRecord[] oneOfEach() {
    byte[] random = new byte[300];
    new Random(1).nextBytes(random);
    byte[] allBytes = new byte[256];
    for (int index = 0; index < 256; index += 1) allBytes[index] = (byte) index;
    Header[] headers = {
      new RecordHeader("trace", utf8("00-4bf92f")), new RecordHeader("trace", (byte[]) null),
      new RecordHeader("", new byte[0]), new RecordHeader("sch\u00f6n \u4e16 \ud83d\ude00", new byte[] {0, -1})
    };
    return new SimpleRecord[] {
      record(TIME, "key", "value"),
      record(TIME + 3, null, "no key"),
      record(TIME - 100_000, "no value", null),
      record(TIME, null, null),
      record(TIME, "", ""),
      new SimpleRecord(TIME + 5_000_000_000L, allBytes, random),
      new SimpleRecord(0L, utf8("k"), utf8("x".repeat(2_000)), headers),
      new SimpleRecord(TIME, utf8("k".repeat(64)), allBytes, new Header[] {headers[1]}),
    };
  }

  private static SimpleRecord[] many() {
    Random random = new Random(3);
    byte[] words = new byte[120];
    random.nextBytes(words);
    SimpleRecord[] records = new SimpleRecord[16];
    for (int index = 0; index < records.length; index += 1) {
      ByteBuffer value = ByteBuffer.allocate(5_000);
      while (value.remaining() > 0) value.put(words, 0, Math.min(value.remaining(), words.length - random.nextInt(3)));
      records[index] = new SimpleRecord(TIME + index, utf8("user-" + random.nextInt(20)), value.array());
    }
    return records;
  }

  private static byte[] text(Random random, int words) {
    String[] vocabulary = {"log", "offset", "partition", "znode", "watch", "session", "epoch", "fence"};
    StringBuilder text = new StringBuilder();
    for (int index = 0; index < words; index += 1) text.append(vocabulary[random.nextInt(vocabulary.length)]).append(' ');
    return utf8(text.toString());
  }

  private static SimpleRecord record(long timestamp, String key, String value) {
    return new SimpleRecord(timestamp, key == null ? null : utf8(key), value == null ? null : utf8(value));
  }

  /** Removes the first record, as the log cleaner would. */
  private static MemoryRecords compact(MemoryRecords records, boolean keepLater) {
    RecordFilter filter = new RecordFilter(TIME, 86_400_000L) {
      @Override
      protected BatchRetentionResult checkBatchRetention(RecordBatch batch) {
        return new BatchRetentionResult(BatchRetention.RETAIN_EMPTY, false);
      }

      @Override
      protected boolean shouldRetainRecord(RecordBatch batch, Record each) {
        return keepLater && each.offset() > 0;
      }
    };
    ByteBuffer output = ByteBuffer.allocate(4_096);
    ByteBuffer kept = records.filterTo(filter, output, BufferSupplier.NO_CACHING).outputBuffer();
    kept.flip();
    return MemoryRecords.readableRecords(kept);
  }

  private static MemoryRecords emptied() {
    ByteBuffer buffer = ByteBuffer.allocate(DefaultRecordBatch.RECORD_BATCH_OVERHEAD);
    DefaultRecordBatch.writeEmptyHeader(
        buffer, (byte) 2, 4711L, (short) 3, 10, 100L, 104L, 6, TimestampType.CREATE_TIME, TIME, true, false);
    buffer.flip();
    return MemoryRecords.readableRecords(buffer);
  }

  private static MemoryRecords concat(ByteBuffer... buffers) {
    ByteBuffer all = ByteBuffer.allocate(Arrays.stream(buffers).mapToInt(ByteBuffer::remaining).sum());
    for (ByteBuffer each : buffers) all.put(each.duplicate());
    all.flip();
    return MemoryRecords.readableRecords(all);
  }

  private static String batch(String name, MemoryRecords records) {
    byte[] bytes = bytesOf(records.buffer());
    return "{\"name\":" + quote(name) + ",\"bytes\":" + base64(bytes) + ",\"batches\":" + BatchJson.describe(bytes) + "}";
  }

  private static byte[] bytesOf(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }

  private static void write(Path folder, String name, List<String> items) throws Exception {
    Files.writeString(folder.resolve(name), "[\n" + String.join(",\n", items) + "\n]\n");
  }
}
