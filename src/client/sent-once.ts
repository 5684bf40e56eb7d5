// Keeps runtimes from sending a request again by themselves, which some do where a connection ends without an answer: a count
// would be made twice and nobody know. Measured with a server that closes the connection once it has read the request; Node 20
// and Chromium do not.
//
// 1. Bun 1.4 sends PUT and DELETE again, on a connection that it has used before: such requests go over one of their own.
// 2. Deno 2.9 sends any method again, once, but not a body that is a stream: it is given one.
import type { RequestBody } from "./requester.ts";

interface Sent {
  readonly method: string;
  readonly body: RequestBody;
}

const RESENT_BY_BUN = ["PUT", "DELETE"];
const WITHOUT_BODY = ["GET", "HEAD"];
const IS_DENO = "Deno" in globalThis;

/** What of a request says that it is to be sent once, whatever becomes of it. */
export function sentOnce({ method, body }: Sent): { readonly body: RequestBody; readonly keepalive?: false } {
  const needsStream = IS_DENO && !(body instanceof ReadableStream) && !WITHOUT_BODY.includes(method);
  return {
    body: needsStream ? new Blob(body === null ? [] : [body]).stream() : body,
    // Elsewhere this says what is so anyway.
    ...(RESENT_BY_BUN.includes(method) && { keepalive: false }),
  };
}
