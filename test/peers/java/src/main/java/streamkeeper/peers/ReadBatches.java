package streamkeeper.peers;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** For each line of base64 on standard input, prints what Kafka's Java client reads from it, or {"error": ...}. */
public final class ReadBatches {
  private ReadBatches() {}

  public static void main(String[] args) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      try {
        out.println(BatchJson.describe(Base64.getDecoder().decode(line)));
      } catch (RuntimeException error) {
        out.println("{\"error\":" + BatchJson.quote(String.valueOf(error)) + "}");
      }
    }
  }
}
