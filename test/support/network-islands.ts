// Networks that can be cut: namespaces, "islands", whose one link to each other is a bridge in a further namespace, and whose
// one link to the tests is a way in for the tests' own address. Nothing leads from one island to another but the bridge, and
// nothing leads out: no island has a default route. A cut island is still reached by the test, which so stands on its side.
//
// All is named after this process, and gone by close(), at the end of this process at the latest; what a killed one has left is
// removed by the next.
import type { Place } from "./valkey-settings.ts";

export interface NetworkIslands {
  readonly places: readonly Place[];
  /** Nothing goes between this island and the others. */
  cut(index: number): void;
  mend(index: number): void;
  close(): void;
}

const PREFIX = "khn";
/** RFC 2544: for tests of networks, and on none. */
const NETWORK = "198.18";

/** Why there can be none here; null where they can. */
export function islandsTrouble(): string | null {
  if (process.platform !== "linux") return "network namespaces are of Linux";
  if (Bun.which("ip") === null) return "install iproute2";
  if (process.getuid?.() !== 0) return "run them as root";
  const probe = `${PREFIX}${process.pid}p`;
  const isMade = ip("netns", "add", probe);
  if (!isMade) return "this machine lets nobody make network namespaces";
  const isLinked = ip("-n", probe, "link", "add", "name", "one", "type", "veth", "peer", "name", "other");
  ip("netns", "del", probe);
  return isLinked ? null : "this machine lets nobody make network links";
}

export function makeNetworkIslands(count: number): NetworkIslands {
  removeDeserted();
  const islands = new Islands(count);
  const close = () => islands.close();
  process.on("exit", close);
  try {
    islands.build();
  } catch (error) {
    close();
    throw error;
  }
  return {
    places: islands.places,
    cut: (index) => islands.link(index, "down"),
    mend: (index) => islands.link(index, "up"),
    close() {
      process.off("exit", close);
      close();
    },
  };
}

/** Sets of islands that this process has made. */
let made = 0;

class Islands {
  readonly places: readonly Place[];
  readonly #names: readonly string[];
  readonly #hub: string;
  /** Both networks' third number, so that several sets do not meet. */
  readonly #third: number;

  constructor(count: number) {
    const set = made++;
    this.#third = (process.pid * 4 + set) % 256;
    this.#hub = `${PREFIX}${process.pid}h${set}`;
    this.#names = Array.from({ length: count }, (_, index) => `${PREFIX}${process.pid}i${set}${index}`);
    this.places = this.#names.map((name, index) => ({
      host: this.#addressOf(index),
      launcher: ["ip", "netns", "exec", name],
    }));
  }

  build(): void {
    mustIp("netns", "add", this.#hub);
    mustIp("-n", this.#hub, "link", "add", "name", "bridge", "type", "bridge");
    mustIp("-n", this.#hub, "link", "set", "bridge", "up");
    for (const [index, name] of this.#names.entries()) {
      mustIp("netns", "add", name);
      mustIp("-n", name, "link", "set", "lo", "up");
      this.#joinBridge(index, name);
      this.#leadIn(index, name);
    }
  }

  link(index: number, state: "up" | "down"): void {
    mustIp("-n", this.#hub, "link", "set", `v${index}`, state);
  }

  /** Links are gone with the namespaces that they end in, but not at once. */
  close(): void {
    for (const name of this.#names) ip("link", "del", wayOf(name));
    for (const name of [...this.#names, this.#hub]) ip("netns", "del", name);
  }

  #joinBridge(index: number, name: string): void {
    mustIp("-n", this.#hub, "link", "add", "name", `v${index}`, "type", "veth", "peer", "name", "net", "netns", name);
    mustIp("-n", this.#hub, "link", "set", `v${index}`, "master", "bridge");
    mustIp("-n", this.#hub, "link", "set", `v${index}`, "up");
    mustIp("-n", name, "addr", "add", `${this.#addressOf(index)}/24`, "dev", "net");
    mustIp("-n", name, "link", "set", "net", "up");
  }

  /** The test has an address of its own on each island's link; the island has a route to that one alone. */
  #leadIn(index: number, name: string): void {
    const link = wayOf(name);
    const own = `198.19.${this.#third}.${index + 1}`;
    mustIp("link", "add", "name", link, "type", "veth", "peer", "name", "way", "netns", name);
    mustIp("addr", "add", `${own}/32`, "dev", link);
    mustIp("link", "set", link, "up");
    mustIp("-n", name, "link", "set", "way", "up");
    mustIp("-n", name, "route", "add", own, "dev", "way");
    mustIp("route", "add", this.#addressOf(index), "dev", link, "src", own);
  }

  #addressOf(index: number): string {
    return `${NETWORK}.${this.#third}.${index + 1}`;
  }
}

/** The tests' end of the link to an island. */
function wayOf(name: string): string {
  return `${name}w`;
}

function removeDeserted(): void {
  const { stdout } = Bun.spawnSync(["ip", "netns", "list"]);
  for (const [name, owner] of stdout.toString().matchAll(new RegExp(`^${PREFIX}(\\d+)[hip]\\d*`, "gm"))) {
    if (isRunning(Number(owner))) continue;
    ip("link", "del", wayOf(name ?? ""));
    ip("netns", "del", name ?? "");
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function ip(...args: readonly string[]): boolean {
  return Bun.spawnSync(["ip", ...args]).exitCode === 0;
}

function mustIp(...args: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(["ip", ...args]);
  if (exitCode !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr.toString().trim()}`);
}
