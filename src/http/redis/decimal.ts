// Decimal numbers, added exactly: what INCRBYFLOAT answers is the sum that a person would write, where Redis adds binary numbers
// of 64 bits and rounds them to 17 places. Both print the same as long as the sum has no more digits than that.

export interface Decimal {
  /** All digits, without a point. */
  readonly digits: bigint;
  /** How many of them stand behind the point. */
  readonly places: number;
}

const DECIMAL = /^([+-]?)(\d{0,400})(?:\.(\d{0,400}))?(?:[eE]([+-]?\d{1,4}))?$/;
/** Places that Redis prints. */
const PLACES_MAX = 17;
/** Digits before and behind the point beyond which a number is refused: a power of ten is cheap to write and dear to add. */
const EXPONENT_MAX = 400;

/** Null where the text is no decimal number, or one of more digits than are taken. */
export function parseDecimal(text: string): Decimal | null {
  const [, sign = "", whole = "", fraction = "", exponentText = "0"] = DECIMAL.exec(text) ?? [];
  if (whole + fraction === "") return null;
  const exponent = Number(exponentText);
  if (Math.abs(exponent) > EXPONENT_MAX) return null;
  const places = fraction.length - exponent;
  const digits = BigInt(whole + fraction) * (places < 0 ? 10n ** BigInt(-places) : 1n);
  return { digits: sign === "-" ? -digits : digits, places: Math.max(0, places) };
}

export function add(a: Decimal, b: Decimal): Decimal {
  const places = Math.max(a.places, b.places);
  return { digits: widen(a, places) + widen(b, places), places };
}

/** Without an exponent, rounded to 17 places, and without zeros at the end. */
export function formatDecimal(decimal: Decimal): string {
  const { digits, places } = decimal.places > PLACES_MAX ? rounded(decimal) : decimal;
  const isNegative = digits < 0n;
  const text = String(isNegative ? -digits : digits).padStart(places + 1, "0");
  const whole = text.slice(0, text.length - places);
  const fraction = text.slice(text.length - places).replace(/0+$/, "");
  const shown = fraction === "" ? whole : `${whole}.${fraction}`;
  return isNegative && shown !== "0" ? `-${shown}` : shown;
}

function widen({ digits, places }: Decimal, to: number): bigint {
  return digits * 10n ** BigInt(to - places);
}

/** Halves away from zero. */
function rounded({ digits, places }: Decimal): Decimal {
  const divisor = 10n ** BigInt(places - PLACES_MAX);
  const half = divisor / 2n;
  return { digits: (digits < 0n ? digits - half : digits + half) / divisor, places: PLACES_MAX };
}
