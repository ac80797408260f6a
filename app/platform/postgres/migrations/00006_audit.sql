-- Who changed what, when and from where: append-only, each row bound to the
-- one before it by its hash.

-- +goose Up
create table audit_log (
    seq          bigint primary key check (seq > 0), -- without gaps
    at           timestamptz not null,
    actor_id     text not null, -- of an API key, or 'system'
    actor_name   text not null,
    actor_role   text not null,
    client_ip    text not null default '',
    action       text not null, -- such as key.revoke
    subject_type text not null,
    subject_id   text not null,
    before       jsonb,
    after        jsonb,
    request_id   text not null default '',
    prev         bytea not null check (length(prev) = 32), -- hash of the row before
    hash         bytea not null check (length(hash) = 32)  -- SHA-256 over prev and all of this row
);
create index audit_log_at on audit_log (at);
create index audit_log_subject on audit_log (subject_type, subject_id, seq);
create index audit_log_actor on audit_log (actor_id, seq);

-- +goose StatementBegin
create function audit_log_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'audit_log takes new rows only: % is refused', tg_op using errcode = 'insufficient_privilege';
end;
$$;
-- +goose StatementEnd
create trigger audit_log_append_only before update or delete or truncate on audit_log
    for each statement execute function audit_log_refuse();
-- Also while triggers are off for replication or a restore.
alter table audit_log enable always trigger audit_log_append_only;

-- +goose Down
drop table audit_log;
drop function audit_log_refuse();
