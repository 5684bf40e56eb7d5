// The raw battery as a list: which cases are played on which carrier, and with which further deliveries.
import { ANSWERS } from "../../wire/cases/answers.ts";
import { BOUNDS } from "../../wire/cases/bounds.ts";
import { CHUNKS } from "../../wire/cases/chunks.ts";
import { CONNECTIONS } from "../../wire/cases/connections.ts";
import { EXPECTATIONS } from "../../wire/cases/expectations.ts";
import { H1SPEC } from "../../wire/cases/h1spec.ts";
import { HEADS } from "../../wire/cases/heads.ts";
import { LENGTHS } from "../../wire/cases/lengths.ts";
import { PIPELINES } from "../../wire/cases/pipelines.ts";
import { TARGETS } from "../../wire/cases/targets.ts";
import type { Carrier, CaseGroup, WireCase } from "../../wire/wire-case.ts";

/** Of our own. */
export const GROUPS: readonly CaseGroup[] = [
  LENGTHS,
  CHUNKS,
  HEADS,
  TARGETS,
  BOUNDS,
  ANSWERS,
  EXPECTATIONS,
  PIPELINES,
  CONNECTIONS,
];
/** Where the kind of socket could make a difference. */
const SOCKET_GROUPS: readonly CaseGroup[] = [PIPELINES, CONNECTIONS];
const SPLIT_BYTES_MAX = 500;

/** A case, or a series of them that differ in a number alone, which counts as one. */
export interface BatteryItem {
  readonly title: string;
  readonly cases: readonly WireCase[];
}

/** The list of h1spec, which a server is asked that answers every body with itself. */
export const H1SPEC_ITEMS: readonly BatteryItem[] = itemsOf([H1SPEC]);

/** Our own, as far as they apply. */
export function ownItems(carrier: Carrier): readonly BatteryItem[] {
  const groups = carrier === "Unix socket" ? SOCKET_GROUPS : GROUPS;
  const applies = ({ notOn = [] }: WireCase) => !notOn.includes(carrier);
  return itemsOf(groups.map((group) => ({ ...group, cases: group.cases.filter(applies) })));
}

/** Also in two parts, at each of its bytes, where it is short and sent at once. */
export function splitAnywhere(wireCase: WireCase): WireCase {
  const texts = wireCase.steps.filter((step) => typeof step === "string");
  const bytes = texts.reduce((sum, { length }) => sum + length, 0);
  const canBe = texts.length === 1 && bytes <= SPLIT_BYTES_MAX && wireCase.isDripped !== false;
  return canBe ? { ...wireCase, isSplit: true } : wireCase;
}

function itemsOf(groups: readonly CaseGroup[]): readonly BatteryItem[] {
  return groups.flatMap(({ title, cases, series = [] }) => [
    ...cases.map((wireCase) => ({ title: `${title}: ${wireCase.name}`, cases: [wireCase] })),
    ...series.map((each) => ({ title: `${title}: ${each.name}`, cases: each.cases })),
  ]);
}
