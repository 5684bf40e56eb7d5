// What each code means and what to do about it: the source of docs/problems/ and of the pages at /-/problems/. A table of
// data; each `curl` line works against a server on port 3000 that holds nothing, and test/problems.test.ts runs it.
import type { ErrorCode } from "../core/errors.ts";
import { EXAMPLE_ORIGIN } from "./example-origin.ts";

export interface ProblemPage {
  readonly means: string;
  readonly cure: string;
  /** Shows the problem where a command can bring it about, else how to look into it. */
  readonly curl: string;
  /** Whether the command is answered with this very code. */
  readonly isShown: boolean;
}

export const PROBLEM_PAGES = {
  "invalid-request": {
    means:
      "The request as a whole cannot be understood: its target, its parts, or how they go together. Where it breaks a rule of HTTP/1.1 itself, the member `rule` names it, and the connection is closed, as nobody can tell where the next request would begin.",
    cure: "Read the detail: it says what was wrong. Nothing was written.",
    curl: `curl -i -X PUT '${EXAMPLE_ORIGIN}/keys'`,
    isShown: true,
  },
  "invalid-key": {
    means:
      "The key breaks a rule. A key has 1 to 255 bytes of UTF-8, no control characters, and no `.` or `..` between slashes. The short path `/{key}` takes letters and digits only, unless the server runs with `--wide`.",
    cure: "Use `/keys/{key}` for keys with other characters, and percent-encode them once.",
    curl: `curl -i '${EXAMPLE_ORIGIN}/my-key'`,
    isShown: true,
  },
  "invalid-parameter": {
    means:
      "A parameter of the query, of a form or of a JSON body is unknown here, empty, given twice, or out of bounds. Unknown ones are refused because a misspelt filter on DELETE would otherwise delete everything.",
    cure: "Read the detail: it names the parameter and what is allowed.",
    curl: `curl -i -X DELETE '${EXAMPLE_ORIGIN}/keys?prefx=tmp'`,
    isShown: true,
  },
  "invalid-header": {
    means:
      "A header field cannot be used: a malformed list of entity tags, a Content-Type that could not be sent back, or a condition on many entries.",
    cure: "Send ETags with their quotes, as they came.",
    curl: `curl -i -X PUT -d 1 -H 'If-Match: 42' '${EXAMPLE_ORIGIN}/greeting'`,
    isShown: true,
  },
  "invalid-json": {
    means:
      "The body is not the JSON that this request needs: malformed, not UTF-8, not an object, or an object that names a member twice.",
    cure: "Send one JSON object; the detail says where it fails.",
    curl: `curl -i -X POST -H 'Content-Type: application/json' -d '{"a": }' '${EXAMPLE_ORIGIN}/keys'`,
    isShown: true,
  },
  "invalid-expiry": {
    means: "The expiry is zero, negative, not a number, in the past, beyond the year 9999, or given more than once.",
    cure: "Give one of `?expire_in=60` (seconds), `?expire_at=` (Unix seconds or RFC 3339) or the field `TTL: 60`.",
    curl: `curl -i -X PUT -d 1 '${EXAMPLE_ORIGIN}/greeting?expire_in=0'`,
    isShown: true,
  },
  "key-mismatch": {
    means: "A JSON body to `/keys/{key}` must be an object with one member, named as the key in the path.",
    cure: 'Send `{"greeting": …}` to `/keys/greeting`; to store JSON as it is, PUT it to `/greeting` with `Content-Type: application/json`.',
    curl: `curl -i -X PUT -H 'Content-Type: application/json' -d '{"other": 1}' '${EXAMPLE_ORIGIN}/keys/greeting'`,
    isShown: true,
  },
  unauthenticated: {
    means:
      "The server asks for a token, and the request carries none, or one that is unknown, revoked or past its end.",
    cure: "Send `Authorization: Bearer TOKEN`. Who runs the server makes one with `keyhold token create`.",
    curl: `curl -i '${EXAMPLE_ORIGIN}/-/ready'`,
    isShown: false,
  },
  forbidden: {
    means:
      "The token is valid, and does not give leave for this: another scope is needed, or the key lies outside its prefixes.",
    cure: "Read the detail: it names what is needed. Use another token, or ask for one with that scope.",
    curl: `curl -i '${EXAMPLE_ORIGIN}/-/ready'`,
    isShown: false,
  },
  "foreign-origin": {
    means:
      "A browser says that a web page of another origin makes this request, and the server does not know that origin. Nothing was read or written: otherwise any page that you visit could write to a server on your machine.",
    cure: "If the page is yours, start the server with `--cors-origins`.",
    curl: `curl -i -X PUT -d 1 -H 'Origin: https://example.com' '${EXAMPLE_ORIGIN}/greeting'`,
    isShown: true,
  },
  "not-found": {
    means: "There is no entry under this key: it was never written, was deleted, or has expired.",
    cure: "PUT creates it.",
    curl: `curl -i '${EXAMPLE_ORIGIN}/qux'`,
    isShown: true,
  },
  "no-such-resource": {
    means: "Nothing is served at this path. Paths under `/-/` are the server's own.",
    cure: "`GET /` lists what there is. An entry whose key begins with `-/` is at `/keys/-/…`.",
    curl: `curl -i '${EXAMPLE_ORIGIN}/-/nothing'`,
    isShown: true,
  },
  "method-not-allowed": {
    means: "The resource is there, and this method is not for it.",
    cure: "The field Allow of the answer lists the methods that are.",
    curl: `curl -i -X POST -d 1 '${EXAMPLE_ORIGIN}/greeting'`,
    isShown: true,
  },
  "not-acceptable": {
    means: "The Accept field excludes every form in which this can be answered.",
    cure: "Leave Accept out, or name one of the types in the detail.",
    curl: `curl -i -H 'Accept: image/png' '${EXAMPLE_ORIGIN}/keys'`,
    isShown: true,
  },
  "already-exists": {
    means: "POST creates, and there is an entry under one of the keys. Nothing was written, of any pair.",
    cure: "PUT replaces an entry.",
    curl: `curl -X PUT -d 1 '${EXAMPLE_ORIGIN}/greeting'; curl -i -X POST -H 'Content-Type: application/json' -d '{"greeting": 2}' '${EXAMPLE_ORIGIN}/keys'`,
    isShown: true,
  },
  "not-an-integer": {
    means:
      "`incr` and `decr` count on a value that is a decimal integer, such as `42` or `-7`, between −(2^53−1) and 2^53−1. This value is none. Nothing was changed.",
    cure: "Count under another key, or PUT a number first.",
    curl: `curl -X PUT -d hello '${EXAMPLE_ORIGIN}/greeting'; curl -i -X PATCH -d incr=1 '${EXAMPLE_ORIGIN}/greeting'`,
    isShown: true,
  },
  "out-of-range": {
    means:
      "The sum would lie below `min` or above `max` of the request, or outside ±(2^53−1), where integers are no longer exact everywhere. Nothing was changed.",
    cure: "The member `value` says where the counter stands. A limit that is reached is an answer, not a fault: this is how a counter with `min=0` says that nothing is left.",
    curl: `curl -i -X PATCH -d decr=1 -d min=0 '${EXAMPLE_ORIGIN}/stock'`,
    isShown: true,
  },
  "not-json": {
    means:
      "A JSON patch needs a JSON value: valid JSON stored as `application/json` or a `+json` type. Nothing was changed.",
    cure: "PUT the value once as `application/json`.",
    curl: `curl -X PUT -d hello '${EXAMPLE_ORIGIN}/greeting'; curl -i -X PATCH -H 'Content-Type: application/merge-patch+json' -d '{"a": 1}' '${EXAMPLE_ORIGIN}/greeting'`,
    isShown: true,
  },
  "patch-failed": {
    means:
      "An operation of the JSON Patch cannot be applied to the value as it stands: a `test` found another value, or a path leads nowhere. Nothing was changed, of any operation.",
    cure: "The member `operation` is the index of the operation that failed. Read the value again, and decide again.",
    curl: `curl -X PUT -H 'Content-Type: application/json' -d '{"a": 1}' '${EXAMPLE_ORIGIN}/config'; curl -i -X PATCH -H 'Content-Type: application/json-patch+json' -d '[{"op": "test", "path": "/a", "value": 2}]' '${EXAMPLE_ORIGIN}/config'`,
    isShown: true,
  },
  "check-failed": {
    means:
      "A check of the transaction does not hold. No operation was applied; the member `failures` names each check that failed and the revision that stands, `else` holds what the else-branch read at that instant.",
    cure: "Decide again on what stands now.",
    curl: `curl -i -H 'Content-Type: application/json' -d '{"checks": [{"key": "qux", "exists": true}], "ops": [{"put": {"key": "qux", "value": 1}}]}' '${EXAMPLE_ORIGIN}/-/txn'`,
    isShown: true,
  },
  "idempotency-key-reused": {
    means:
      "A write with this Idempotency-Key has been committed, and its method, target, Content-Type or body was another. Nothing was written.",
    cure: "Make a new key for each new write, a UUID for example; send the same one only with the very same request.",
    curl: `curl -X PUT -H 'Idempotency-Key: one' -d 1 '${EXAMPLE_ORIGIN}/greeting'; curl -i -X PUT -H 'Idempotency-Key: one' -d 2 '${EXAMPLE_ORIGIN}/greeting'`,
    isShown: true,
  },
  "cross-partition": {
    means:
      "The request names keys that the store keeps in different partitions, and what it asks for can only be done in one: to write several keys at once, to check some and write others, or to delete named keys under an Idempotency-Key. Nothing was written. Only stores that are spread over several servers have partitions.",
    cure: "Give keys that belong together the same text in braces, as in `{cart}a` and `{cart}b`: such keys lie together, on every store. Or send one request a key, or keep the store in one partition. The member `partitions` says which of the keys lie together.",
    curl: `curl -i -H 'Content-Type: application/json' -d '{"ops": [{"put": {"key": "{cart}a", "value": 1}}, {"put": {"key": "{cart}b", "value": 2}}]}' '${EXAMPLE_ORIGIN}/-/txn'`,
    isShown: false,
  },
  "request-timeout": {
    means:
      "The request did not arrive in time: its head within `--head-timeout`, or its body at `--transfer-rate` bytes a second once `--idle-timeout` is over. Nothing was written, and the connection is closed.",
    cure: "Send it again, at once and whole; from slow networks, to a server with a lower `--transfer-rate`.",
    curl: `curl -i --limit-rate 10M '${EXAMPLE_ORIGIN}/-/healthy'`,
    isShown: false,
  },
  "length-required": {
    means:
      "A PUT came with neither Content-Length nor Transfer-Encoding, so that an empty value cannot be told from a forgotten one.",
    cure: "Send a body; for an empty value send `Content-Length: 0`, as `curl -d ''` does.",
    curl: `curl -i -X PUT '${EXAMPLE_ORIGIN}/greeting'`,
    isShown: true,
  },
  "precondition-failed": {
    means:
      "A condition of the request (If-Match, If-None-Match, If-Unmodified-Since) does not hold. Nothing was written.",
    cure: "The member `revision` says where the entry stands now: read it again, and decide again.",
    curl: `curl -i -X PUT -d 1 -H 'If-Match: *' '${EXAMPLE_ORIGIN}/qux'`,
    isShown: true,
  },
  "value-too-large": {
    means:
      "The value is longer than the limit, 1,024 bytes at the short path and `--max-value` (1 MiB unless changed) elsewhere. Nothing was written.",
    cure: "Use `/keys/{key}`, or start the server with `--wide` or a greater `--max-value`, 64 MiB at most.",
    curl: `head -c 1025 /dev/zero | curl -i -X PUT --data-binary @- '${EXAMPLE_ORIGIN}/greeting'`,
    isShown: true,
  },
  "body-too-large": {
    means: "The request names too many keys or bytes at once. Nothing was written.",
    cure: "Send it in parts; the member `limit` says how large they may be.",
    curl: `head -c 2000000 /dev/zero | curl -i -X QUERY -H 'Content-Type: application/json' --data-binary @- '${EXAMPLE_ORIGIN}/keys'`,
    isShown: true,
  },
  "target-too-long": {
    means: "The target of the request, its path and query, is longer than 12 KiB.",
    cure: "Send what is long in a body: QUERY /keys for many names, POST /keys for many pairs.",
    curl: `curl -i "${EXAMPLE_ORIGIN}/keys?prefix=$(head -c 13000 /dev/zero | tr '\\0' a)"`,
    isShown: true,
  },
  "head-too-large": {
    means:
      "The head of the request, its first line and its header fields, has more than 16 KiB or more than 100 fields.",
    cure: "Leave out what the server does not need; cookies, for one.",
    curl: `curl -i -H "X-Long: $(head -c 17000 /dev/zero | tr '\\0' a)" '${EXAMPLE_ORIGIN}/keys'`,
    isShown: true,
  },
  "unsupported-media-type": {
    means: "The body is of a type that this request does not take, or carries a Content-Encoding.",
    cure: "Send the type that the detail names, uncompressed.",
    curl: `curl -i -X PUT -d 1 -H 'Content-Encoding: gzip' '${EXAMPLE_ORIGIN}/greeting'`,
    isShown: true,
  },
  "range-not-satisfiable": {
    means: "The Range begins behind the end of the value.",
    cure: "The field Content-Range of the answer gives the length of the value.",
    curl: `curl -X PUT -d hello '${EXAMPLE_ORIGIN}/greeting'; curl -i -H 'Range: bytes=9-' '${EXAMPLE_ORIGIN}/greeting'`,
    isShown: true,
  },
  "expectation-failed": {
    means: "The field `Expect` asks for something else than `100-continue`.",
    cure: "Leave the field out.",
    curl: `curl -i -H 'Expect: miracles' '${EXAMPLE_ORIGIN}/keys'`,
    isShown: true,
  },
  "host-not-served": {
    means:
      "The request asks for a host name that the server does not know as its own. It is served by IP address, as localhost, and by the names of `--allowed-hosts`; others are refused, because a web page could have its own name lead here.",
    cure: "Ask by one of those names, or start the server with `--allowed-hosts`.",
    curl: `curl -i -H 'Host: store.example.com' '${EXAMPLE_ORIGIN}/greeting'`,
    isShown: true,
  },
  "too-many-requests": {
    means:
      "The address or the token has made more requests, or moved more bytes, than it may in a second. Nothing was done.",
    cure: "Try again after Retry-After, and less often. The limits are `--address-requests`, `--address-bytes`, `--token-requests` and `--token-bytes`.",
    curl: `curl -i '${EXAMPLE_ORIGIN}/-/ready'`,
    isShown: false,
  },
  "damaged-entry": {
    means:
      "The bytes on disk do not match the checksum that was stored with them. Keyhold does not answer with bytes that nobody wrote.",
    cure: "Restore the entry from a backup, or overwrite or delete it. Suspect the disk.",
    curl: `curl -i '${EXAMPLE_ORIGIN}/-/info'`,
    isShown: false,
  },
  "not-supported": {
    means: "The store that the server runs on cannot do this at all.",
    cure: "Read the detail: it names the store that can.",
    curl: `curl -i '${EXAMPLE_ORIGIN}/-/ready'`,
    isShown: false,
  },
  "version-not-supported": {
    means: "The request is of another version of HTTP than 1.0 and 1.1.",
    cure: "Speak HTTP/1.1: `curl --http1.1`; a proxy in front of the server can speak HTTP/2 and HTTP/3 for it.",
    curl: `curl -i --http1.1 '${EXAMPLE_ORIGIN}/keys'`,
    isShown: false,
  },
  busy: {
    means:
      "The server has as much under way as it takes on: connections, requests, writes that wait, bodies in memory, or answers that clients are slow to take. Nothing was written.",
    cure: "Try again after Retry-After. If it lasts, the detail says what there is too much of: see `--connections`, `--requests-in-flight`, `--queued-commits` and `--body-budget`.",
    curl: `curl -i '${EXAMPLE_ORIGIN}/-/ready'`,
    isShown: false,
  },
  unavailable: {
    means: "The store cannot be reached, or is being closed. Nothing was written.",
    cure: "Try again after Retry-After. The server's error.log says why.",
    curl: `curl -i '${EXAMPLE_ORIGIN}/-/ready'`,
    isShown: false,
  },
  "no-room": {
    means:
      "The disk of the store is full up to the reserve that keeps deletes working. Nothing was written. Reads and deletes go on.",
    cure: "Delete entries, let some expire, or make room on the disk; `--disk-reserve` says how much stays free.",
    curl: `curl -i '${EXAMPLE_ORIGIN}/-/info'`,
    isShown: false,
  },
  "outcome-unknown": {
    means:
      "The store was lost while the write was being committed, or could not be known to keep it as promised. It may be there, or not. A server that has the store to itself stops rather than guess. Where the answer has an `ETag`, the write was applied, and only its being kept is unknown.",
    cure: "Read the entry back once the server is up: it stands where its `ETag` is that of the answer. Or repeat the request with If-Match or If-None-Match, or with the `Idempotency-Key` that it had.",
    curl: `curl -i '${EXAMPLE_ORIGIN}/-/ready'`,
    isShown: false,
  },
  internal: {
    means:
      "A fault in Keyhold itself. What it did is not known to the client; what went wrong is in error.log under the request's id.",
    cure: "Report it with that line of error.log.",
    curl: `curl -i '${EXAMPLE_ORIGIN}/-/info'`,
    isShown: false,
  },
} as const satisfies Record<ErrorCode, ProblemPage>;
