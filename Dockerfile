# check=error=true
# Two images of one program: `serve` answers requests and holds nothing else,
# `work` has the PostgreSQL client beside it for jobs that dump and restore.
# `render` is for development in containers: it writes what Prometheus,
# Alertmanager and Grafana read.
# Bases are pinned by the digest of their index, so one line serves every
# platform; `docker buildx imagetools inspect NAME:TAG` tells the current one.

FROM --platform=$BUILDPLATFORM golang:1.26-trixie@sha256:bdca99a00bc16590cb1a0bb4e698f5fc5d6a64e4d5eef13d9f18a0ee08e5fa65 AS build
WORKDIR /src
# The toolchain of the image and no other; no cgo, so the program needs no libc.
ENV GOTOOLCHAIN=local CGO_ENABLED=0 GOFLAGS="-trimpath -buildvcs=false -mod=readonly"
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod \
    go mod download
COPY app ./app
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=dev
ARG COMMIT=unknown
ARG BUILD_TIME=unknown
ARG SOURCE_DATE_EPOCH=0
# Equal arguments give equal bytes: no build id, no paths, no time but the one given.
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    GOOS=$TARGETOS GOARCH=$TARGETARCH go build \
      -ldflags "-s -w -buildid= -X main.version=$VERSION -X main.commit=$COMMIT -X main.buildTime=$BUILD_TIME" \
      -o ohio ./app/cmd/ohio \
    && touch --date=@$SOURCE_DATE_EPOCH ohio

FROM build AS build-render
COPY monitoring ./monitoring
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    GOOS=$TARGETOS GOARCH=$TARGETARCH go build -ldflags "-s -w -buildid=" -o render ./monitoring/cmd/render \
    && mkdir /empty

FROM gcr.io/distroless/static-debian13:nonroot@sha256:e2e927ec666bae08560abb3c55d0659eceabb657f56b6782ab500a9fc7f555e3 AS render
COPY --from=build-render /src/render /usr/local/bin/render
# A volume mounted here belongs to the user.
COPY --from=build-render --chown=65532:65532 /empty /monitoring
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/render"]
ARG VERSION=dev
ARG COMMIT=unknown
ARG BUILD_TIME=unknown
LABEL org.opencontainers.image.title="Script Ohio monitoring" \
      org.opencontainers.image.description="Writes the configuration of Prometheus, Alertmanager and Grafana" \
      org.opencontainers.image.source="https://github.com/script-ohio/platform" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$COMMIT" \
      org.opencontainers.image.created="$BUILD_TIME"

FROM debian:trixie-slim@sha256:a99cfc517144bc59b1978475ec53b46ecabec7e43635402ee5b77cc54cd1b20a AS work
# The client must not be older than the server; 17 is the server's version.
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends ca-certificates postgresql-client-17 \
    && groupadd --gid 65532 nonroot \
    && useradd --uid 65532 --gid 65532 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin nonroot \
    && install --directory --owner=nonroot --group=nonroot /backups \
    && rm -rf /var/lib/apt/lists/* /var/cache/* /var/log/*
COPY --from=build /src/ohio /usr/local/bin/ohio
USER 65532:65532
# The command is said by whoever runs it.
ENTRYPOINT ["/usr/local/bin/ohio"]
ARG VERSION=dev
ARG COMMIT=unknown
ARG BUILD_TIME=unknown
LABEL org.opencontainers.image.title="Script Ohio worker" \
      org.opencontainers.image.description="College football predictions: the program with the PostgreSQL client" \
      org.opencontainers.image.source="https://github.com/script-ohio/platform" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$COMMIT" \
      org.opencontainers.image.created="$BUILD_TIME"

# Last, so that a build without --target makes it.
FROM gcr.io/distroless/static-debian13:nonroot@sha256:e2e927ec666bae08560abb3c55d0659eceabb657f56b6782ab500a9fc7f555e3 AS serve
COPY --from=build /src/ohio /usr/local/bin/ohio
# Numeric, so that Kubernetes can tell that it is not root.
USER 65532:65532
EXPOSE 8000 9000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s --retries=3 \
    CMD ["/usr/local/bin/ohio", "smoke", "--self"]
ENTRYPOINT ["/usr/local/bin/ohio"]
CMD ["serve"]
ARG VERSION=dev
ARG COMMIT=unknown
ARG BUILD_TIME=unknown
LABEL org.opencontainers.image.title="Script Ohio" \
      org.opencontainers.image.description="College football predictions as a service" \
      org.opencontainers.image.source="https://github.com/script-ohio/platform" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$COMMIT" \
      org.opencontainers.image.created="$BUILD_TIME"
