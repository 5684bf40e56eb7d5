// A process that is none, for tests of the command line: what it would write is kept as text, signals and uncaught errors
// are sent by the test, and time stands still unless the test moves it. Imported by tests only.
import type { Host, Signal } from "../../src/cli/host.ts";

export interface FakeHost extends Host {
  out(): string;
  error(): string;
  /** Codes given to exit(), in order. */
  readonly exits: readonly number[];
  signal(signal: Signal): void;
  fail(error: unknown): void;
  passTime(ms: number): void;
}

/** `files`: text by path; there are no others. */
export function makeFakeHost(files: Readonly<Record<string, string>> = {}): FakeHost {
  let out = "";
  let error = "";
  let nowMs = 0;
  const exits: number[] = [];
  const onSignal = new Map<Signal, () => void>();
  let onUncaught: (error: unknown) => void = () => {};
  return {
    isTerminal: false,
    columns: null,
    isErrorTerminal: false,
    isInputTerminal: false,
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw new Error(`${path} is not there`);
      return text;
    },
    writeOut: (lines) => {
      out += lines;
    },
    writeError: (lines) => {
      error += lines;
    },
    writeBytes: async (bytes) => {
      out += new TextDecoder().decode(bytes);
    },
    input: async function* () {},
    nowMs: () => nowMs,
    schedule: () => {},
    async rest(delayMs) {
      nowMs += delayMs;
      await new Promise(setImmediate);
    },
    onSignal: (signal, run) => onSignal.set(signal, run),
    onUncaught: (run) => {
      onUncaught = run;
    },
    exit: (code) => exits.push(code),
    start: ({ command }) => {
      throw new Error(`${command.join(" ")} was started, and nothing is there`);
    },
    out: () => out,
    error: () => error,
    exits,
    signal: (signal) => onSignal.get(signal)?.(),
    fail: (thrown) => onUncaught(thrown),
    passTime: (ms) => {
      nowMs += ms;
    },
  };
}
