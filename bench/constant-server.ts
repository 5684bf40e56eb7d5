// The floor under every figure: the same runtime's server answering a constant with as many header fields as a GET of ours.
const HEADERS = {
  Revision: "1",
  "Last-Modified": "Fri, 20 Nov 2026 12:00:00 GMT",
  "Cache-Control": "no-cache",
  ETag: '"1.a"',
  "Accept-Ranges": "bytes",
  "Content-Type": "application/octet-stream",
  "X-Content-Type-Options": "nosniff",
  "Content-Security-Policy": "sandbox; default-src 'none'",
};
/** Bytes of the value: the argument. */
const BODY = new Uint8Array(Number(process.argv[2] ?? 100));

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  development: false,
  fetch: () => new Response(BODY, { headers: { ...HEADERS } }),
});
console.log(JSON.stringify({ event: "listening", url: server.url.origin }));
