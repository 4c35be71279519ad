# syntax=docker/dockerfile:1
# docker build --build-arg VERSION=… --build-arg REVISION=$(git rev-parse HEAD) -t wasl .
# The steps are scripts in deploy/image, so that they can be run, and are tested, without a container engine.
FROM python:3.13-slim AS dependencies
WORKDIR /src
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 HTTP_HOST=0.0.0.0
# Any word, such as telemetry, puts in what traces (OpenTelemetry) and failure reports (Sentry) need.
ARG EXTRAS=""
COPY requirements.txt ./
COPY deploy/image deploy/image
RUN deploy/image/install-dependencies /venv "$EXTRAS"

# The source is mounted over /src; see docker-compose.override.yml.
FROM dependencies AS development
COPY requirements-dev.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements-dev.txt
ENTRYPOINT ["python", "-m", "entrypoints.cli"]

FROM dependencies AS build
COPY pyproject.toml README.md LICENSE ./
COPY core core
COPY adapters adapters
COPY config config
COPY entrypoints entrypoints
COPY sandbox sandbox
COPY migrations migrations
RUN deploy/image/install-wasl /venv

# What is in the image, by name, version and licence, for scanners: CycloneDX.
FROM python:3.13-slim AS bill
WORKDIR /src
COPY deploy/image deploy/image
RUN deploy/image/install-bill-maker /bill-maker
COPY --from=build /venv /venv
COPY pyproject.toml ./
RUN deploy/image/write-bill /bill-maker /venv /wasl.cdx.json

FROM python:3.13-slim
# No pip and no build tools: nothing can be installed into a running container.
RUN python -m pip uninstall --yes pip \
    && rm -rf /usr/local/lib/python3.*/ensurepip \
    && useradd --system --uid 10001 --no-create-home wasl
COPY --from=build /venv /venv
COPY --from=bill /wasl.cdx.json /usr/share/sbom/wasl.cdx.json
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HTTP_HOST=0.0.0.0 \
    SPOOL_DIR=/var/lib/wasl/spool ERASURE_LOG=/var/lib/wasl/erasures/erasures.jsonl
# Mount volumes here. Deliveries wait in the first while Postgres is away; the second tells a restored
# backup whom to forget again, so it must not share the database's fate. Besides them only /tmp is written to.
RUN install --directory --owner=wasl --mode=0700 /var/lib/wasl/spool /var/lib/wasl/erasures
VOLUME ["/var/lib/wasl/spool", "/var/lib/wasl/erasures"]
WORKDIR /tmp
USER 10001
EXPOSE 8000 9101 9102
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --start-interval=2s CMD ["wasl", "healthcheck", "--live"]
ENTRYPOINT ["wasl"]
CMD ["http"]
ARG VERSION=dev REVISION=unknown CREATED=unknown SOURCE=unknown
LABEL org.opencontainers.image.title="Wasl" \
    org.opencontainers.image.description="The service that a Zid app runs" \
    org.opencontainers.image.licenses="MIT" \
    org.opencontainers.image.version="$VERSION" \
    org.opencontainers.image.revision="$REVISION" \
    org.opencontainers.image.created="$CREATED" \
    org.opencontainers.image.source="$SOURCE" \
    org.opencontainers.image.base.name="docker.io/library/python:3.13-slim"
