-- Notifications: accepted in the transaction of what they tell of, delivered
-- afterwards, each channel for itself.

-- +goose Up
create table notifications (
    id          bigint generated always as identity primary key,
    key         text not null,               -- what it is about; the same key soon again is a repeat
    kind        text not null,
    severity    text not null check (severity in ('critical', 'warning', 'ticket', 'info')),
    resolved    bool not null default false, -- the matter is over
    title       text not null,
    body        text not null default '',
    link        text not null default '',
    fields      jsonb not null default '{}', -- names and values, both text
    accepted_at timestamptz not null,
    routed_at   timestamptz,                 -- null: nobody has looked at it yet
    repeats     int not null default 0       -- how often it came again and was not told again
);
create index notifications_accepted on notifications (id) where routed_at is null;
create index notifications_key on notifications (key, id desc) where routed_at is not null;
create index notifications_age on notifications (accepted_at);

-- One row for every channel that a notification goes to. Those that are dead
-- wait for a person.
create table notification_deliveries (
    id              bigint generated always as identity primary key,
    notification_id bigint not null references notifications (id) on delete cascade,
    channel         text not null,
    instead_of      text not null default '', -- the channel it was meant for, when that is not configured
    key             text not null,            -- of the notification
    state           text not null default 'pending' check (state in ('pending', 'held', 'digested', 'sent', 'dead')),
    digest          bool not null default false,                                       -- it sums up others,
    digest_id       bigint references notification_deliveries (id) on delete cascade, -- which point at it
    attempts        int not null default 0,
    queued_at       timestamptz not null,     -- or asked for again
    next_at         timestamptz not null,     -- of the next attempt
    tried_at        timestamptz,              -- last attempt
    ended_at        timestamptz,
    error           text not null default '', -- of the last attempt
    check ((digest_id is not null) = (state in ('held', 'digested')))
);
create index notification_deliveries_due on notification_deliveries (channel, next_at, id) where state = 'pending';
create index notification_deliveries_key on notification_deliveries (channel, key, id);
create index notification_deliveries_waiting on notification_deliveries (channel) where state in ('pending', 'held');
create index notification_deliveries_tried on notification_deliveries (channel, tried_at) where tried_at is not null;
create index notification_deliveries_dead on notification_deliveries (id) where state = 'dead';
create index notification_deliveries_members on notification_deliveries (digest_id) where digest_id is not null;
create index notification_deliveries_of on notification_deliveries (notification_id);

-- What came when too much waited for a channel already: counted only.
create table notification_overflow (
    id        bigint generated always as identity primary key,
    channel   text not null,
    kind      text not null,
    severity  text not null,
    count     bigint not null,
    first_at  timestamptz not null,
    last_at   timestamptz not null,
    digest_id bigint references notification_deliveries (id) on delete cascade -- null: in no digest yet
);
create unique index notification_overflow_open on notification_overflow (channel, kind, severity) where digest_id is null;
create index notification_overflow_members on notification_overflow (digest_id) where digest_id is not null;

-- Who has the row's lock does the work: one sender for each channel, one router.
create table notification_lanes (
    name         text primary key,
    failures     int not null default 0, -- of the channel in a row
    paused_until timestamptz             -- no attempt before
);

-- +goose Down
drop table notification_lanes;
drop table notification_overflow;
drop table notification_deliveries;
drop table notifications;
