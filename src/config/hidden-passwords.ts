// What is shown of settings that may hold a password: in `keyhold config`, in errors, in logs. A text that could not be
// parsed is shown too, so what might be a password in any misspelling of a URL is hidden, rather than what is one.

/**
 * A URL as it may be shown: *** for a password. Texts without a scheme, and sqlite:…, are directories and stay as they
 * are.
 */
export function hidePassword(text: string): string {
  const [, scheme, rest] = /^([A-Za-z][A-Za-z0-9+.-]+):(.*)$/s.exec(text) ?? [];
  if (scheme === undefined || rest === undefined || scheme.toLowerCase() === "sqlite") return text;
  const slashes = rest.startsWith("//") ? "//" : "";
  const behind = rest.slice(slashes.length);
  const at = behind.lastIndexOf("@");
  const place = behind.slice(at + 1).replace(/[?#].*$/s, "?***");
  if (at < 0) return `${scheme}:${slashes}${hideOddPorts(place)}`;
  const access = behind.slice(0, at);
  const colon = access.indexOf(":");
  // Without // it may be USER:PASSWORD@HOST, the scheme being the user.
  const shown = slashes === "" ? "***" : colon < 0 ? access : `${access.slice(0, colon)}:***`;
  return `${scheme}:${slashes}${shown}@${place}`;
}

/** The value of a setting as it may be shown. */
export function hidePasswordIn(value: unknown): unknown {
  if (typeof value === "string") return hidePassword(value);
  if (typeof value !== "object" || value === null || !("password" in value) || value.password === null) return value;
  return { ...value, password: "***" };
}

/** USER:PASSWORD without @HOST looks like HOST:PORT, of which only numbers up to 65535 are one. */
function hideOddPorts(place: string): string {
  return place.replaceAll(/(\[[^\]]*\])|:([^,/]*)/g, (whole: string, bracketed: string | undefined, port: string) =>
    bracketed !== undefined || /^[0-9]{0,5}$/.test(port) ? whole : ":***",
  );
}
