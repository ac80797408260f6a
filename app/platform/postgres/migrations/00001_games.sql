-- Games and the counter that tells a reader whether they changed.

-- +goose Up
create table games (
    id              bigint primary key,
    season          int not null,
    week            int not null,
    season_type     text not null check (season_type in ('regular', 'postseason')),
    start_date      timestamptz not null,
    neutral_site    bool not null,
    conference_game bool not null,
    home_team       text not null,
    home_conference text not null,
    home_division   text not null,
    home_points     int check (home_points >= 0),
    away_team       text not null,
    away_conference text not null,
    away_division   text not null,
    away_points     int check (away_points >= 0),
    spread          double precision, -- points; negative when the home team is favoured
    total_line      double precision, -- points of both teams together
    updated_at      timestamptz not null default now(),
    check (home_team <> away_team),
    check ((home_points is null) = (away_points is null))
);

create index games_week on games (season, season_type, week);
create index games_start on games (start_date, id);
create index games_home on games (home_team, start_date);
create index games_away on games (away_team, start_date);

-- One row: a writer adds one in the transaction that changes games.
create table games_revision (
    id       bool primary key default true check (id),
    revision bigint not null
);
insert into games_revision (revision) values (0);

-- +goose Down
drop table games_revision;
drop table games;
