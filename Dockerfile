# The shop's image: web, worker and beat run from it with different commands.
FROM python:3.11.14-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
COPY requirements/uv.txt requirements/production.txt ./
RUN python -m venv --without-pip /opt/venv \
 && python -m pip install --require-hashes -r uv.txt \
 && uv pip sync --python /opt/venv/bin/python --require-hashes production.txt

FROM python:3.11.14-slim-bookworm
RUN groupadd --gid 10001 quanyi && useradd --uid 10001 --gid quanyi --no-create-home --shell /usr/sbin/nologin quanyi
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=config.settings STATIC_ROOT=/srv/static STATE_DIR=/srv/state \
    PROMETHEUS_MULTIPROC_DIR=/tmp/metrics
COPY --from=build /opt/venv /opt/venv
WORKDIR /srv/quanyi
COPY . .
# Catalogs and static files are part of the image; the key only satisfies the settings while building.
RUN python -m launcher.translations \
 && SECRET_KEY=building python manage.py collectstatic --noinput -v0 \
 && mkdir -p /srv/state && chown quanyi:quanyi /srv/state
USER quanyi
VOLUME /srv/state
EXPOSE 8000
ENTRYPOINT ["deploy/entrypoint"]
CMD ["web"]
