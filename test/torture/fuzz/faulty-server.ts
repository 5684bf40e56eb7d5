// Read by a server before its own program (`bun --preload`), so that it has the fault of ours that FAULT names. Of the fuzzing on
// sockets alone: never in what is shipped.
import type { Socket } from "bun";

/** Once in so many pieces that come from clients, or texts that are read as JSON. */
const ODDS = 50;
const LEAKED_BYTES = 512 * 1024;

const leaked: Uint8Array[] = [];
let pieces = 0;

const listen = Bun.listen;
const parse = JSON.parse;

switch (process.env["FAULT"]) {
  case "route-throws":
    JSON.parse = (text, reviver) => {
      if (isDue()) throw new TypeError("undefined is not a function");
      return parse(text, reviver);
    };
    break;
  case "memory-leaks":
    whenRead((read) => {
      leaked.push(new Uint8Array(LEAKED_BYTES).fill(1));
      read();
    });
    break;
  case "request-hangs":
    whenRead((read) => {
      if (!isDue()) read();
    });
    break;
  case "server-ends":
    whenRead((read) => {
      if (isDue()) process.exit(1);
      read();
    });
    break;
  case "answer-torn":
    whenRead((read, socket) => {
      read();
      if (isDue()) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ntorn");
    });
    break;
  default:
    throw new Error(`There is no fault of the name ${process.env["FAULT"]}`);
}

function isDue(): boolean {
  return ++pieces % ODDS === 0;
}

/** Has `fault` stand between a piece that has come and the server that reads it. */
function whenRead(fault: (read: () => void, socket: Socket) => void): void {
  const wrapped = (options: Parameters<typeof listen>[0]) => {
    const { data } = options.socket ?? {};
    const read = (socket: Socket, bytes: Buffer) =>
      fault(() => void Reflect.apply(data ?? isDue, null, [socket, bytes]), socket);
    return Reflect.apply(listen, Bun, [{ ...options, socket: { ...options.socket, data: read } }]);
  };
  Reflect.set(Bun, "listen", wrapped);
}
