// How a serving thread and the writer thread hear each other. The thread that opens the store starts the writer and stops it;
// further ones join it by a port of their own, and leave it as it is.
import type { FromWriter, ToWriter } from "./messages.ts";

export interface WriterLine {
  /** @param moved - buffers of the message that change hands */
  post(message: ToWriter, moved: readonly ArrayBuffer[]): void;
  /** Ends the writer where it is ours, else the line alone. "stopped" is heard then. */
  stop(isSound: boolean): void;
  /** A port by which one more thread joins. Requires: the writer is ours. */
  connect(): MessagePort;
}

export interface LineEvents {
  readonly onMessage: (message: FromWriter) => void;
  /** The thread failed. */
  readonly onFailure: (reason: string) => void;
  /** The thread has ended. */
  readonly onEnd: () => void;
}

/** Starts the thread. */
export function startWriter({ onMessage, onFailure, onEnd }: LineEvents): WriterLine {
  const thread = new Worker(new URL("./writer-thread.ts", import.meta.url).href);
  thread.onmessage = ({ data }: MessageEvent<FromWriter>) => onMessage(data);
  thread.onerror = (event) => onFailure(`The writer thread failed: ${event.message}`);
  thread.addEventListener("close", onEnd);
  const post = (message: ToWriter, moved: readonly ArrayBuffer[] = []) => thread.postMessage(message, [...moved]);
  return {
    post,
    // The thread ends by itself: terminate() can tear down an open Database (bun:sqlite).
    stop: (isSound) => post({ kind: "stop", isSound }),
    connect() {
      const { port1, port2 } = new MessageChannel();
      thread.postMessage({ kind: "join", port: port1 } satisfies ToWriter, [port1]);
      return port2;
    },
  };
}

/** @param port - as WriterLine.connect() gives it. What fails the writer is told by the thread that has started it. */
export function joinWriter(port: MessagePort, { onMessage }: LineEvents): WriterLine {
  port.onmessage = ({ data }: { readonly data: FromWriter }) => onMessage(data);
  return {
    post: (message, moved) => port.postMessage(message, [...moved]),
    stop() {
      port.close();
      onMessage({ kind: "stopped" });
    },
    connect() {
      throw new Error("The writer is not of this thread");
    },
  };
}
