-- API keys: 256 random bits each, of which only the SHA-256 is kept.

-- +goose Up
create table api_keys (
    id           text primary key,
    name         text not null,
    role         text not null check (role in ('readonly', 'developer', 'operator')),
    hash         bytea not null unique,
    rate         double precision check (rate > 0), -- requests a second; null means the role's own
    created_at   timestamptz not null default now(),
    created_by   text not null,
    revoked_at   timestamptz,
    last_used_at timestamptz
);

-- +goose Down
drop table api_keys;
