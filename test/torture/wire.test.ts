// One pass of the raw battery, its list, and what a port for TLS does with those who speak without it.
import { describe, expect, test } from "bun:test";
import { CaseRunner } from "../wire/case-runner.ts";
import { RawConnection } from "../wire/raw-connection.ts";
import { ask } from "../wire/wire-case.ts";
import { startStoreServer } from "../wire/wire-servers.ts";
import { tortureSuite } from "./suite.ts";
import { GROUPS, H1SPEC_ITEMS } from "./wire/battery.ts";
import { wire } from "./wire/wire.ts";

const H1SPEC_CASES = 33;
const OWN_CASES_MIN = 200;

tortureSuite(wire, { roundMsMax: 240_000 });

describe("the battery", () => {
  test(`has the ${H1SPEC_CASES} cases of h1spec, ${OWN_CASES_MIN} of our own at least, and no two of one name`, () => {
    const names = GROUPS.flatMap(({ cases }) => cases.map(({ name }) => name));
    expect(H1SPEC_ITEMS.length).toBe(H1SPEC_CASES);
    expect(names.length).toBeGreaterThanOrEqual(OWN_CASES_MIN);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});

describe("a port for TLS", () => {
  test("answers nothing to HTTP without it, and answers others on", async () => {
    const { target, stop } = await startStoreServer("keyhold", "TLS");
    try {
      if (target.address.is !== "TLS") throw new Error("the server is not asked for over TLS");
      const connection = await RawConnection.open({ is: "plain", port: target.address.port });
      connection.send(ask("GET /-/healthy"));
      while (!connection.hasEnded) await connection.more();
      expect(connection.received.includes("HTTP")).toBe(false);
      connection.close();
      await new CaseRunner(target).run({ name: "", steps: [], answers: [], afterwards: "open" });
    } finally {
      await stop();
    }
  });
});
