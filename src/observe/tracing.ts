// What the rest of the server knows of traces. The library that makes and sends them is behind otel-tracing.ts, which is
// loaded where --traces is on; without it, a request costs one comparison with null.

/** A request as it came in. */
export interface TracedRequest {
  readonly method: string;
  /** The pattern that matched, such as "/keys/{key}". */
  readonly route: string;
  /** As it was sent; its query is left out. */
  readonly target: string;
  /** "http://127.0.0.1:3000", or null. */
  readonly origin: string | null;
  readonly remoteAddress: string | null;
  header(name: string): string | null;
}

/** Work below a request, such as a commit. */
export interface TracedWork {
  /** What is done, such as "commit". */
  readonly operation: string;
  /** Of what kind of store. */
  readonly system: string;
}

/** One request's part of a trace. */
export interface RequestTrace {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** Runs the work as a step of the request, and answers what it answers. */
  step<T>(work: TracedWork, run: () => Promise<T>): Promise<T>;
  /** The request's own fault, by its code; to be said before end(). */
  fail(code: string): void;
  /** The answer, or the head of a streamed one, is ready. */
  end(status: number): void;
}

export interface Tracing {
  begin(request: TracedRequest): RequestTrace;
  /** Sends what is left, as far as that takes no longer than a moment. */
  stop(): Promise<void>;
}
