-- Durable jobs: the tables that River v0.51 works on, what ran and how it
-- ended, the reports over it, and the alerts that the app was told of.

-- +goose Up

-- River's tables as its migrations 1 to 8 leave them; a test holds the two
-- together.
create type river_job_state as enum (
    'available', 'cancelled', 'completed', 'discarded', 'pending', 'retryable', 'running', 'scheduled'
);

create table river_job (
    id            bigserial primary key,
    state         river_job_state not null default 'available',
    attempt       smallint not null default 0,
    max_attempts  smallint not null default 25,
    attempted_at  timestamptz,
    created_at    timestamptz not null default now(),
    finalized_at  timestamptz,
    scheduled_at  timestamptz not null default now(),
    priority      smallint not null default 1,
    args          jsonb not null,
    attempted_by  text[],
    errors        jsonb[],
    kind          text not null,
    metadata      jsonb not null default '{}',
    queue         text not null default 'default',
    tags          varchar(255)[] not null default '{}',
    unique_key    bytea,
    unique_states bit(8),
    constraint finalized_or_finalized_at_null check (
        (finalized_at is null and state not in ('cancelled', 'completed', 'discarded')) or
        (finalized_at is not null and state in ('cancelled', 'completed', 'discarded'))
    ),
    constraint kind_length check (char_length(kind) > 0 and char_length(kind) < 128),
    constraint max_attempts_is_positive check (max_attempts > 0),
    constraint priority_in_range check (priority >= 1 and priority <= 4),
    constraint queue_length check (char_length(queue) > 0 and char_length(queue) < 128)
);

-- +goose StatementBegin
create function river_job_state_in_bitmask(bitmask bit(8), state river_job_state) returns boolean
language sql immutable as $$
    select case state
        when 'available' then get_bit(bitmask, 7)
        when 'cancelled' then get_bit(bitmask, 6)
        when 'completed' then get_bit(bitmask, 5)
        when 'discarded' then get_bit(bitmask, 4)
        when 'pending'   then get_bit(bitmask, 3)
        when 'retryable' then get_bit(bitmask, 2)
        when 'running'   then get_bit(bitmask, 1)
        when 'scheduled' then get_bit(bitmask, 0)
        else 0
    end = 1;
$$;
-- +goose StatementEnd

create index river_job_args_index on river_job using gin (args);
create index river_job_kind on river_job (kind);
create index river_job_metadata_index on river_job using gin (metadata);
create index river_job_prioritized_fetching_index on river_job (state, queue, priority, scheduled_at, id);
create index river_job_state_and_finalized_at_index on river_job (state, finalized_at) where finalized_at is not null;
create unique index river_job_unique_idx on river_job (unique_key)
    where unique_key is not null and unique_states is not null and river_job_state_in_bitmask(unique_states, state);

create unlogged table river_leader (
    elected_at timestamptz not null,
    expires_at timestamptz not null,
    leader_id  text not null,
    name       text primary key default 'default',
    constraint leader_id_length check (char_length(leader_id) > 0 and char_length(leader_id) < 128),
    constraint name_length check (name = 'default')
);

create table river_queue (
    name       text primary key,
    created_at timestamptz not null default now(),
    metadata   jsonb not null default '{}',
    paused_at  timestamptz,
    updated_at timestamptz not null default current_timestamp
);

create table river_notification (
    id         bigserial primary key,
    created_at timestamptz not null default now(),
    payload    text not null,
    topic      text not null,
    constraint topic_length check (length(topic) > 0 and length(topic) < 128)
);
create index river_notification_created_at_idx on river_notification (created_at);
create index river_notification_topic_id_idx on river_notification (topic, id);

-- One row for every job the program has ever declared.
create table jobs (
    name            text primary key,
    registered_at   timestamptz not null default now(),
    runnable        bool not null default false, -- whether the last worker of its queue that started can do it
    last_success_at timestamptz                  -- end of the last run that succeeded or had nothing to do
);

-- One row for every run of a job, whatever became of it.
create table job_runs (
    id             bigint generated always as identity primary key,
    name           text not null,
    run            text not null check (run in ('daily', 'weekly', 'manual')),
    scheduled_for  timestamptz not null,            -- of the period, or when it was asked for
    requested_by   text not null default '',        -- empty: the schedule
    queue          text not null,
    status         text not null default 'queued' check (status in (
                       'queued', 'running', 'retrying', 'interrupted',
                       'succeeded', 'skipped', 'failed', 'timed_out', 'cancelled')),
    attempt        int not null default 0,          -- how often it has begun
    failures       int not null default 0,          -- attempts that failed or timed out
    rescues        int not null default 0,          -- attempts whose worker died
    progress_done  bigint not null default 0,
    progress_total bigint not null default 0,       -- 0: unknown
    note           text not null default '',        -- what it does or waits for
    report         jsonb,
    error          text not null default '',
    worker         text not null default '',        -- who began the last attempt
    river_job      bigint,                          -- the queue entry that counts
    lease_until    timestamptz not null,            -- until then somebody sees to it
    created_at     timestamptz not null default now(),
    started_at     timestamptz,                     -- of the last attempt
    ended_at       timestamptz,
    unique (name, scheduled_for),
    check ((ended_at is null) = (status in ('queued', 'running', 'retrying', 'interrupted')))
);
create unique index job_runs_one_at_a_time on job_runs (name) where status = 'running';
create index job_runs_active on job_runs (lease_until) where ended_at is null;
create index job_runs_together on job_runs (run, scheduled_for);
create index job_runs_ended on job_runs (ended_at);

-- What a maintenance run found, all its jobs together.
create table maintenance_reports (
    id            bigint generated always as identity primary key,
    run           text not null check (run in ('daily', 'weekly')),
    scheduled_for timestamptz not null,
    status        text not null check (status in ('ok', 'warning', 'critical')),
    report        jsonb not null,
    created_at    timestamptz not null default now(),
    unique (run, scheduled_for)
);

-- Alerts as Alertmanager told them, each once however often it was told.
create table alerts (
    id            bigint generated always as identity primary key,
    fingerprint   text not null,
    starts_at     timestamptz not null,
    status        text not null check (status in ('firing', 'resolved')),
    ends_at       timestamptz,
    name          text not null,
    severity      text not null default '',
    labels        jsonb not null,
    annotations   jsonb not null,
    generator_url text not null default '',
    received_at   timestamptz not null default now(),
    updated_at    timestamptz not null default now(),
    unique (fingerprint, starts_at),
    check (status = 'firing' or ends_at is not null)
);
create index alerts_updated on alerts (updated_at);

-- +goose Down
drop table alerts;
drop table maintenance_reports;
drop table job_runs;
drop table jobs;
drop table river_notification;
drop table river_queue;
drop table river_leader;
drop table river_job;
drop function river_job_state_in_bitmask(bit, river_job_state);
drop type river_job_state;
