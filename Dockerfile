# syntax=docker/dockerfile:1
# One image for web, worker, beat and commands; docker-compose.yml says what each runs.

FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY pyproject.toml requirements.lock ./
# The lock is for development too. What production needs of it is installed at the versions and
# with the hashes that it gives, without the rest.
RUN python -m venv /lock \
    && sed -n '/^uv==/,/[^\\]$/p' requirements.lock > uv.lock \
    && /lock/bin/pip install --require-hashes -r uv.lock \
    && python -m venv /venv \
    && /lock/bin/uv pip install --python /venv/bin/python \
        --constraint requirements.lock --verify-hashes --requirement pyproject.toml

FROM python:3.12-slim
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PRODUCTION=on \
    STATIC_ROOT=/app/staticfiles \
    MEDIA_ROOT=/var/lib/countinghouse/media \
    BIND=0.0.0.0:8000
# Names in any script, on documents: what typst brings along ends with Greek and Cyrillic.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends fonts-noto-core fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin countinghouse \
    && install -d -o countinghouse -g countinghouse /var/lib/countinghouse/media
WORKDIR /app
COPY --from=build /venv /venv
COPY . .
# Collecting asks for settings, though for nothing secret and for no server.
RUN SECRET_KEY=unused DATABASE_URL=postgres://unused REDIS_URL=redis://unused \
    python manage.py collectstatic --no-input --verbosity 0
USER countinghouse
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["python", "-c", \
    "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["gunicorn", "--config", "python:config.gunicorn", "config.wsgi"]
