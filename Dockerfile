FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w -X main.version=${VERSION}" \
    -o /out/madoguchi ./cmd/madoguchi
# An image from scratch has no folders: one for the data, and one where SQLite
# and uploads may put temporary files.
RUN install -d -m 0700 /out/writable/data /out/writable/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/madoguchi /usr/local/bin/madoguchi
COPY --from=build --chown=65532:65532 /out/writable/ /
USER 65532:65532
# The defaults put the database, the key and the files into ./data.
WORKDIR /
VOLUME /data
ENV LISTEN_ADDR=:8080
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=15s \
    CMD ["/usr/local/bin/madoguchi", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/madoguchi"]
CMD ["serve"]
