# The image: one executable, a directory for the store, nothing else of ours. docs/packaging.md says how to run it.
#
# BASE needs no more than glibc; gcr.io/distroless/cc-debian12 does, where an image is to have no shell.
ARG BUILDER=node:20.19.4-bookworm-slim
ARG BASE=debian:12.11-slim

FROM ${BUILDER} AS build
WORKDIR /build
# With the development dependencies, as the pages are built of some, and without install scripts: Bun is found where npm puts
# it. By the lock file's versions and digests; not `npm ci`, which refuses a lock file that lacks other platforms' packages of the linter.
COPY package.json package-lock.json ./
RUN npm install --no-save --ignore-scripts --no-audit --no-fund
COPY bin bin
COPY scripts/build-binary.ts scripts/build-web.ts scripts/
COPY tsconfig.json tsconfig.web.json ./
COPY src src
RUN npm run build:binary -- --outfile /image/keyhold && mkdir /image/data

FROM ${BASE}
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Keyhold" \
      org.opencontainers.image.description="The key-value store that you talk to with curl" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /image/keyhold /usr/local/bin/keyhold
# Owned by the user below, and so is a named volume that is mounted there.
COPY --from=build --chown=65532:65532 /image/data /data
# In variables and not in CMD, so that `keyhold health` and `docker run … serve --wide` know them too. Nothing is written
# but to /data: the root may be read-only.
ENV KEYHOLD_HOST=0.0.0.0 \
    KEYHOLD_PORT=3000 \
    KEYHOLD_STORE=sqlite:/data/store \
    SQLITE_TMPDIR=/data
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["/usr/local/bin/keyhold", "health"]
ENTRYPOINT ["/usr/local/bin/keyhold"]
CMD ["serve"]
