# rowcast in a small image: `docker build .` gives the command alone, `--target demo` adds what the demo of docker-compose.yml needs.
FROM python:3.11-slim AS build
WORKDIR /src
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.lock requirements-dev.lock ./
RUN python -m venv /opt/rowcast \
    && /opt/rowcast/bin/pip install --require-hashes --only-binary :all: -r requirements.lock \
    && python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes --only-binary :all: -r requirements-dev.lock
COPY pyproject.toml README.md LICENSE ./
COPY connector connector
COPY sinks sinks
COPY schemas schemas
RUN /opt/build/bin/python -m build --wheel --no-isolation --outdir /dist . \
    && /opt/rowcast/bin/pip install --no-index --no-deps /dist/*.whl

FROM python:3.11-slim AS base
RUN useradd --system --uid 10001 --create-home rowcast
COPY --from=build /opt/rowcast /opt/rowcast
ENV PATH=/opt/rowcast/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /home/rowcast
USER rowcast

FROM base AS demo
COPY tools /opt/demo/tools
ENV PYTHONPATH=/opt/demo
ENTRYPOINT ["rowcast"]
CMD ["demo"]

FROM base AS runtime
ENTRYPOINT ["rowcast"]
CMD ["--help"]
