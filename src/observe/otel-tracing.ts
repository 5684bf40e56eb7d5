// Traces by OpenTelemetry's SDK, sent to a collector by OTLP over HTTP. Spans are made by hand, as its instrumentations know
// nothing of this runtime's server. Nothing is registered globally: parents are passed on. A collector that is down or slow
// holds up no request: spans wait in a bounded queue, and what does not fit is dropped.
import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { type ExportResult, ExportResultCode, W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type ReadableSpan,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { Log } from "./log.ts";
import type { RequestTrace, TracedRequest, TracedWork, Tracing } from "./tracing.ts";

export interface TracingOptions {
  /** Of the collector, such as "http://127.0.0.1:4318", or whole with its path. */
  readonly url: string;
  /** Of requests that do not say, from 0 to 100. */
  readonly percent: number;
  readonly version: string;
  readonly log: Log;
  readonly steadyMs: () => number;
  /** Calls `run` once after the delay. Returns what calls it off. */
  readonly after: (delayMs: number, run: () => void) => () => void;
}

/** Spans that wait to be sent; further ones are dropped. */
export const QUEUED_SPANS_MAX = 2048;
const BATCH_SPANS = 512;
const BATCH_DELAY_MS = 5000;
const SENDING_MS = 10_000;
/** How long a stop waits for the last sending. */
const LAST_SENDING_MS = 2000;
const COMPLAINT_INTERVAL_MS = 60_000;
/** Where a collector takes traces (OTLP §OTLP/HTTP Request). */
const TRACES_PATH = "/v1/traces";
const KNOWN_METHODS: readonly string[] = ["GET", "HEAD", "PUT", "PATCH", "DELETE", "POST", "QUERY", "OPTIONS"];
const ATTRIBUTE_LENGTH_MAX = 1024;
const UNKNOWN_ORIGIN = { protocol: "http:", hostname: "", port: "" };

const HEADERS: TextMapGetter<TracedRequest> = {
  keys: () => ["traceparent", "tracestate"],
  get: (request, name) => request.header(name) ?? undefined,
};

export function openTracing(options: TracingOptions): Tracing {
  const exporter = new ComplainingExporter(options);
  const provider = new TracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ "service.name": "keyhold", "service.version": options.version }))
      .merge(detectResources({ detectors: [envDetector, serviceNameEnvDetector] })),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(options.percent / 100) }),
    spanLimits: { attributeValueLengthLimit: ATTRIBUTE_LENGTH_MAX },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        maxQueueSize: QUEUED_SPANS_MAX,
        maxExportBatchSize: BATCH_SPANS,
        scheduledDelayMillis: BATCH_DELAY_MS,
        exportTimeoutMillis: SENDING_MS,
      }),
    ],
  });
  const tracer = provider.getTracer("keyhold", options.version);
  const propagator = new W3CTraceContextPropagator();
  return {
    begin: (request) => new OtelRequestTrace(tracer, propagator.extract(ROOT_CONTEXT, request, HEADERS), request),
    async stop() {
      const late = Promise.withResolvers<void>();
      const cancel = options.after(LAST_SENDING_MS, late.resolve);
      await Promise.race([provider.shutdown().catch((error: unknown) => exporter.complain(error)), late.promise]);
      cancel();
    },
  };
}

class OtelRequestTrace implements RequestTrace {
  readonly #tracer: Tracer;
  readonly #span: Span;
  readonly #context: Context;

  constructor(tracer: Tracer, parent: Context, request: TracedRequest) {
    const method = KNOWN_METHODS.includes(request.method) ? request.method : "_OTHER";
    this.#tracer = tracer;
    this.#span = tracer.startSpan(`${method} ${request.route}`, { kind: SpanKind.SERVER }, parent);
    this.#context = trace.setSpan(parent, this.#span);
    if (this.#span.isRecording()) this.#span.setAttributes(attributesOf(request, method));
  }

  get traceId(): string {
    return this.#span.spanContext().traceId;
  }

  async step<T>({ operation, system }: TracedWork, run: () => Promise<T>): Promise<T> {
    const attributes = { "db.system.name": system, "db.operation.name": operation };
    const span = this.#tracer.startSpan(operation, { kind: SpanKind.INTERNAL, attributes }, this.#context);
    try {
      return await run();
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  }

  fail(code: string): void {
    this.#span.setAttribute("error.type", code);
    this.#span.setStatus({ code: SpanStatusCode.ERROR });
  }

  end(status: number): void {
    this.#span.setAttribute("http.response.status_code", status);
    this.#span.end();
  }
}

/** Names after OpenTelemetry's semantic conventions for HTTP servers. */
function attributesOf(request: TracedRequest, method: string): Attributes {
  // Made of the Host field, which may be anything.
  const { protocol, hostname, port } = URL.parse(request.origin ?? "") ?? UNKNOWN_ORIGIN;
  const agent = request.header("User-Agent");
  return {
    "http.request.method": method,
    "url.path": request.target.replace(/[?#].*$/s, ""),
    "url.scheme": protocol.slice(0, -1),
    "http.route": request.route,
    "network.protocol.version": "1.1",
    ...(hostname !== "" && { "server.address": hostname }),
    ...(port !== "" && { "server.port": Number(port) }),
    ...(request.remoteAddress !== null && { "client.address": request.remoteAddress }),
    ...(agent !== null && { "user_agent.original": agent }),
  };
}

/** OTLP's exporter, with a line in the log for what it could not send: once a minute. */
class ComplainingExporter implements SpanExporter {
  readonly #options: TracingOptions;
  readonly #exporter: OTLPTraceExporter;
  #complainedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: TracingOptions) {
    this.#options = options;
    this.#exporter = new OTLPTraceExporter({ url: tracesUrl(options.url) });
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.#exporter.export(spans, (result) => {
      if (result.code !== ExportResultCode.SUCCESS) this.complain(result.error);
      done(result);
    });
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }

  forceFlush(): Promise<void> {
    return this.#exporter.forceFlush();
  }

  complain(error: unknown): void {
    const { log, steadyMs, url } = this.#options;
    const nowMs = steadyMs();
    if (nowMs - this.#complainedAtMs < COMPLAINT_INTERVAL_MS) return;
    this.#complainedAtMs = nowMs;
    const reason = error instanceof Error ? error.message : String(error);
    log.warn("traces-unsent", `Cannot send traces to ${url}: ${reason}`);
  }
}

/** A URL without a path is a collector's, which takes traces at a path of its own. */
function tracesUrl(given: string): string {
  const url = new URL(given);
  if (url.pathname === "/") url.pathname = TRACES_PATH;
  return url.href;
}
