package streamkeeper.peers;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.zip.CRC32C;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.MemoryRecords;
import org.apache.kafka.common.record.Record;
import org.apache.kafka.common.record.RecordBatch;

/** What Kafka's Java client reads from batches of magic 2, as JSON. */
final class BatchJson {
  /** Longer values are told by their length and CRC-32C, to keep the fixtures small. */
  private static final int BYTES_IN_FULL_MAX = 40;

  private BatchJson() {}

  /** An array of batches with their records. Throws if a checksum or a length is wrong. */
  static String describe(byte[] bytes) {
    List<String> batches = new ArrayList<>();
    int seen = 0;
    for (RecordBatch batch : MemoryRecords.readableRecords(ByteBuffer.wrap(bytes)).batches()) {
      batch.ensureValid();
      seen += batch.sizeInBytes();
      batches.add(describe(batch));
    }
    if (seen != bytes.length) throw new IllegalStateException((bytes.length - seen) + " bytes left over");
    return "[" + String.join(",", batches) + "]";
  }

  private static String describe(RecordBatch batch) {
    List<String> records = new ArrayList<>();
    for (Record each : batch) {
      each.ensureValid();
      records.add(describe(each));
    }
    return "{"
        + String.join(
            ",",
            "\"baseOffset\":" + batch.baseOffset(),
            "\"lastOffset\":" + batch.lastOffset(),
            "\"sizeBytes\":" + batch.sizeInBytes(),
            "\"leaderEpoch\":" + batch.partitionLeaderEpoch(),
            "\"crc\":" + batch.checksum(),
            "\"compressionType\":" + quote(batch.compressionType().name),
            "\"timestampType\":" + quote(batch.timestampType().name),
            "\"isTransactional\":" + batch.isTransactional(),
            "\"isControl\":" + batch.isControlBatch(),
            "\"deleteHorizonMs\":" + (batch.deleteHorizonMs().isPresent() ? batch.deleteHorizonMs().getAsLong() : null),
            "\"maxTimestamp\":" + batch.maxTimestamp(),
            "\"producerId\":" + quote(Long.toString(batch.producerId())),
            "\"producerEpoch\":" + batch.producerEpoch(),
            "\"baseSequence\":" + batch.baseSequence(),
            "\"recordsCount\":" + batch.countOrNull(),
            "\"records\":[" + String.join(",", records) + "]")
        + "}";
  }

  private static String describe(Record each) {
    List<String> headers = new ArrayList<>();
    for (Header header : each.headers()) headers.add("[" + quote(header.key()) + "," + bytes(header.value()) + "]");
    return "["
        + String.join(
            ",",
            Long.toString(each.offset()),
            Long.toString(each.timestamp()),
            bytes(bytesOf(each.key())),
            bytes(bytesOf(each.value())),
            "[" + String.join(",", headers) + "]")
        + "]";
  }

  private static byte[] bytesOf(ByteBuffer buffer) {
    if (buffer == null) return null;
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }

  private static String bytes(byte[] bytes) {
    if (bytes == null) return "null";
    if (bytes.length <= BYTES_IN_FULL_MAX) return base64(bytes);
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return quote(bytes.length + " bytes, CRC-32C " + crc.getValue());
  }

  static String base64(byte[] bytes) {
    return quote(Base64.getEncoder().encodeToString(bytes));
  }

  static String quote(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (char each : text.toCharArray()) {
      if (each < 0x20 || each > 0x7e || each == '"' || each == '\\') quoted.append(String.format("\\u%04x", (int) each));
      else quoted.append(each);
    }
    return quoted.append('"').toString();
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
