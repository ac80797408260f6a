package backup

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/ops/backup/envelope"
	"github.com/script-ohio/platform/app/ops/backup/pgclient"
)

const (
	// ownedSQL names what is ours in a restored database as pg_restore --list
	// does, and begins the statement that gives it away. Sequences of columns
	// go with their tables.
	ownedSQL = `with member as (select classid, objid from pg_depend where deptype = 'e')
		select 'SCHEMA - ' || nspname, format('alter schema %I', nspname) from pg_namespace n
		where nspowner = current_user::regrole and (n.tableoid, n.oid) not in (table member)
		union all
		select kind || ' ' || nspname || ' ' || relname, format('alter %s %I.%I', kind, nspname, relname)
		from pg_class c join pg_namespace n on n.oid = relnamespace, lateral (select case relkind
			when 'v' then 'VIEW' when 'm' then 'MATERIALIZED VIEW' when 'S' then 'SEQUENCE' when 'f' then 'FOREIGN TABLE' else 'TABLE' end) as k (kind)
		where relkind in ('r', 'p', 'v', 'm', 'S', 'f') and relowner = current_user::regrole and (c.tableoid, c.oid) not in (table member)
		and not exists (select from pg_depend d where d.classid = c.tableoid and d.objid = c.oid and relkind = 'S' and d.deptype in ('a', 'i') and d.refobjsubid > 0)
		union all
		select case prokind when 'p' then 'PROCEDURE ' when 'a' then 'AGGREGATE ' else 'FUNCTION ' end || nspname || ' ' || proname || '(' || types || ')',
			format('alter routine %I.%I(%s)', nspname, proname, types)
		from pg_proc p join pg_namespace n on n.oid = pronamespace, lateral (
			select coalesce(string_agg(format_type(type, null), ', ' order by at), '') from unnest(proargtypes) with ordinality as a (type, at)) as t (types)
		where proowner = current_user::regrole and (p.tableoid, p.oid) not in (table member)
		union all
		select kind || ' ' || nspname || ' ' || typname, format('alter %s %I.%I', kind, nspname, typname)
		from pg_type t join pg_namespace n on n.oid = typnamespace left join pg_class c on c.oid = typrelid,
			lateral (select case typtype when 'd' then 'DOMAIN' else 'TYPE' end) as k (kind)
		where typowner = current_user::regrole and (t.tableoid, t.oid) not in (table member) and (typtype in ('d', 'e', 'r') or relkind = 'c')`

	// Whom we give something must be one whose rights we have, else we could
	// not go on.
	rolesSQL = `select rolname::text, pg_has_role(oid, 'usage') from pg_roles`
	selfSQL  = `select current_user::text`
)

// disown gives what is in a restored database to the roles that the backup
// says own it, where they exist. All else stays ours, and that is told.
func (s *Service) disown(ctx context.Context, client pgclient.Client, m Manifest, o Object, database string) error {
	contents, err := s.contents(ctx, client, m.Name, o)
	if err != nil {
		return err
	}
	conn, err := s.connect(ctx, database, "owners")
	if err != nil {
		return err
	}
	defer disconnect(ctx, conn)
	owned, err := pairs[string](ctx, conn, ownedSQL)
	if err != nil {
		return err
	}
	roles, err := pairs[bool](ctx, conn, rolesSQL)
	if err != nil {
		return err
	}
	var self string
	if err := conn.QueryRow(ctx, selfSQL).Scan(&self); err != nil {
		return fault.Wrap(fault.Unavailable, err, "the database role cannot be read")
	}
	missing := map[string]int{} // objects by owner
	for _, line := range contents {
		object, owner := ownerIn(line, owned, roles)
		if object == "" || owner == self {
			continue
		}
		why := "not there, or not ours to act for"
		if roles[owner] {
			if why, err = attempt(ctx, conn, owned[object]+` owner to `+pgx.Identifier{owner}.Sanitize()); err != nil {
				return err
			}
		}
		if why != "" {
			missing[owner]++
		}
	}
	for _, owner := range slices.Sorted(maps.Keys(missing)) {
		s.Logger.WarnContext(ctx, "what a role owned is ours in the restored database: the role is not there, or we may not act for it",
			"role", owner, "objects", missing[owner])
	}
	return nil
}

// ownerIn finds an object of ours and its owner in "TABLE public games ohio",
// where each name may have spaces. An owner that exists is the likelier
// reading; where two are as likely, there is none.
func ownerIn(line string, owned map[string]string, roles map[string]bool) (object, owner string) {
	readings, exists := 0, false
	for i, r := range line {
		if r != ' ' || owned[line[:i]] == "" || line[i+1:] == "" {
			continue
		}
		_, there := roles[line[i+1:]]
		if there && !exists {
			readings, exists = 0, true
		}
		if there == exists {
			object, owner = line[:i], line[i+1:]
			readings++
		}
	}
	if readings != 1 {
		return "", ""
	}
	return object, owner
}

// contents lists what a dump has, schemas first. It reads no more of it than
// that takes.
func (s *Service) contents(ctx context.Context, client pgclient.Client, name string, o Object) (contents []string, err error) {
	source, err := s.stored(ctx, name, o)
	if err != nil {
		return nil, err
	}
	defer func() { _ = source.Close() }()
	dump, err := envelope.Open(source, o.Compression, o.Encryption, s.Keys)
	if err != nil {
		return nil, fault.Wrap(fault.CodeOf(err), err, "%s cannot be opened", o.Key)
	}
	defer dump.Close()
	var list bytes.Buffer
	err = client.Run(ctx, pgclient.Call{Program: pgclient.Restore, Args: []string{"--format=custom", "--list"}, In: dump, Out: &list})
	if err != nil {
		return nil, fault.Wrap(fault.CodeOf(err), err, "the contents of %s cannot be listed", o.Key)
	}
	var others []string
	for line := range strings.Lines(list.String()) {
		// 3385; 1259 16402 TABLE public games ohio
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 4)
		switch {
		case len(fields) < 4 || fields[0] == ";":
		case strings.HasPrefix(fields[3], "SCHEMA "):
			contents = append(contents, fields[3])
		default:
			others = append(others, fields[3])
		}
	}
	return append(contents, others...), nil
}

// pairs reads a query of two columns.
func pairs[V any](ctx context.Context, conn *pgx.Conn, sql string) (map[string]V, error) {
	all := map[string]V{}
	var key string
	var value V
	rows, err := conn.Query(ctx, sql)
	if err == nil {
		_, err = pgx.ForEachRow(rows, []any{&key, &value}, func() error { all[key] = value; return nil })
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "owners cannot be read")
	}
	return all, nil
}
