import { fetchHeaders, recordBatchMediaType } from "../../shared/api/routes.ts";
import { decodeRecords } from "../../shared/record/decode-records.ts";
import { batchField, batchLengthEnd, readBatchHeader, recordsOf } from "../../shared/record/record-batch.ts";

/** All records of partition 0 that the server gives out, by offset. */
export async function readTopic(url: string, topic: string): Promise<(readonly [offset: number, value: string])[]> {
  const log: (readonly [number, string])[] = [];
  for (let offset = 0, end = 1; offset < end;) {
    const answer = await fetch(
      `${url}/v1/default/topics/${topic}/partitions/0/records?offset=${offset}&maxBytes=4000000&maxRecords=10000`,
      { headers: { accept: recordBatchMediaType } },
    );
    if (!answer.ok) throw new Error(`${answer.status} at ${offset}: ${await answer.text()}`);
    for (const record of recordsIn(new Uint8Array(await answer.arrayBuffer()))) {
      if (record[0] >= offset) log.push(record);
    }
    const next = Number(answer.headers.get(fetchHeaders.nextOffset));
    end = Number(answer.headers.get(fetchHeaders.highWatermark));
    if (next <= offset && offset < end) throw new Error(`nothing at ${offset} of ${end}`);
    offset = next;
  }
  return log;
}

function recordsIn(bytes: Uint8Array): (readonly [number, string])[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: (readonly [number, string])[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = start + batchLengthEnd + view.getInt32(start + batchField.batchLength);
    const header = readBatchHeader(bytes, start);
    for (const { offsetDelta, value } of decodeRecords(header, recordsOf(bytes, start, header))) {
      records.push([header.baseOffset + offsetDelta, new TextDecoder().decode(value ?? new Uint8Array())]);
    }
    start = end;
  }
  return records;
}
