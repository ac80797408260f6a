-- Runs that somebody asked for with arguments; the backups as the worker that
-- may look into their bucket last saw them, for those that may not; and
-- notifications with a page of their own for mail.

-- +goose Up
alter table job_runs add column arguments jsonb;

create table backup_catalog (
    name     text primary key,
    began_at timestamptz not null,
    entry    jsonb not null,
    manifest jsonb -- null when there is none that can be trusted
);
create index backup_catalog_newest on backup_catalog (began_at desc);

-- When it was last looked, in one row.
create table backup_catalog_seen (
    only_one bool primary key default true check (only_one),
    at       timestamptz not null
);

alter table notifications add column html text not null default '';

-- +goose Down
alter table notifications drop column html;
drop table backup_catalog_seen;
drop table backup_catalog;
alter table job_runs drop column arguments;
