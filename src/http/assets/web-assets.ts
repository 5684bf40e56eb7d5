// The files of the pages that run in browsers, the console and the API reference: built by scripts/build-web.ts into one file,
// which is read when a page is first asked for, and stands in the executable too. Kept packed, as almost every client takes
// them so. What is served from here is the same for everybody and holds nothing of the store.
import { readFile } from "node:fs/promises";
import { KeyholdError } from "../../core/errors.ts";

/** One file, as dist/web.assets has it. A changer of this changes scripts/build-web.ts with it. */
export interface WebAsset {
  /** Beneath `/-/`: "console" for a page, "assets/console-1a2b3c4d.js" for what pages load. */
  readonly path: string;
  readonly contentType: string;
  /** Of its content, unpacked, in hexadecimal. */
  readonly hash: string;
  /** Base64 of the content, packed by gzip. */
  readonly gzip: string;
}

/** A file that is ready to be sent. */
export interface LoadedAsset extends Omit<WebAsset, "gzip"> {
  readonly packed: Uint8Array;
}

type LoadedAssets = ReadonlyMap<string, LoadedAsset>;

export class WebAssets {
  readonly #read: () => Promise<string>;
  #loaded: Promise<LoadedAssets> | null = null;

  /** @param read - the text of the file; rejects where there is none */
  constructor(read: () => Promise<string>) {
    this.#read = read;
  }

  /** Null where there is no such file. @throws "not-supported" where none was built */
  async find(path: string): Promise<LoadedAsset | null> {
    this.#loaded ??= this.#load();
    return (await this.#loaded).get(path) ?? null;
  }

  async #load(): Promise<LoadedAssets> {
    try {
      const files: readonly WebAsset[] = JSON.parse(await this.#read());
      return new Map(files.map(({ gzip, ...file }) => [file.path, { ...file, packed: Buffer.from(gzip, "base64") }]));
    } catch (cause) {
      // Whoever builds them now need not start the server again.
      this.#loaded = null;
      throw new KeyholdError(
        "not-supported",
        "Cannot show this page: it is not built where this server runs from; run `npm run build` there",
        {},
        { cause },
      );
    }
  }
}

/** The file beside the program: in the project, in the npm package, in the executable. */
export async function readBuiltAssets(): Promise<string> {
  const { default: path } = await import("../../../dist/web.assets", { with: { type: "file" } });
  return await readFile(path, "utf8");
}
