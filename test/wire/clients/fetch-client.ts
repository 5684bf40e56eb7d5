// The tests' own requests where TLS is spoken too: by fetch, which trusts whatever certificate a test has made.
import { Http, makeAnswer } from "../../support/http-client.ts";

export function makeFetchHttp(origin: string): Http {
  return new Http({
    async send({ method, target, headers, body }) {
      const init = { method, headers, tls: { rejectUnauthorized: false } };
      const answer = await fetch(`${origin}${target}`, body === null ? init : { ...init, body });
      const bytes = new Uint8Array(await answer.arrayBuffer());
      return makeAnswer(answer.status, Object.fromEntries(answer.headers), bytes);
    },
    open: async () => {
      throw new Error("Only whole answers are read here");
    },
  });
}
