package streamkeeper.peers.kafka;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;

/** Writes one line of JSON for each step: what came of it, or the name of the exception. */
final class Report {
    interface Step {
        Object run() throws Exception;
    }

    private final String part;

    Report(String part) {
        this.part = part;
    }

    void step(String name, Step step) {
        Map<String, Object> line = new TreeMap<>();
        line.put("part", part);
        line.put("step", name);
        long startedNs = System.nanoTime();
        try {
            line.put("value", step.run());
        } catch (Throwable thrown) {
            Throwable cause = unwrap(thrown);
            line.put("error", cause.getClass().getSimpleName());
            line.put("message", String.valueOf(cause.getMessage()));
        }
        line.put("ms", (System.nanoTime() - startedNs) / 1_000_000);
        System.out.println(json(line));
    }

    static Throwable unwrap(Throwable thrown) {
        boolean wraps = thrown instanceof ExecutionException || thrown instanceof CompletionException;
        return wraps && thrown.getCause() != null ? unwrap(thrown.getCause()) : thrown;
    }

    /** The name of the exception that a step ends with. */
    static String errorOf(Step step) {
        try {
            step.run();
            return "none";
        } catch (Throwable thrown) {
            return unwrap(thrown).getClass().getSimpleName();
        }
    }

    /** A map from alternating keys and values. */
    static Map<String, Object> map(Object... entries) {
        Map<String, Object> map = new TreeMap<>();
        for (int index = 0; index < entries.length; index += 2) map.put((String) entries[index], entries[index + 1]);
        return map;
    }

    static String json(Object value) {
        if (value == null || value instanceof Number || value instanceof Boolean) return String.valueOf(value);
        if (value instanceof Map<?, ?> map) {
            Map<String, Object> sorted = new TreeMap<>();
            map.forEach((key, entry) -> sorted.put(String.valueOf(key), entry));
            return sorted.entrySet().stream()
                .map(entry -> quoted(entry.getKey()) + ":" + json(entry.getValue()))
                .collect(Collectors.joining(",", "{", "}"));
        }
        if (value instanceof Collection<?> collection) {
            List<String> items = new ArrayList<>();
            for (Object item : collection) items.add(json(item));
            return "[" + String.join(",", items) + "]";
        }
        return quoted(String.valueOf(value));
    }

    private static String quoted(String text) {
        StringBuilder builder = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') builder.append('\\').append(c);
            else if (c < ' ') builder.append(String.format("\\u%04x", (int) c));
            else builder.append(c);
        }
        return builder.append('"').toString();
    }
}
