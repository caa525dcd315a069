# syntax=docker/dockerfile:1

# The binary: static, no cgo, time zones inside; `guiju version` reads the commit from .git.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -tags timetzdata -ldflags "-s -w" -o /guiju ./cmd/guiju

# The image: the binary, certificates, and a wget for the health check.
FROM alpine:3.22
RUN apk add --no-cache ca-certificates \
 && adduser -D -H -u 10001 guiju \
 && install -d -o guiju -g guiju -m 0750 /data
COPY --from=build /guiju /usr/local/bin/guiju
COPY LICENSE /usr/share/doc/guiju/LICENSE
USER guiju

# config.yaml, guiju.db and the spool are looked for in the working folder.
WORKDIR /data
VOLUME /data

# The default listens on loopback, which nothing outside a container reaches.
ENV GUIJU_SERVER__LISTEN=:8080
EXPOSE 8080

# Alive, not ready: without its database guiju still stores callbacks, and a
# restart would not bring the database back.
HEALTHCHECK --interval=30s --timeout=3s --start-period=10s --retries=3 \
  CMD ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/healthz"]

ENTRYPOINT ["guiju"]
CMD ["serve"]
