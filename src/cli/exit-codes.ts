// What the command's exit codes mean; the numbers from 64 to 78 are those of BSD's sysexits, 124 is that of timeout(1), above
// 128 those of shells. They are part of what scripts and service managers rely on: a code is never given another meaning.

export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  notFound: 3,
  conflict: 4,
  damaged: 65,
  noRuntime: 69,
  internal: 70,
  storeFailed: 74,
  unreachable: 75,
  noPermission: 77,
  config: 78,
  timeUp: 124,
  interrupted: 130,
  readerGone: 141,
  terminated: 143,
} as const;

/** For help texts, in order. */
export const EXIT_MEANINGS: readonly (readonly [number, string])[] = [
  [EXIT.ok, "done; for serve: stopped in order"],
  [EXIT.failure, "not done: the sentence on standard error says why"],
  [EXIT.usage, "a mistake in the command line: a command, flag or value that is not known, or is missing"],
  [EXIT.notFound, "there is no such entry, or other thing that was asked for"],
  [
    EXIT.conflict,
    "an entry is not as the command requires: --if-match, --if-absent, a check, a bound, a value of another kind; a lock is held",
  ],
  [
    EXIT.damaged,
    "a backup, an export or a store is damaged, or has been changed on the way; for copy: the two sides differ",
  ],
  [EXIT.noRuntime, "the launcher found no Bun to run on: install again"],
  [EXIT.internal, "fault in Keyhold: the log has the details"],
  [EXIT.storeFailed, "the store failed under the server, which stopped rather than guess: the log says why"],
  [EXIT.unreachable, "the server cannot be reached, is too busy, or did not answer in time: try again"],
  [EXIT.noPermission, "the token is missing, not valid, or gives no leave for this"],
  [EXIT.config, "an option of the server has a value that is not allowed, or names a file that is wrong"],
  [EXIT.timeUp, "what was waited for did not come in time"],
  [
    EXIT.interrupted,
    "ended by SIGINT; of a server and a long transfer: by a second one, before it had stopped in order",
  ],
  [EXIT.readerGone, "whoever read the output closed it"],
  [EXIT.terminated, "ended by SIGTERM, likewise"],
];
