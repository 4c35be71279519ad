#!/bin/sh
# Runs init.sql inside the official image's first start, with passwords from the environment.
set -eu
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" \
    -v owner_password="$OWNER_PASSWORD" -v app_password="$APP_PASSWORD" -f /wasl/init.sql
