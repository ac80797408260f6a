-- What became of backups, verifications, drills and restores: for metrics and
-- reports. What may be deleted is decided by what lies in the bucket.

-- +goose Up
create table backup_results (
    id              bigint generated always as identity primary key,
    kind            text not null check (kind in ('backup', 'verification', 'drill', 'restore')),
    backup          text not null,
    ok              bool not null,
    started_at      timestamptz not null,
    finished_at     timestamptz not null,
    manifest_sha256 text not null, -- '' when there was no manifest
    report          jsonb not null
);

create index backup_results_newest on backup_results (kind, id);
create index backup_results_backup on backup_results (backup, id);

-- +goose Down
drop table backup_results;
