#!/bin/sh
# Runs once, when the database is empty: the role that serves, beside the owner that migrates.
set -eu
psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" -v password="$APP_PASSWORD" <<'SQL'
CREATE ROLE quanyi_app LOGIN PASSWORD :'password';
SQL
