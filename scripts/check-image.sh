#!/usr/bin/env bash
# Builds the Dockerfile and runs the image as it is meant to be run, without Docker and without a registry: on bases made
# of Debian's packages here. Needs root and Debian 12 with buildah, mmdebstrap, curl, Node and npm. Not part of `npm test`; says "The image holds what it promises" at the end.
#
# What differs from an image that Docker builds and runs: the two bases, and that it runs in a chroot instead of a container.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "$(id -u)" -ne 0 ]; then echo "This needs root, to make file systems of other users" >&2; exit 1; fi
for command in buildah mmdebstrap setpriv chroot curl node npm; do
  command -v "$command" >/dev/null || { echo "This needs $command: apt-get install buildah mmdebstrap curl" >&2; exit 1; }
done
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
work=$(mktemp -d)
server=""
image=""
finish() {
  [ -z "$server" ] || kill -KILL "$server" 2>/dev/null || true
  ! mountpoint -q "$work/root" || umount --recursive "$work/root"
  [ -z "$image" ] || buildah rm "$image" >/dev/null
  buildah rmi --force localhost/keyhold-check localhost/keyhold-check-base localhost/keyhold-check-builder >/dev/null 2>&1 || true
  rm -rf --one-file-system "$work"
}
trap finish EXIT
fail() { echo "check-image: $*" >&2; exit 1; }

echo "Bases of Debian's packages"
mkdir "$work/base" "$work/builder"
mmdebstrap --quiet --variant=extract --include=libc6,libgcc-s1,base-files bookworm "$work/base/rootfs.tar"
mmdebstrap --quiet --variant=minbase --include=libstdc++6,ca-certificates bookworm "$work/builder/rootfs.tar"
printf 'FROM scratch\nADD rootfs.tar /\n' > "$work/base/Containerfile"
# The Node of this machine, as the official image has one.
node_root=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
mkdir -p "$work/builder/node/bin" "$work/builder/node/lib/node_modules"
cp "$node_root/bin/node" "$work/builder/node/bin/"
cp -r "$(npm root -g)/npm" "$work/builder/node/lib/node_modules/"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$work/builder/node/bin/npm"
# And what this machine needs to reach its package registry.
cp "${NODE_EXTRA_CA_CERTS:-/dev/null}" "$work/builder/authorities.pem"
{ cat "$HOME/.npmrc" 2>/dev/null || true; } > "$work/builder/npmrc"
cat > "$work/builder/Containerfile" <<'END'
FROM scratch
ADD rootfs.tar /
COPY node /usr/local
COPY authorities.pem /etc/authorities.pem
COPY npmrc /root/.npmrc
ENV PATH=/usr/local/bin:/usr/bin:/bin NODE_EXTRA_CA_CERTS=/etc/authorities.pem
END
for base in base builder; do buildah build --quiet --tag "localhost/keyhold-check-$base" "$work/$base" >/dev/null; done

echo "The Dockerfile"
# HEALTHCHECK and STOPSIGNAL exist in Docker's format alone.
buildah build --format docker --tag localhost/keyhold-check \
  --build-arg BASE=localhost/keyhold-check-base --build-arg BUILDER=localhost/keyhold-check-builder . >"$work/build.log" 2>&1 ||
  { tail -30 "$work/build.log" >&2; fail "the build failed"; }
config=$(buildah inspect --type image localhost/keyhold-check |
  node -e 'console.log(JSON.stringify(JSON.parse(require("fs").readFileSync(0, "utf8")).Docker.config))')
for promised in '"User":"65532:65532"' '"StopSignal":"SIGTERM"' '"/data":{}' '"3000/tcp":{}' '"Entrypoint":["/usr/local/bin/keyhold"]' \
  '"Cmd":["serve"]' '"Test":["CMD","/usr/local/bin/keyhold","health"]'; do
  grep -qF "$promised" <<<"$config" || fail "the image's configuration lacks $promised: $config"
done

echo "The image, read-only, as user 65532"
image=$(buildah from localhost/keyhold-check)
mounted=$(buildah mount "$image")
[ "$(stat -c %u:%g "$mounted/data")" = 65532:65532 ] || fail "/data is of $(stat -c %u:%g "$mounted/data")"
mkdir "$work/root" "$work/data"
chown 65532:65532 "$work/data"
chmod 700 "$work/data"
mount --bind "$mounted" "$work/root"
mount -o remount,bind,ro "$work/root"
mount --bind "$work/data" "$work/root/data"
mount -t proc -o ro proc "$work/root/proc"
port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
url="http://127.0.0.1:$port"
# The image's own variables, but for the address and the port.
inside() {
  exec env -i SQLITE_TMPDIR=/data KEYHOLD_STORE=sqlite:/data/store KEYHOLD_HOST=127.0.0.1 "KEYHOLD_PORT=$port" \
    setpriv --no-new-privs "$(command -v chroot)" --userspec=65532:65532 --groups= "$work/root" /usr/local/bin/keyhold "$@"
}
start() {
  inside serve >>"$work/log" 2>&1 &
  server=$!
  # Until the server says so; it says nothing else before.
  timeout 20 bash -c 'until grep -q listening "$0"; do kill -0 "$1" || exit 1; done' "$work/log" "$server" ||
    { cat "$work/log" >&2; fail "the server did not start"; }
}
stop() {
  kill -TERM "$server"
  local code=0
  wait "$server" || code=$?
  server=""
  [ "$code" -eq 0 ] || fail "SIGTERM ended it with $code"
  : >"$work/log"
}
[ "$(inside --version)" = "$(node -p 'require("./package.json").version')" ] || fail "--version says something else"
start
[ "$(curl -s -o "$work/answer" -w '%{http_code}' -X PUT -d hello "$url/greeting")" = 201 ] || fail "PUT was refused"
(inside health) || fail "health found it not ready"
stop
! (inside health) 2>"$work/sentence" || fail "health found ready what has ended"
start
[ "$(curl -s "$url/greeting")" = hello ] || fail "the value is gone"
stop
[ "$(stat -c %u "$work/data/store/keyhold.db")" = 65532 ] || fail "the store is of another user"
! (inside serve --store sqlite:/elsewhere) 2>"$work/sentence" || fail "it wrote beside /data"
echo "The image holds what it promises"
