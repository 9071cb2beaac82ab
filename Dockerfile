# The daemon in a container: built in one stage, run in another that holds no tools, as nobody special.
FROM python:3.12-slim AS build
WORKDIR /build
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN python -m venv /opt/aitrader \
    && /opt/aitrader/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY src src
COPY examples examples
RUN /opt/aitrader/bin/pip install --no-cache-dir --no-deps . \
    && /opt/aitrader/bin/python -m compileall -q /opt/aitrader/lib

FROM python:3.12-slim
RUN useradd --system --uid 10001 --create-home --home-dir /data aitrader
COPY --from=build /opt/aitrader /opt/aitrader
ENV PATH=/opt/aitrader/bin:$PATH \
    AITRADER_DATA_FOLDER=/data \
    API_HOST=0.0.0.0 \
    PORT=8080 \
    LOG_FORMAT=json
USER aitrader
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health', timeout=4)"]
ENTRYPOINT ["aitrader"]
CMD ["--daemon"]
