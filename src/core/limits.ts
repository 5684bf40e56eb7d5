// Every bound that is not an option, with its unit and its reason. What an operator may want to change is an option
// instead (config/options.ts).

const KiB = 1024;
const MiB = 1024 * KiB;

export const LIMITS = {
  /** Longest head of a request, request line and fields, in bytes: what Node's and most others' servers take. */
  headBytes: 16 * KiB,
  /** Most fields of a request's head: beyond, looking each of them up would cost. */
  headFields: 100,
  /** Longest target of a request, in bytes: some forty of the longest keys, percent-encoded. */
  targetBytes: 12 * KiB,
  /** Longest line that begins a chunk of a body, its extensions included, in bytes, and longest section of trailers. */
  chunkLineBytes: 1 * KiB,
  trailerBytes: 8 * KiB,
  /** Bytes that a connection may send ahead of the request that is being answered; more waits in the network. */
  readAheadBytes: 64 * KiB,
  /** A body that nobody wants is read to its end up to this size, in bytes; beyond, the connection is closed. */
  unwantedBodyBytes: 64 * KiB,
  /** Longest key, in bytes of UTF-8. docs/protocol.md §2; percent-encoded it still fits any proxy's request line. */
  keyBytes: 255,
  /** Longest value at the short path unless `--wide`, in bytes: docs/protocol.md §2. */
  shortPathValueBytes: 1024,
  /** Highest `--max-value`, in bytes: a value is held in memory whole while it is written or read. */
  valueCeilingBytes: 64 * MiB,
  /** Longest media type, in bytes: it goes into one header field of every answer. */
  contentTypeBytes: 255,
  /** Longest listing pattern, in bytes of UTF-8. A key is no longer than this, so a pattern need not be. */
  patternBytes: 512,
  /** Mutations in one batch: one commit must not hold up the others for long. */
  batchMutations: 1000,
  /** Largest JSON value that is patched, and largest JSON patch, in bytes: working it out takes some ten times its memory. */
  patchedBytes: 8 * MiB,
  /** Edits that wait for their turn or have it: each holds a request and its body in memory. */
  waitingEdits: 4096,
  /** Values in one JSON patch, those in arrays and objects included: each takes some 1.5 KiB while it is worked out. */
  patchParts: 20_000,
  /** Operations in one JSON Patch: each may move all items of a long array, while the others wait. */
  patchOperations: 1000,
  /** Longest path in a JSON Patch, in UTF-16 units: the answer repeats the one that cannot be followed. */
  patchPathLength: 4096,
  /** Values in one batch, in bytes, where more than one key is written. */
  batchBytes: 8 * MiB,
  /** Checks and operations of one transaction, its else-branch included. */
  transactionParts: 128,
  /** Largest body of a transaction, in bytes. */
  transactionBytes: 8 * MiB,
  /**
   * Largest body of an import, in bytes, unless twice the largest value is more: batchBytes of values in Base64, and room
   * for what is beside them.
   */
  importBytes: 16 * MiB,
  /** What of answers clients have not taken, in bytes, over all connections; beyond it the slowest are cut. */
  streamedBytes: 16 * MiB,
  /** Answers that wait for the room of `streamedBytes`, in bytes; a read that would add a large one is refused. */
  unsentBytes: 8 * MiB,
  /** Values read inside one commit, in bytes: they are held in memory together, and kept where the write has a name. */
  readBytes: 8 * MiB,
  /** Keys that one KEYS of the Redis dialect answers: they are in memory together, some 30 MB of the longest. */
  redisKeys: 100_000,
  /** Commands of one pipeline or transaction of the Redis dialect. */
  redisCommands: 1000,
  /** Bytes of values that one transaction of the Redis dialect makes, those that it writes over included: others wait meanwhile. */
  redisWrittenBytes: 64 * MiB,
  /** Names and arguments in one request of the Redis dialect: each takes some 100 bytes beside its own. */
  redisParts: 20_000,
  /** Longest pattern of the Redis dialect, in bytes: a character of a key may be compared with all of it, a key with it over and over. */
  redisPatternBytes: 4 * KiB,
  /** Keys named by one listing or batch read. */
  namedKeys: 1000,
  /** Largest body that lists parameters or pairs without a value's own limit, in bytes. */
  parameterBodyBytes: 1 * MiB,
  /** Largest `limit=` of a listing, in entries. */
  pageEntries: 10_000,
  /** Text of one page of a listing with `limit`, in UTF-16 units; the step that passes it is still part of it. */
  pageLength: 2 * MiB,
  /** Steps of one page of a listing with `limit`: a filter that finds little answers what it has, and where to go on. */
  pageSteps: 400,
  /** Values read for one step of a listing, in bytes; one entry more than this is still read. A slow reader holds one. */
  stepBytes: 256 * KiB,
  /** Entries read for one step of a listing: bounds the time that others wait for it. */
  pageScannedKeys: 2000,
  /** Keys compared with a pattern in one step: the costliest pattern takes some 0.1 ms for the longest key. */
  pageMatchedKeys: 500,
  /** Longest `?wait=`, in seconds: proxies that let a request stand for longer are rare. */
  waitSeconds: 300,
  /** Changes read from the log for watchers at once: bounds the time that others wait for it. */
  watchPageChanges: 1000,
  /** Text of events sent to a watcher at once, in UTF-16 units; one value more than this is still sent. */
  watchPartLength: 64 * KiB,
  /** Texts of values, and parts made of them, that watchers share while they are sent, in UTF-16 units each. */
  watchSharedLength: 8 * MiB,
  /** Keys that change while a watcher reads its snapshot, and are remembered for it, some 1 MB; beyond, none are. */
  watchShownKeys: 10_000,
  /** Work for watchers in one turn of the event loop, in ms: others wait for it, twice where some watch by patterns. */
  watchShareMs: 5,
  /** Access tokens that a store keeps: all are in memory, some 300 bytes each. The longest ended make room for new ones. */
  tokens: 10_000,
  /** Prefixes of one access token: a listing is made of as many. */
  tokenPrefixes: 16,
  /** Longest name of an access token, in bytes of UTF-8. */
  tokenNameBytes: 100,
  /** Most threads that serve a port: each has its own heap, its connections, and its place in what they share. */
  workers: 64,
  /** Latest instant that an expiry may name: 9999-12-31T23:59:59.999Z, the last that RFC 3339 can write. */
  latestInstantMs: 253_402_300_799_999,
} as const;
