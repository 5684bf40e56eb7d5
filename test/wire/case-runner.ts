// Plays the cases of the raw battery against one server: sends what they say, reads what comes strictly, and looks whether
// anything has come, been kept or been written that should not be. A fault is thrown as an error that shows the bytes.
import { type CaseKeys, makeCaseKeys, withKeys, withNames } from "./case-keys.ts";
import { askOnce, CasePlay, type Delivery, type WireTarget } from "./case-play.ts";
import { RawConnection } from "./raw-connection.ts";
import { ask, type WireCase } from "./wire-case.ts";

/** Longer ones are not sent byte by byte: a turn for each byte takes some 40 µs. */
const DRIPPED_BYTES_MAX = 2048;
const SHOWN_BYTES = 600;

export class CaseRunner {
  readonly #target: WireTarget;
  #deliveries = 0;

  constructor(target: WireTarget) {
    this.#target = target;
  }

  /** How often a case has been sent so far. */
  get deliveries(): number {
    return this.#deliveries;
  }

  /** @throws Error with what was wrong first */
  async run(wireCase: WireCase): Promise<void> {
    for (const delivery of this.#deliveriesOf(wireCase)) await this.#deliver(wireCase, delivery);
  }

  /** As it is sent first, and not byte by byte. @throws Error as run() */
  async runWhole(wireCase: WireCase): Promise<void> {
    await this.#deliver(wireCase, "whole");
  }

  #deliveriesOf({ steps, isDripped = true, isSplit = false }: WireCase): readonly Delivery[] {
    const bytes = steps.reduce((sum, step) => sum + (typeof step === "string" ? step.length : 0), 0);
    const isCut = isSplit && this.#target.address.is !== "TLS";
    const splits = isCut ? Array.from({ length: bytes - 1 }, (_, index) => index + 1) : [];
    return ["whole", ...(isDripped && bytes <= DRIPPED_BYTES_MAX ? (["dripped"] as const) : []), ...splits];
  }

  async #deliver(wireCase: WireCase, delivery: Delivery): Promise<void> {
    const keys = makeCaseKeys(this.#deliveries++);
    const connection = await RawConnection.open(this.#target.address);
    const play = new CasePlay(connection, this.#target, withKeys(wireCase, keys));
    let timer: NodeJS.Timeout | null = null;
    try {
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error("it took too long")), this.#target.patienceMs);
      });
      await Promise.race([this.#judge(play, wireCase, { delivery, keys }), late]);
    } catch (error) {
      const how = typeof delivery === "number" ? `split at byte ${delivery}` : delivery;
      throw new Error(`Sent ${how}: ${error instanceof Error ? error.message : error}\n${play.report()}`);
    } finally {
      if (timer !== null) clearTimeout(timer);
      connection.close();
    }
  }

  async #judge(
    play: CasePlay,
    { stored }: WireCase,
    { delivery, keys }: { readonly delivery: Delivery; readonly keys: CaseKeys },
  ): Promise<void> {
    await play.run(delivery);
    if (this.#target.handler === "store") await this.#lookAtStore(keys, stored);
  }

  /** Whether the store has what it should have, and nothing that was smuggled. */
  async #lookAtStore(keys: CaseKeys, stored: string | null | undefined): Promise<void> {
    const { own, smuggled } = keys;
    const asked = stored === undefined ? `key=${smuggled}` : `key=${own}&key=${smuggled}`;
    const { body } = await askOnce(this.#target.address, ask(`GET /keys?${asked}`, "Connection: close"));
    const expected = stored === undefined || stored === null ? [] : [{ [own]: withNames(stored, keys) }];
    const found: unknown = JSON.parse(body);
    if (JSON.stringify(found) !== JSON.stringify(expected))
      throw new Error(`the store has ${body.slice(0, SHOWN_BYTES)}`);
  }
}
