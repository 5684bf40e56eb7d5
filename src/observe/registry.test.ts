import { describe, expect, test } from "bun:test";
import type { MetricFamily } from "./metric-families.ts";
import { Registry } from "./registry.ts";

const ANY: MetricFamily = { name: "any_total", type: "counter", labels: [], help: "What there is" };

describe("a registry", () => {
  test("shows a value with its help and type", () => {
    const registry = new Registry();
    registry.addValue(ANY, () => 3);
    expect(registry.render()).toBe("# HELP any_total What there is.\n# TYPE any_total counter\nany_total 3\n");
  });

  test("escapes what labels and help hold", () => {
    const registry = new Registry();
    registry.add({ ...ANY, labels: ["a", "b"], help: "A \\ in\ntwo" }, () => [{ labels: ['"q"\\', "x\ny"], value: 1 }]);
    expect(registry.render()).toContain("# HELP any_total A \\\\ in\\ntwo.\n");
    expect(registry.render()).toContain('any_total{a="\\"q\\"\\\\",b="x\\ny"} 1\n');
  });

  test("shows a distribution by buckets that each hold those below", () => {
    const registry = new Registry();
    const value = { bounds: [0.5, 1], counts: [2, 1, 4], sum: 9.5 };
    registry.add({ ...ANY, name: "any_seconds", type: "histogram", labels: ["a"] }, () => [{ labels: ["x"], value }]);
    expect(registry.render().split("\n").slice(2)).toEqual([
      'any_seconds_bucket{a="x",le="0.5"} 2',
      'any_seconds_bucket{a="x",le="1"} 3',
      'any_seconds_bucket{a="x",le="+Inf"} 7',
      'any_seconds_sum{a="x"} 9.5',
      'any_seconds_count{a="x"} 7',
      "",
    ]);
  });

  test("shows nothing of a family without samples", () => {
    const registry = new Registry();
    registry.addValue(ANY, () => null);
    expect(registry.render()).toBe("");
  });

  test("refuses a family that is measured already", () => {
    const registry = new Registry();
    registry.addValue(ANY, () => 1);
    expect(() => registry.addValue(ANY, () => 2)).toThrow("any_total is measured twice");
  });
});
