// What the command's exit codes mean; the numbers above 63 are those of BSD's sysexits, above 128 those of shells. They are
// part of what scripts and service managers rely on: a code is never given another meaning.

export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  damaged: 65,
  noRuntime: 69,
  internal: 70,
  storeFailed: 74,
  config: 78,
  interrupted: 130,
  terminated: 143,
} as const;

/** For help texts, in order. */
export const EXIT_MEANINGS: readonly (readonly [number, string])[] = [
  [EXIT.ok, "done; for serve: stopped in order"],
  [EXIT.failure, "not done: the sentence on standard error says why"],
  [EXIT.usage, "a mistake in the command line: a command, flag or value that is not known, or is missing"],
  [
    EXIT.damaged,
    "a backup, an export or a store is damaged, or has been changed on the way; for copy: the two sides differ",
  ],
  [EXIT.noRuntime, "the launcher found no Bun to run on: install again"],
  [EXIT.internal, "fault in Keyhold: the log has the details"],
  [EXIT.storeFailed, "the store failed under the server, which stopped rather than guess: the log says why"],
  [EXIT.config, "an option of the server has a value that is not allowed, or names a file that is wrong"],
  [EXIT.interrupted, "ended by a second SIGINT before it had stopped in order"],
  [EXIT.terminated, "ended by a second SIGTERM before it had stopped in order"],
];
