// Programs without which a test proves nothing: where one is missing the test fails, and says what to install.

/** The path of a command. @throws Error naming the package that has it */
export function requireCommand(name: string, debianPackage: string): string {
  const path = Bun.which(name);
  if (path !== null) return path;
  throw new Error(`${name} is not on the PATH; this test needs it: install Debian's package ${debianPackage}`);
}

export interface Ended {
  readonly exitCode: number;
  readonly output: string;
}

/** Runs a command to its end. */
export async function runToEnd(command: readonly string[], input = ""): Promise<Ended> {
  const child = Bun.spawn([...command], { stdin: new Blob([input]), stdout: "pipe", stderr: "pipe" });
  const [out, error] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { exitCode: await child.exited, output: out + error };
}
