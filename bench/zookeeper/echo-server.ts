/** Answers as a ZooKeeper would that has nothing to do: with it the load generator measures itself. */
import { createServer, type Socket } from "node:net";

const [connectAnswerBytes, answerBytes] = [41, 20];

function answerTo(socket: Socket): void {
  let isConnected = false;
  let rest: Buffer = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const answers: Buffer[] = [];
    let at = 0;
    while (data.length - at >= 4 && at + 4 + data.readInt32BE(at) <= data.length) {
      answers.push(isConnected ? answer(data.readInt32BE(at + 4)) : connectAnswer());
      isConnected = true;
      at += 4 + data.readInt32BE(at);
    }
    rest = data.subarray(at);
    socket.write(answers.length === 1 && answers[0] !== undefined ? answers[0] : Buffer.concat(answers));
  });
}

function connectAnswer(): Buffer {
  const bytes = Buffer.alloc(connectAnswerBytes);
  bytes.writeInt32BE(connectAnswerBytes - 4);
  bytes.writeBigInt64BE(1n, 12);
  return bytes;
}

/** No zxid, no error. */
function answer(xid: number): Buffer {
  const bytes = Buffer.alloc(answerBytes);
  bytes.writeInt32BE(answerBytes - 4);
  bytes.writeInt32BE(xid, 4);
  return bytes;
}

const server = createServer(answerTo);
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.stdout.write(`${typeof address === "object" && address !== null ? address.port : 0}\n`);
});
