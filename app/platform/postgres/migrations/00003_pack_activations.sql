-- Which model pack served from when on, and who chose it.

-- +goose Up
create table pack_activations (
    id           bigint generated always as identity primary key,
    version      text not null,
    source       text not null, -- 'embedded' or the prefix of the pack in blob storage
    activated_by text not null,
    activated_at timestamptz not null default now(),
    rollback_of  bigint references pack_activations (id)
);

-- +goose Down
drop table pack_activations;
