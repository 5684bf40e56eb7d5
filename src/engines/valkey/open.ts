// Opens a store on servers that are reached already, or creates it: what it is made of is written once, under one key, and
// every server that opens it holds to that.
import { KeyholdError } from "../../core/errors.ts";
import { makeClock, makeHighestInstant } from "../../core/expiry.ts";
import { quote } from "../../core/quote.ts";
import { valkeyCapabilities } from "./capabilities.ts";
import { LAYOUT_VERSION, Layout, PARTITIONS_MAX, storeKey } from "./layout.ts";
import { toText } from "./reply-shapes.ts";
import { SCRIPTS } from "./scripts.ts";
import { slotOf } from "./slots.ts";
import { ValkeyStore, type ValkeyStoreParts } from "./store.ts";

export interface ValkeyStoreOptions
  extends Pick<
    ValkeyStoreParts,
    | "servers"
    | "prefix"
    | "sweepIntervalMs"
    | "historyAgeMs"
    | "historyChanges"
    | "idempotencyAgeMs"
    | "idempotencyBytes"
  > {
  /** 0 for as the store was created, and else as many as the topology deserves. */
  readonly partitions: number;
  /** Names the store if it is a new one; null where a missing one is not to be created. */
  readonly newIncarnation: string | null;
}

/** What a store's key holds, as JSON with its members in this order. A stored format: docs/formats.md. */
interface Description {
  readonly layout: number;
  readonly partitions: number;
  readonly incarnation: string;
}

const CLUSTER_PARTITIONS = 64;
/** Members that a later layout adds stand behind these. */
const DESCRIPTION = /^\{"layout":(\d{1,4}),"partitions":(\d{1,4}),"incarnation":"([a-z0-9]{1,40})"[,}]/;

/** @throws "unavailable" where another layout, or another number of partitions, stands there, or nothing where it must */
export async function openValkeyStore(options: ValkeyStoreOptions): Promise<ValkeyStore> {
  const { servers, prefix } = options;
  const text = await describe(options);
  const description = parseDescription(text, options);
  const layout = new Layout(prefix, description.partitions);
  const highest = makeHighestInstant();
  const store = new ValkeyStore({
    ...options,
    layout,
    capabilities: valkeyCapabilities(description.partitions, servers.promise.text),
    incarnation: description.incarnation,
    now: makeClock({
      wallMs: () => Date.now() + servers.clockOffsetMs,
      steadyMs: () => performance.now(),
      highest,
    }),
    highest,
    steadyMs: () => performance.now(),
    description: text,
  });
  await store.begin();
  return store;
}

/** The description that stands, or that of a store which is created by it. */
async function describe({ servers, prefix, partitions, newIncarnation }: ValkeyStoreOptions): Promise<string> {
  const key = storeKey(prefix);
  const slot = slotOf(key);
  const standing = await servers.read(slot, ["GET", key]);
  if (standing !== null) return toText(standing);
  if (newIncarnation === null) {
    throw new KeyholdError(
      "unavailable",
      `There is no store under the prefix ${quote(prefix)}; look at the prefix, the address and the database`,
    );
  }
  const count = partitions > 0 ? partitions : servers.topology === "cluster" ? CLUSTER_PARTITIONS : 1;
  const made: Description = { layout: LAYOUT_VERSION, partitions: count, incarnation: newIncarnation };
  const { reply, shortfall } = await servers.write(slot, SCRIPTS.create, [key], [JSON.stringify(made)]);
  if (shortfall === null) return toText(reply);
  throw new KeyholdError(
    "unavailable",
    `Cannot create the store: ${shortfall}; start again when the replicas are there`,
  );
}

function parseDescription(text: string, { prefix, partitions }: ValkeyStoreOptions): Description {
  const found = readDescription(text);
  if (found === null) {
    throw new KeyholdError(
      "unavailable",
      `Cannot open the store: the key ${quote(storeKey(prefix))} holds something else; choose another --store-prefix`,
    );
  }
  if (found.layout !== LAYOUT_VERSION) {
    throw new KeyholdError(
      "unavailable",
      `Cannot open the store under ${quote(prefix)}: it has layout ${found.layout}, this version reads ${LAYOUT_VERSION}; use the version that wrote it, and its keyhold copy`,
    );
  }
  if (partitions > 0 && partitions !== found.partitions) {
    throw new KeyholdError(
      "unavailable",
      `Cannot open the store under ${quote(prefix)} with ${partitions} partitions: it was created with ${found.partitions}; leave --partitions out, or move it by keyhold copy to a new prefix`,
    );
  }
  return found;
}

function readDescription(text: string): Description | null {
  const [, layout, partitions, incarnation] = DESCRIPTION.exec(text) ?? [];
  if (incarnation === undefined) return null;
  const found = { layout: Number(layout), partitions: Number(partitions), incarnation };
  return found.partitions >= 1 && found.partitions <= PARTITIONS_MAX ? found : null;
}
