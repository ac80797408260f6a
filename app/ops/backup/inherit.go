package backup

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/script-ohio/platform/app/fault"
)

// inheritanceSQL gives the statements that have one database ($2) become as
// another ($1) where no dump tells: owner, rights, connection limit, comment
// and settings. The owner comes first, because rights come from the owner.
const inheritanceSQL = `with live as (select * from pg_database where datname = $1::text),
	settings as (
		select r.rolname as role, split_part(entry, '=', 1) as name, substr(entry, strpos(entry, '=') + 1) as value
		from live join pg_db_role_setting s on s.setdatabase = live.oid left join pg_roles r on r.oid = s.setrole, unnest(s.setconfig) entry
		where s.setrole = 0 or r.oid is not null),
	statements (n, what, statement) as (
		select 1, 'owner ' || rolname, format('alter database %I owner to %I', $2::text, rolname)
		from live join pg_roles r on r.oid = datdba where rolname <> current_user
		union all
		select 2, 'rights', concat_ws('; ', format('revoke all on database %I from public, %I', $2::text, pg_get_userbyid(datdba)), (
			select string_agg(format('grant %s on database %I to %s', privilege_type, $2::text,
				case grantee when 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end
				|| case when is_grantable then ' with grant option' else '' end), '; ')
			from aclexplode(datacl)))
		from live where datacl is not null
		union all
		select 3, 'connection limit', format('alter database %I connection limit %s', $2::text, datconnlimit) from live where datconnlimit >= 0
		union all
		select 4, 'comment', format('comment on database %I is %L', $2::text, shobj_description(oid, 'pg_database'))
		from live where shobj_description(oid, 'pg_database') is not null
		union all
		select 5, 'setting ' || name || coalesce(' of role ' || role, ''), case when role is null
			then format('alter database %I set %I to %s', $2::text, name, literal)
			else format('alter role %I in database %I set %I to %s', role, $2::text, name, literal) end
		from settings, lateral (select case
			when name in ('local_preload_libraries', 'search_path', 'session_preload_libraries', 'shared_preload_libraries', 'temp_tablespaces', 'unix_socket_directories')
			then coalesce((select string_agg(quote_literal(coalesce(replace(part[1], '""', '"'), part[2])), ', ' order by at)
				from regexp_matches(value, '"((?:[^"]|"")*)"|([^",\s]+)', 'g') with ordinality as parts (part, at)), quote_literal(''))
			else quote_literal(value) end) as quoted (literal))
	select what, statement from statements order by n, what`

// inherit has a restored database take over what belongs to the live one
// itself. What the role that we are may not give is told.
func (s *Service) inherit(ctx context.Context, conn *pgx.Conn, live, restored string) error {
	type step struct{ What, Statement string }
	var steps []step
	rows, err := conn.Query(ctx, inheritanceSQL, live, restored)
	if err == nil {
		steps, err = pgx.CollectRows(rows, pgx.RowToStructByPos[step])
	}
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "what belongs to database %s cannot be read", live)
	}
	var missing []string
	for _, do := range steps {
		why, err := attempt(ctx, conn, do.Statement)
		if err != nil {
			return err
		}
		if why != "" {
			missing = append(missing, do.What+": "+why)
		}
	}
	if len(missing) > 0 {
		s.Logger.WarnContext(ctx, "the restored database does not have all that the live one has: give it yourself", "database", live, "missing", missing)
	}
	return nil
}

// attempt executes statements, all or none, and says why PostgreSQL refused,
// without values. Anything else is an error.
func attempt(ctx context.Context, conn *pgx.Conn, statements string) (why string, err error) {
	_, err = conn.Exec(ctx, statements)
	refusal, refused := errors.AsType[*pgconn.PgError](err)
	switch {
	case err == nil:
		return "", nil
	case !refused || conn.IsClosed():
		return "", fault.Wrap(fault.Unavailable, err, "the restored database cannot be made as the live one is")
	case refusal.Code == "42501": // says what is not allowed
		return refusal.Message, nil
	}
	return "SQLSTATE " + refusal.Code, nil
}
