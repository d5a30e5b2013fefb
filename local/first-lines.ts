/** What `serve` prints when it is ready. */

export interface FirstLinesInput {
  readonly version: string;
  /** As the server listens, for example `http://0.0.0.0:8080`. */
  readonly url: string;
  /** Where the data are. */
  readonly place: string;
  /** Where Kafka's clients connect to. */
  readonly kafka: string;
  /** Where ZooKeeper's clients connect to. */
  readonly zookeeper: string;
  /** A topic to try things out on; absent: there is none yet. */
  readonly topic?: string;
  /** The topic was just created. */
  readonly isNew: boolean;
}

/** The address, the data folder, and two lines of curl that work when they are pasted into a terminal. */
export function firstLines({ version, url, place, kafka, zookeeper, topic, isNew }: FirstLinesInput): string {
  const name = topic ?? "hello";
  // An address that stands for all of this machine's is none to connect to everywhere.
  const base = `${url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")}/v1/default/topics`;
  const json = "-H 'content-type: application/json'";
  const lines = [
    `Streamkeeper ${version} listens on ${url}`,
    kafka,
    zookeeper,
    `Data: ${place}`,
    ...(isNew ? [`The topic ${name}, with 1 partition, was created to try things out on.`] : []),
    ...(isLoopback(url) ? [] : ["There is no authentication: whoever reaches this address can read and write."]),
    "",
    ...(topic === undefined ? ["Create a topic, produce to it, and fetch from it:", ""] : ["Produce, and fetch:", ""]),
    ...(topic === undefined ? [`  curl ${base} ${json} -d '{"name":"${name}","partitions":1}'`] : []),
    `  curl ${base}/${name}/records ${json} -d '{"records":[{"key":"greeting","value":"hello, world"}]}'`,
    `  curl '${base}/${name}/partitions/0/records?offset=earliest'`,
    "",
    "Ctrl-C stops it.",
    "",
  ];
  return lines.join("\n");
}

function isLoopback(url: string): boolean {
  return url.startsWith("http://127.") || url.startsWith("http://[::1]:");
}
