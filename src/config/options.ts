// The options of the server, each declared once, in options/. The type Config, the flag (--max-value), the environment name
// (KEYHOLD_MAX_VALUE), the file entry (max-value), the help text, the reference page and the example file follow from
// them. Where values come from stands in load.ts. Names are never changed after release.
import { z } from "zod";
import { toSizeText } from "./formats.ts";
import { type Option, optionsOf } from "./option.ts";
import { ACCESS } from "./options/access.ts";
import { BACKUPS } from "./options/backups.ts";
import { LIMIT_OPTIONS } from "./options/limits.ts";
import { LOGS } from "./options/logs.ts";
import { NETWORK } from "./options/network.ts";
import { STORE } from "./options/store.ts";
import { TELEMETRY } from "./options/telemetry.ts";
import { UPKEEP } from "./options/upkeep.ts";
import { checkStoreSettings } from "./store-relations.ts";

/** Texts in, Config out; an issue's path is the property. Relations are looked at once every value is right by itself. */
export const CONFIG_SCHEMA = z
  .object({
    ...NETWORK,
    ...ACCESS,
    ...STORE,
    ...BACKUPS,
    ...LIMIT_OPTIONS,
    ...TELEMETRY,
    ...LOGS,
    ...UPKEEP,
  })
  .superRefine((config, context) => {
    const refuse = (property: string, message: string) =>
      context.addIssue({ code: "custom", path: [property], message });
    if (config.bodyBudgetBytes < config.maxValueBytes)
      refuse("bodyBudgetBytes", `expected at least --max-value, which is ${toSizeText(config.maxValueBytes)}`);
    if (config.requestsInFlight <= config.watchers)
      refuse("requestsInFlight", `expected more than --watchers, which is ${config.watchers}`);
    if (config.tlsCert !== null && config.tlsKey === null) refuse("tlsKey", "expected a file, as --tls-cert is given");
    if (config.tlsKey !== null && config.tlsCert === null) refuse("tlsCert", "expected a file, as --tls-key is given");
    if (config.workers !== 1 && config.transport !== "keyhold")
      refuse("workers", "expected 1, as --transport bun serves on one thread");
    checkStoreSettings(config, refuse);
  })
  .readonly();

/** The settings a server runs with. Frozen; instants and sizes in the unit that ends the name. */
export type Config = z.output<typeof CONFIG_SCHEMA>;

/** Every option, in the order of help and reference. */
export const OPTIONS: readonly Option[] = optionsOf(CONFIG_SCHEMA.def.innerType.shape);
