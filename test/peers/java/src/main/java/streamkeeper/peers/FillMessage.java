package streamkeeper.peers;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.record.BaseRecords;
import org.apache.kafka.common.record.MemoryRecords;
import org.apache.kafka.common.record.SimpleRecord;

/** Gives every field that a version of a message has a value of its own. */
final class FillMessage {
  /** All fields with two items in lists; or null where that may be, and one item; or as the class makes it. */
  enum Form { FULL, NULLS, DEFAULTS }

  private final short version;
  private final Form form;
  private final boolean mayStructBeNull;
  private int count = 0;

  FillMessage(short version, Form form, boolean mayStructBeNull) {
    this.version = version;
    this.form = form;
    this.mayStructBeNull = mayStructBeNull;
  }

  void fill(Message message) throws ReflectiveOperationException {
    if (form == Form.DEFAULTS) return;
    Schema[] schemas = (Schema[]) message.getClass().getField("SCHEMAS").get(null);
    for (BoundField field : schemas[version].fields()) {
      if (!(field.def.type instanceof TaggedFields tagged)) set(message, field.def);
      else if (form == Form.FULL) for (var each : tagged.fields().values()) set(message, each);
    }
  }

  private void set(Message message, org.apache.kafka.common.protocol.types.Field described)
      throws ReflectiveOperationException {
    Field field = fieldOf(message.getClass(), described.name);
    field.setAccessible(true);
    boolean isStruct = Message.class.isAssignableFrom(field.getType());
    boolean mayBeNull = described.type.isNullable() || (isStruct && mayStructBeNull);
    if (form == Form.NULLS && mayBeNull) field.set(message, null);
    else if (described.type == org.apache.kafka.common.protocol.types.Type.UINT16) field.set(message, 60_000 + count);
    else field.set(message, value(field.getGenericType()));
  }

  /** Schemas have names with underscores, classes have humps. */
  private static Field fieldOf(Class<?> type, String name) {
    String plain = name.replace("_", "");
    for (Field field : type.getDeclaredFields()) {
      if (!Modifier.isStatic(field.getModifiers()) && field.getName().equalsIgnoreCase(plain)) return field;
    }
    throw new IllegalStateException(type + " has no " + name);
  }

  private Object value(Type type) throws ReflectiveOperationException {
    count += 1;
    if (type == boolean.class) return true;
    if (type == byte.class || type == Byte.class) return (byte) (count % 100 + 1);
    if (type == short.class || type == Short.class) return (short) (300 + count);
    if (type == int.class || type == Integer.class) return 70_000 + count;
    if (type == long.class || type == Long.class) return 5_000_000_000_000L + count;
    if (type == double.class) return count + 0.25;
    if (type == String.class) return "t\u00e9xt-" + count;
    if (type == Uuid.class) return new Uuid(0x1234_5678_9abc_def0L, count);
    if (type == byte[].class) return new byte[] {(byte) count, 0, -1};
    if (type == ByteBuffer.class) return ByteBuffer.wrap(new byte[] {(byte) count, 0, -1, 7});
    if (type == BaseRecords.class) return records();
    if (type instanceof ParameterizedType list) return items(new ArrayList<>(), list.getActualTypeArguments()[0]);
    Class<?> known = (Class<?>) type;
    if (Collection.class.isAssignableFrom(known)) {
      Collection<?> collection = (Collection<?>) known.getDeclaredConstructor().newInstance();
      return items(collection, ((ParameterizedType) known.getGenericSuperclass()).getActualTypeArguments()[0]);
    }
    Message message = (Message) known.getDeclaredConstructor().newInstance();
    fill(message);
    return message;
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  private Object items(Collection collection, Type item) throws ReflectiveOperationException {
    int length = form == Form.FULL ? 2 : 1;
    for (int index = 0; index < length; index += 1) collection.add(value(item));
    return collection;
  }

  private MemoryRecords records() {
    return MemoryRecords.withRecords(Compression.NONE, new SimpleRecord(1_700_000_000_000L + count, new byte[] {1}, new byte[] {2, 3}));
  }
}
