# One image for the web process and the worker: docker build .
# Three ends: `production`, the default; `development`, the same with what the tests need; `backup`, the same with PostgreSQL's own programs.

FROM python:3.13-slim AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/opt/venv/bin:$PATH
WORKDIR /app

# --- Packages, each with the hash that the lock file says ----------------------------------------------------------------

FROM base AS packages
COPY requirements.txt .
RUN python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python install --quiet --no-cache-dir --disable-pip-version-check --no-compile --require-hashes -r requirements.txt \
    && python -m compileall -q -j 0 /opt/venv

FROM packages AS packages-with-tests
COPY requirements-dev.txt .
RUN pip --python /opt/venv/bin/python install --quiet --no-cache-dir --disable-pip-version-check --require-hashes -r requirements-dev.txt

# --- The sources, and the static files under their hashed names ----------------------------------------------------------

FROM packages AS sources
COPY . .
# DEBUG=False without a database: nothing is connected to, no mail is sent, and the key signs nothing.
RUN DEBUG=False DJANGO_SECRET_KEY=only-while-the-image-is-made-and-never-after EMAIL_HOST=nowhere python manage.py collectstatic --noinput --verbosity 0 \
    && rm -f var/*.sqlite3* \
    && python -m compileall -q -j 0 accounts eventflow events tickets \
    && chmod -R a+rX,go-w .

FROM sources AS sources-without-tests
RUN rm -rf tests bench requirements-dev.*

# --- What all ends are ----------------------------------------------------------------------------------------------------

FROM base AS runtime
# Nobody installs anything in a running container.
RUN pip uninstall --quiet --yes --root-user-action ignore pip \
    && groupadd --gid 10001 eventflow \
    && useradd --uid 10001 --gid 10001 --home-dir /tmp --no-create-home --shell /usr/sbin/nologin eventflow
# DEBUG=False: in a container nobody just tries EventFlow out, so nothing is made up that was not set.
ENV HOST=0.0.0.0 HOME=/tmp DEBUG=False
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --start-interval=1s --retries=3 CMD ["python", "docker/healthy.py"]
CMD ["python", "manage.py", "serve", "--migrate"]

FROM runtime AS development
RUN apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends \
        chromium chromium-headless-shell curl gettext poppler-utils postgresql redis-server zbar-tools >/dev/null \
    && rm -rf /var/lib/apt/lists/* /var/log/*.log /var/log/apt
COPY --from=packages-with-tests /opt/venv /opt/venv
COPY --from=sources /app /app
# What a plain `pytest` needs to know here: tests/support/in_container.py.
ENV PYTEST_ADDOPTS="-p tests.support.in_container -n 2 --no-loadscope-reorder -o cache_dir=/tmp/.pytest_cache --tb=short" \
    HYPOTHESIS_STORAGE_DIRECTORY=/tmp/.hypothesis PYTHONPATH=/app
USER 10001:10001

FROM runtime AS backup
RUN apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends postgresql-client >/dev/null \
    && rm -rf /var/lib/apt/lists/* /var/log/*.log /var/log/apt
COPY --from=packages /opt/venv /opt/venv
COPY --from=sources-without-tests /app /app
# A volume that is empty takes its owner from here.
RUN install -d -o 10001 -g 10001 -m 700 /backups
HEALTHCHECK NONE
USER 10001:10001

FROM runtime AS production
COPY --from=packages /opt/venv /opt/venv
COPY --from=sources-without-tests /app /app
USER 10001:10001
