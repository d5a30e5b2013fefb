package streamkeeper.peers;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.InvocationTargetException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.ObjectSerializationCache;

/**
 * Writes a file of messages for each API to the folder that is its argument, as Kafka's own message classes encode them. Which
 * APIs and versions is read from stdin: lines of `key name lowest highest`.
 */
public final class GenerateMessageFixtures {
  private GenerateMessageFixtures() {}

  public static void main(String[] args) throws Exception {
    Path folder = Path.of(args[0]);
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] words = line.trim().split(" ");
      ApiMessageType type = ApiMessageType.fromApiKey(Short.parseShort(words[0]));
      Set<String> messages = new LinkedHashSet<>();
      for (short version = Short.parseShort(words[2]); version <= Short.parseShort(words[3]); version += 1) {
        if (version < type.lowestSupportedVersion() || version > type.highestSupportedVersion(true)) continue;
        messages.addAll(messagesOf(type, version));
      }
      Files.writeString(folder.resolve(words[1] + ".json"), "[\n" + String.join(",\n", messages) + "\n]\n");
    }
  }

  private static List<String> messagesOf(ApiMessageType type, short version) throws Exception {
    List<String> all = new ArrayList<>();
    for (boolean isRequest : new boolean[] {true, false}) {
      Set<String> forms = new LinkedHashSet<>();
      for (FillMessage.Form form : FillMessage.Form.values()) {
        ApiMessage message = isRequest ? type.newRequest() : type.newResponse();
        forms.add(write(message, version, form, isRequest ? "request" : "response"));
      }
      all.addAll(forms);
    }
    return all;
  }

  private static String write(ApiMessage message, short version, FillMessage.Form form, String kind) throws Exception {
    try {
      new FillMessage(version, form, true).fill(message);
      return encode(message, version, kind);
    } catch (NullPointerException error) {
      // A structure that may not be null: nothing in the class says so before it is written.
      new FillMessage(version, form, false).fill(message);
      return encode(message, version, kind);
    }
  }

  private static String encode(ApiMessage message, short version, String kind) throws Exception {
    ObjectSerializationCache cache = new ObjectSerializationCache();
    ByteBuffer buffer = ByteBuffer.allocate(message.size(cache, version));
    message.write(new ByteBufferAccessor(buffer), cache, version);
    if (buffer.hasRemaining()) throw new IllegalStateException(message.getClass() + " has another size than it says");
    return "{\"version\":" + version + ",\"kind\":\"" + kind + "\",\"bytes\":\""
        + Base64.getEncoder().encodeToString(buffer.array()) + "\",\"value\":" + toJson(message, version) + "}";
  }

  private static JsonNode toJson(ApiMessage message, short version) throws Exception {
    Class<?> type = message.getClass();
    try {
      return (JsonNode) Class.forName(type.getName() + "JsonConverter")
          .getMethod("write", type, short.class, boolean.class)
          .invoke(null, message, version, false);
    } catch (InvocationTargetException error) {
      throw new IllegalStateException(type.getName(), error.getCause());
    }
  }
}
