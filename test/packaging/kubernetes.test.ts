// deploy/kubernetes, read: no cluster was there to apply it to.
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import packageJson from "../../package.json" with { type: "json" };
import { loadConfig } from "../../src/config/load.ts";
import { OPTIONS } from "../../src/config/options.ts";
import { ROUTES } from "../../src/http/routes.ts";
import { at, listAt, readYaml } from "../support/yaml-file.ts";

const FOLDER = fileURLToPath(new URL("../../deploy/kubernetes", import.meta.url));
const NAME_LABEL = { "app.kubernetes.io/name": "keyhold" };
const USER = 65532;

const files = [...new Bun.Glob("**/*.yaml").scanSync(FOLDER)].toSorted();
const set = readYaml(join(FOLDER, "statefulset.yaml"));
const pod = at(set, "spec.template.spec");
const container = at(pod, "containers.0");

describe("every manifest", () => {
  test.each(files)("%s has a kind, and a name that is ours", (file) => {
    const manifest = readYaml(join(FOLDER, file));
    expect(at(manifest, "apiVersion")).toBeString();
    expect(at(manifest, "kind")).toBeString();
    if (at(manifest, "kind") !== "Kustomization") expect(at(manifest, "metadata.name")).toStartWith("keyhold");
  });

  test.each(["", "monitoring"])("of the folder %j is in its kustomization, but for the example", (folder) => {
    const listed = listAt(readYaml(join(FOLDER, folder, "kustomization.yaml")), "resources");
    const there = [...new Bun.Glob("*.yaml").scanSync(join(FOLDER, folder))];
    const wanted = there.filter((file) => file !== "kustomization.yaml" && !file.includes(".example."));
    expect(listed.map(String).toSorted()).toEqual(wanted.toSorted());
  });

  test("that selects pods selects these", () => {
    const places = { "service.yaml": "spec.selector", "poddisruptionbudget.yaml": "spec.selector.matchLabels" };
    for (const [file, place] of Object.entries(places))
      expect(at(readYaml(join(FOLDER, file)), place)).toEqual(NAME_LABEL);
    expect(at(readYaml(join(FOLDER, "networkpolicy.yaml")), "spec.podSelector.matchLabels")).toEqual(NAME_LABEL);
    expect(at(set, "spec.selector.matchLabels")).toEqual(NAME_LABEL);
    expect(at(set, "spec.template.metadata.labels")).toEqual(NAME_LABEL);
  });
});

describe("the server", () => {
  test("is one, of the package's version, on a volume of its own", () => {
    expect(at(set, "spec.replicas")).toBe(1);
    expect(at(container, "image")).toBe(`keyhold:${packageJson.version}`);
    const [image] = listAt(readYaml(join(FOLDER, "kustomization.yaml")), "images");
    expect(at(image, "newTag")).toBe(packageJson.version);
    const [claim] = listAt(set, "spec.volumeClaimTemplates");
    expect(at(claim, "spec.accessModes")).toEqual(["ReadWriteOnce"]);
    const mount = listAt(container, "volumeMounts").find((each) => at(each, "name") === at(claim, "metadata.name"));
    expect(environment()["KEYHOLD_STORE"]).toStartWith(`sqlite:${at(mount, "mountPath")}/`);
  });

  test("meets the restricted pod security standard", () => {
    const securityContext = at(pod, "securityContext");
    expect(securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: USER, runAsGroup: USER, fsGroup: USER });
    expect(at(securityContext, "seccompProfile.type")).toBe("RuntimeDefault");
    expect(at(container, "securityContext")).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(at(pod, "automountServiceAccountToken")).toBe(false);
  });

  test("is probed at paths that are served, on its port", () => {
    const patterns = ROUTES.filter(({ method }) => method === "GET").map(({ pattern }) => pattern);
    const probed = ["startupProbe", "readinessProbe", "livenessProbe"].map((probe) =>
      at(container, `${probe}.httpGet`),
    );
    expect(probed.map((get) => at(get, "path"))).toEqual(["/-/healthy", "/-/ready", "/-/healthy"]);
    for (const get of probed) {
      expect(patterns).toContain(String(at(get, "path")));
      expect(at(get, "port")).toBe("http");
    }
    expect(listAt(container, "ports")).toEqual([{ name: "http", containerPort: Number(defaultOf("port")) }]);
    expect(listAt(readYaml(join(FOLDER, "service.yaml")), "spec.ports").map((port) => at(port, "targetPort"))).toEqual([
      "http",
    ]);
  });

  test("is given more time to stop than it takes", () => {
    const seconds = Number(/^(\d+)s$/.exec(defaultOf("stop-timeout"))?.[1]);
    expect(Number(at(pod, "terminationGracePeriodSeconds"))).toBeGreaterThanOrEqual(seconds + 10);
  });

  test("is told only what options allow, and of a token that the secret has", () => {
    expect(loadConfig({ flags: {}, environment: environment(), readFile: () => "" }).is).toBe("loaded");
    const secret = readYaml(join(FOLDER, "secret.example.yaml"));
    const volume = listAt(pod, "volumes").find((each) => at(each, "secret.secretName") === at(secret, "metadata.name"));
    const mount = listAt(container, "volumeMounts").find((each) => at(each, "name") === at(volume, "name"));
    const [entry] = Object.keys(at(secret, "stringData") ?? {});
    expect(environment()["KEYHOLD_ADMIN_TOKEN_FILE"]).toBe(`${at(mount, "mountPath")}/${entry}`);
    expect(Object.keys(environment())).not.toContain("KEYHOLD_INSECURE_PUBLIC");
  });
});

function environment(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    listAt(container, "env").map((each) => [String(at(each, "name")), String(at(each, "value"))]),
  );
}

function defaultOf(name: string): string {
  return OPTIONS.find((option) => option.name === name)?.default ?? "";
}
