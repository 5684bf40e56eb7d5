// Plays one drawn connection to a server and keeps what comes back, until either side has ended it, or it is too late.
import type { Socket } from "bun";
import type { DrawnConnection } from "./drawn-connection.ts";

export interface Played {
  readonly drawn: DrawnConnection;
  /** What the server has sent. */
  readonly received: Buffer;
  /**
   * How it ended: the server said that it sends no more, or took the connection away with bytes on their way, or the client left,
   * or it was neither answered to the end nor closed in time.
   */
  readonly end: "ended" | "reset" | "left" | "late" | "refused";
}

/** Within which a server ends a connection: its deadlines, and patience with a machine that does other things too. */
const LATE_MS = 30_000;
/** A client that waits for answers before it ends waits so long for the next of them. */
const QUIET_MS = 15;
/** What is answered for as long as the client likes, as it may. */
const ENDLESS = /watch/i;
const ENDLESS_ANSWER = /\r\nContent-Type: (?:text\/event-stream|application\/x-ndjson)(?:(?!\r\n0\r\n\r\n)[\s\S])*$/i;
/** What is kept of an answer that goes on and on. */
const RECEIVED_BYTES_MAX = 32 * 1024 * 1024;

export async function playConnection(port: number, drawn: DrawnConnection): Promise<Played> {
  const chunks: Buffer[] = [];
  let receivedBytes = 0;
  const over = Promise.withResolvers<Played["end"]>();
  let noteData = () => {};
  let noteDrain = () => {};
  const late = setTimeout(() => over.resolve("late"), LATE_MS);
  const handler = {
    data(_socket: Socket, bytes: Buffer) {
      receivedBytes += bytes.length;
      if (receivedBytes <= RECEIVED_BYTES_MAX) chunks.push(Buffer.from(bytes));
      noteData();
    },
    drain: () => noteDrain(),
    end: () => over.resolve("ended"),
    error: () => over.resolve("reset"),
    close: (_socket: Socket, error?: Error) => over.resolve(error === undefined ? "ended" : "reset"),
  };
  const socket = await Bun.connect({ hostname: "127.0.0.1", port, allowHalfOpen: true, socket: handler }).catch(
    () => null,
  );
  if (socket === null) {
    clearTimeout(late);
    return { drawn, received: Buffer.alloc(0), end: "refused" };
  }
  let isOver = false;
  const ended = over.promise.then((end) => {
    isOver = true;
    return end;
  });
  try {
    const pieces = piecesOf(drawn);
    const sent = drawn.ends === "leaves" ? pieces.slice(0, Math.ceil(pieces.length / 2)) : pieces;
    for (const piece of sent) {
      for (let at = 0; at < piece.length && !isOver; ) {
        at += Math.max(0, socket.write(piece, at));
        if (at < piece.length) {
          const drained = Promise.withResolvers<void>();
          noteDrain = drained.resolve;
          await Promise.race([ended, drained.promise]);
        }
      }
      if (isOver) break;
      await turn();
    }
    if (drawn.ends === "leaves") return { drawn, received: Buffer.concat(chunks), end: "left" };
    if (drawn.ends === "answered") {
      const listen = (note: () => void) => {
        noteData = note;
      };
      await quiet(ended, listen);
    }
    if (drawn.ends !== "stays" && !isOver) socket.shutdown();
    const end = ENDLESS.test(drawn.stream) ? await followed(ended, chunks) : await ended;
    return { drawn, received: Buffer.concat(chunks), end };
  } finally {
    clearTimeout(late);
    socket.terminate();
  }
}

function piecesOf({ stream, cuts }: DrawnConnection): readonly Buffer[] {
  const octets = Buffer.from(stream, "latin1");
  const places = [0, ...cuts, octets.length];
  return places.slice(1).map((end, index) => octets.subarray(places[index], end));
}

/** Until nothing has come for a moment. */
async function quiet(ended: Promise<unknown>, listen: (note: () => void) => void): Promise<void> {
  for (;;) {
    const came = new Promise<boolean>((resolve) => listen(() => resolve(true)));
    const pause = Bun.sleep(QUIET_MS).then(() => false);
    if ((await Promise.race([came, pause, ended.then(() => false)])) !== true) return;
  }
}

/** A client that watches leaves when it has heard enough. */
async function followed(ended: Promise<Played["end"]>, chunks: readonly Buffer[]): Promise<Played["end"]> {
  for (;;) {
    const look = Bun.sleep(4 * QUIET_MS).then(() => null);
    const end = await Promise.race([ended, look]);
    if (end !== null) return end;
    if (ENDLESS_ANSWER.test(Buffer.concat(chunks).toString("latin1"))) return "left";
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
