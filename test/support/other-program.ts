// Programs that tests start beside the server: found on the machine or said to be missing, and ended by their id whatever
// happens. Under Bun `process.execPath` is Bun, so Node too is looked for on the path.

export interface OtherProgram {
  /** Resolves when what it has printed to standard output matches; a lost one rejects. */
  waitFor(pattern: RegExp): Promise<void>;
  /** What it has printed to standard output so far. */
  output(): string;
  /** What it has printed to standard error so far. */
  complaints(): string;
}

/** How long a program may take to print what is waited for. */
const WAIT_MS = 20_000;

/** The command by any of these names; null with a printed sentence where there is none. */
export function findCommand(names: readonly string[], toInstall: string): string | null {
  const found = names.map((name) => Bun.which(name)).find((path) => path !== null);
  if (found !== undefined) return found;
  console.log(`Skipped: ${names.join(" or ")} is not on the PATH; to run these tests, install ${toInstall}`);
  return null;
}

/** A program for the length of `body`. */
export async function withProgram(
  command: readonly string[],
  directory: string,
  body: (program: OtherProgram) => Promise<void>,
): Promise<void> {
  const child = Bun.spawn([...command], { cwd: directory, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const texts = { out: "", error: "" };
  let wake = Promise.withResolvers<void>();
  const collect = async (stream: ReadableStream<Uint8Array>, name: keyof typeof texts) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      texts[name] += decoder.decode(chunk, { stream: true });
      wake.resolve();
      wake = Promise.withResolvers();
    }
  };
  const collected = Promise.all([collect(child.stdout, "out"), collect(child.stderr, "error")]);
  const waitFor = async (pattern: RegExp) => {
    const late = Promise.withResolvers<never>();
    const said = () => `It printed ${JSON.stringify(texts)} and not ${pattern}`;
    const timer = setTimeout(() => late.reject(new Error(`${said()} in ${WAIT_MS} ms`)), WAIT_MS);
    const ended = collected.then(() => late.reject(new Error(`${said()} before it ended`)));
    try {
      while (!pattern.test(texts.out)) await Promise.race([wake.promise, late.promise]);
    } finally {
      clearTimeout(timer);
      late.promise.catch(() => {});
      void ended;
    }
  };
  try {
    await body({ waitFor, output: () => texts.out, complaints: () => texts.error });
  } finally {
    child.kill("SIGTERM");
    await child.exited;
  }
}
