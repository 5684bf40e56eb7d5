// Checks of the certificate that a server shows: whether it is trusted here, and how long it holds.
import { connect } from "node:tls";
import { type Finding, fail, ok, warn } from "./finding.ts";

const CONNECT_MS = 5000;
const DAY_MS = 86_400_000;
const DAYS_LEFT_MIN = 14;

interface Shown {
  readonly endsAtMs: number;
  readonly protocol: string;
  /** Null where it is trusted. */
  readonly distrust: string | null;
}

export async function checkCertificate(url: string, nowMs: number): Promise<Finding> {
  const { endsAtMs, protocol, distrust } = await look(new URL(url));
  const days = Math.floor((endsAtMs - nowMs) / DAY_MS);
  const detail = `${protocol}; the certificate ends in ${days} days`;
  if (distrust !== null) {
    return fail(
      "tls",
      `the certificate is not trusted: ${distrust}`,
      "NODE_EXTRA_CA_CERTS=FILE names what else is to be trusted",
    );
  }
  if (days < 0)
    return fail("tls", `the certificate has ended ${-days} days ago`, "Renew it, and send the server SIGHUP");
  return days < DAYS_LEFT_MIN ? warn("tls", detail, "Renew it, and send the server SIGHUP") : ok("tls", detail);
}

/** Without a verdict of its own: what is not trusted is looked at all the same. */
function look({ hostname, port }: URL): Promise<Shown> {
  const host = hostname.replace(/^\[|\]$/g, "");
  return new Promise((resolve, reject) => {
    const isName = !/^[\d.]+$|:/.test(host);
    const socket = connect({
      host,
      port: Number(port === "" ? 443 : port),
      rejectUnauthorized: false,
      timeout: CONNECT_MS,
      ...(isName && { servername: host }),
    });
    socket.once("secureConnect", () => {
      const { valid_to } = socket.getPeerCertificate();
      const distrust = socket.authorized ? null : String(socket.authorizationError);
      resolve({ endsAtMs: Date.parse(valid_to), protocol: socket.getProtocol() ?? "TLS", distrust });
      socket.destroy();
    });
    socket.once("timeout", () => socket.destroy(new Error(`no TLS within ${CONNECT_MS} ms`)));
    socket.once("error", reject);
  });
}
