// The log of a serving thread that is not the main one: its lines go to that one, which alone has the outputs. Lines of requests
// are gathered for a turn of the event loop.
import type { AccessFields, Log } from "../observe/log.ts";
import type { FromServing, RemoteLine } from "./messages.ts";

export function makeRemoteLog(post: (message: FromServing) => void): Log {
  let accesses: AccessFields[] = [];
  const at =
    (level: RemoteLine["level"]): Log["info"] =>
    (event, message, fields = {}) =>
      post({ kind: "log", line: { level, event, message, fields } });
  const flush = () => {
    if (accesses.length > 0) post({ kind: "accesses", accesses });
    accesses = [];
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    access(fields) {
      if (accesses.push(fields) === 1) setImmediate(flush);
    },
    flush,
    // Both are of the main thread.
    reopen() {},
    close: flush,
  };
}
