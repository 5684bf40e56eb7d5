// Tests of describe.ts.
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { groupOptions, renderExample, renderReference } from "./describe.ts";
import { loadConfig } from "./load.ts";
import { OPTIONS } from "./options.ts";

test("the reference has a heading, the flag and the variable of every option", () => {
  const reference = renderReference();
  for (const { name, flag, environment } of OPTIONS) {
    expect(reference).toContain(`### ${name}\n`);
    expect(reference).toContain(environment);
    expect(reference.includes(flag) || reference.includes(`--[no-]${name}`)).toBe(true);
  }
});

test("the example file, its entries taken in, loads and says what the defaults say", () => {
  const example = renderExample().replaceAll(/^#(?=[a-z])/gm, "");
  const fromExample = loadConfig({ flags: { config: "f" }, environment: {}, readFile: () => example });
  const fromDefaults = loadConfig({ flags: {}, environment: {}, readFile: () => "" });
  if (fromExample.is === "refused" || fromDefaults.is === "refused") throw new Error("refused");
  expect(fromExample.config).toEqual(fromDefaults.config);
  expect(fromExample.provenance.every(({ origin }) => origin === "file")).toBe(true);
});

test("the options of a group stand together, so that no heading comes twice", () => {
  expect(groupOptions().flatMap(([, options]) => options)).toEqual([...OPTIONS]);
});

test("help texts end without a full stop, names and defaults are unique and allowed", () => {
  for (const { help, name } of OPTIONS) {
    expect(help).not.toEndWith(".");
    expect(name).toMatch(/^[a-z]+(?:-[a-z]+)*$/);
  }
  expect(new Set(OPTIONS.map(({ name }) => name)).size).toBe(OPTIONS.length);
});

test("the files under docs are fresh; if not, run scripts/generate.ts", () => {
  const read = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8");
  expect(read("configuration.md")).toBe(renderReference());
  expect(read("keyhold.example.toml")).toBe(renderExample());
});
