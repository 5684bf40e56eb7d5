// A collector of OpenTelemetry traces that keeps what it is sent by OTLP over HTTP, as JSON.

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** "" for a root. */
  readonly parentSpanId: string;
  readonly name: string;
  /** As OTLP numbers them: 1 internal, 2 server. */
  readonly kind: number;
  readonly traceState: string;
  readonly isError: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface TraceCollector {
  readonly url: string;
  readonly spans: readonly CollectedSpan[];
  /** Paths and types of the requests that brought them. */
  readonly requests: readonly string[];
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface SentSpan extends Omit<CollectedSpan, "attributes" | "resource" | "isError" | "parentSpanId" | "traceState"> {
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly attributes: readonly Attribute[];
  readonly status?: { readonly code?: number };
}

interface SentTraces {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[];
  }[];
}

const ERROR_STATUS = 2;

/** For the length of `body`, on a free port of 127.0.0.1. */
export async function withTraceCollector(body: (collector: TraceCollector) => Promise<void>): Promise<void> {
  const spans: CollectedSpan[] = [];
  const requests: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      requests.push(`${request.method} ${new URL(request.url).pathname} ${request.headers.get("Content-Type")}`);
      spans.push(...readSpans((await request.json()) as SentTraces));
      return Response.json({});
    },
  });
  try {
    await body({ url: server.url.origin, spans, requests });
  } finally {
    await server.stop(true);
  }
}

function readSpans({ resourceSpans }: SentTraces): readonly CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ status, parentSpanId = "", traceState = "", ...span }) => ({
        ...span,
        parentSpanId,
        traceState,
        isError: status?.code === ERROR_STATUS,
        attributes: toRecord(span.attributes),
        resource: toRecord(resource.attributes),
      })),
    ),
  );
}

/** Values without the name of their type. */
function toRecord(attributes: readonly Attribute[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
