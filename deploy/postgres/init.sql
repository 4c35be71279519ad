-- Roles and extensions, once per database server, as a superuser.
-- Set the passwords: psql -v owner_password=… -v app_password=… -f init.sql
\set ON_ERROR_STOP on

CREATE ROLE wasl_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE wasl_app LOGIN PASSWORD :'app_password';
CREATE DATABASE wasl OWNER wasl_owner;

\connect wasl
CREATE EXTENSION IF NOT EXISTS pg_trgm;
-- Only the owner makes tables; migrations grant wasl_app what it needs.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT ALL ON SCHEMA public TO wasl_owner;
