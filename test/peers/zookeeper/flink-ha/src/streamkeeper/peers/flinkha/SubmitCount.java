package streamkeeper.peers.flinkha;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.source.util.ratelimit.RateLimiterStrategy;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.GlobalConfiguration;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.util.Collector;

/**
 * Submits a job that counts numbers by key, to whichever job manager ZooKeeper says leads, and ends without waiting for it.
 * Arguments: the folder of the configuration, the folder where the job writes, how many numbers, how many of them a second.
 */
public final class SubmitCount {
  private static final int KEYS = 7;

  private SubmitCount() {}

  public static void main(String[] args) throws Exception {
    Configuration configuration = GlobalConfiguration.loadConfiguration(args[0]);
    configuration.setString("execution.target", "remote");
    long numbers = Long.parseLong(args[2]);
    StreamExecutionEnvironment job = new StreamExecutionEnvironment(configuration);
    DataGeneratorSource<Long> source = new DataGeneratorSource<>(number -> number, numbers,
        RateLimiterStrategy.perSecond(Double.parseDouble(args[3])), Types.LONG);
    job.fromSource(source, WatermarkStrategy.forMonotonousTimestamps(), "numbers")
        .keyBy(number -> number % KEYS)
        .process(new Count(args[1]))
        .sinkTo(new DiscardingSink<>());
    JobID id = job.executeAsync("count").getJobID();
    System.out.println(id);
    System.exit(0);
  }

  /** Counts and adds up what comes, and writes both to a file of the key when all have come. */
  private static final class Count extends KeyedProcessFunction<Long, Long, Long> implements CheckpointedFunction {
    private final String folder;
    private transient ValueState<Tuple2<Long, Long>> counted;

    Count(String folder) {
      this.folder = folder;
    }

    @Override
    public void initializeState(FunctionInitializationContext context) throws Exception {
      counted = context.getKeyedStateStore().getState(
          new ValueStateDescriptor<>("counted", Types.TUPLE(Types.LONG, Types.LONG)));
      if (context.isRestored()) write("restored-" + context.getRestoredCheckpointId().getAsLong(), "");
    }

    @Override
    public void snapshotState(FunctionSnapshotContext context) {}

    @Override
    public void processElement(Long number, Context context, Collector<Long> out) throws Exception {
      Tuple2<Long, Long> before = counted.value();
      if (before == null) {
        context.timerService().registerEventTimeTimer(Long.MAX_VALUE);
        before = Tuple2.of(0L, 0L);
      }
      counted.update(Tuple2.of(before.f0 + 1, before.f1 + number));
    }

    @Override
    public void onTimer(long timestamp, OnTimerContext context, Collector<Long> out) throws Exception {
      write("key-" + context.getCurrentKey(), counted.value().f0 + " " + counted.value().f1);
    }

    private void write(String name, String text) throws IOException {
      Files.writeString(Path.of(folder, name), text);
    }
  }
}
