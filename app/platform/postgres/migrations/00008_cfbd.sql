-- What the College Football Data API was asked this month, and its last answers.

-- +goose Up
create table cfbd_budget (
    month date primary key check (extract(day from month) = 1),
    spent int not null check (spent > 0) -- requests
);

create table cfbd_answers (
    question text primary key, -- path and query
    etag     text not null,
    body     bytea not null,
    used_at  timestamptz not null default now()
);
create index cfbd_answers_used on cfbd_answers (used_at);

-- +goose Down
drop table cfbd_answers;
drop table cfbd_budget;
