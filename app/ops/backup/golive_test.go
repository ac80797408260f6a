package backup

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
)

// roles makes roles that go with the test, and gives their names.
func (w *world) roles(names ...string) (made []any) {
	w.t.Helper()
	for _, name := range names {
		role := name + " of " + w.name()
		w.exec(fmt.Sprintf(`create role %q`, role))
		w.t.Cleanup(func() {
			w.exec(fmt.Sprintf(`do $$ begin if exists (select from pg_roles where rolname = '%[1]s') then
				reassign owned by %[1]q to current_user; drop owned by %[1]q cascade; drop role %[1]q; end if; end $$`, role))
		})
		made = append(made, role)
	}
	return made
}

// belongings tells what belongs to a database itself.
func (w *world) belongings(database string) string {
	w.t.Helper()
	return w.query("", fmt.Sprintf(`select concat_ws(E'\n', pg_get_userbyid(datdba), datconnlimit, shobj_description(d.oid, 'pg_database'),
		(select string_agg(a.item, ' ' order by a.item) from (select unnest(datacl)::text as item) a),
		(select string_agg(coalesce(r.rolname, '*') || ': ' || (select array_agg(c order by c) from unnest(setconfig) c)::text, E'\n' order by r.rolname) from
			pg_db_role_setting s left join pg_roles r on r.oid = setrole where setdatabase = d.oid))
		from pg_database d where datname = '%s'`, database))
}

// What no dump has, the restored database takes over from the live one; what
// the dump says of owners comes back where the roles do.
func TestGoingLiveKeepsWhatBelongsToTheDatabase(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		roles := w.roles("app", "reader", "gone")
		w.exec(fmt.Sprintf(`create table "Odd Schema"."a b" (id serial primary key); alter table "Odd Schema"."a b" owner to %[1]q;
			alter table games owner to %[1]q; alter view winners owner to %[2]q; alter materialized view seasons owner to %[1]q;
			alter function points(int) owner to %[1]q; alter schema "Odd Schema" owner to %[1]q; alter type "Odd Schema".mood owner to %[2]q;
			alter table parts_old owner to %[3]q; alter table nothing owner to %[1]q; grant select on games to %[2]q`, roles...))
		m := w.created()
		w.exec(fmt.Sprintf(`drop table nothing; reassign owned by %[1]q to current_user; drop role %[1]q`, roles[2]))
		w.exec(fmt.Sprintf(`revoke all on database %[1]q from public; grant connect on database %[1]q to %[3]q with grant option;
			alter database %[1]q owner to %[2]q; revoke temporary on database %[1]q from %[2]q; alter database %[1]q connection limit 77;
			comment on database %[1]q is 'it''s \ "ours"'; alter database %[1]q set search_path to "$user", public, "Odd ""Schema"; alter database %[1]q set work_mem to '5MB';
			alter database %[1]q set "ohio.note" to 'a=b, "c" ''d'' \'; alter role %[3]q in database %[1]q set statement_timeout to '9s';
			alter role %[3]q in database %[1]q set search_path to ''`, append([]any{w.name()}, roles[:2]...)...))
		had := w.belongings(w.name())
		for _, part := range []string{"app of", "77", "=c*", "ohio.note", "reader of " + w.name() + ": ", "statement_timeout=9s", "Odd"} {
			require.Contains(t, had, part)
		}
		w.clock.move(time.Hour)
		r, err := w.Restore(t.Context(), m.Name, RestoreOptions{IntoLive: true}, quiet)
		require.NoError(t, err, w.log.String())
		w.dropAfter(r.Replaced)
		require.Equal(t, had, w.belongings(w.name()))
		require.Equal(t, had, w.belongings(r.Replaced))

		us, app, reader := w.query("", `select current_user`), roles[0], roles[1]
		for object, owner := range map[string]any{
			"public.games": app, "public.nothing": app, "public.nothing_id_seq": app, "public.seasons": app, "public.winners": reader,
			`"Odd Schema"."a b"`: app, "public.parts_old": us, "public.parts_new": us,
		} {
			require.Equal(t, owner, w.query("", fmt.Sprintf(`select pg_get_userbyid(relowner) from pg_class where oid = '%s'::regclass`, object)), object)
		}
		require.Equal(t, app, w.query("", `select pg_get_userbyid(proowner) from pg_proc where proname = 'points'`))
		require.Equal(t, app, w.query("", `select pg_get_userbyid(nspowner) from pg_namespace where nspname = 'Odd Schema'`))
		require.Equal(t, reader, w.query("", `select pg_get_userbyid(typowner) from pg_type where typname = 'mood'`))
		require.Equal(t, "true", w.query("", fmt.Sprintf(`select has_table_privilege('%s', 'public.games', 'select')`, reader)))
		require.Contains(t, w.log.String(), fmt.Sprintf(`role=%q objects=1`, roles[2]))
		require.Equal(t, 1, strings.Count(w.log.String(), "what a role owned"), w.log.String())
		require.NotContains(t, w.log.String(), "does not have all")
	})
}

// Who may not give everything gives what he may, and says what is missing.
func TestWhatMayNotBeTakenOverIsTold(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		roles := w.roles("lesser", "other")
		restored := w.name() + "_restored"
		w.exec(fmt.Sprintf(`create database %q owner %q`, restored, roles[0]))
		w.dropAfter(restored)
		w.exec(fmt.Sprintf(`alter database %[1]q owner to %[3]q; alter database %[1]q connection limit 77; revoke connect on database %[1]q from public;
			alter role %[3]q in database %[1]q set work_mem to '5MB'; alter database %[1]q set log_statement to 'ddl'; comment on database %[1]q is 'ours'`,
			append([]any{w.name()}, roles...)...))
		conn, err := w.connect(t.Context(), maintenance, "test")
		require.NoError(t, err)
		defer disconnect(t.Context(), conn)
		_, err = conn.Exec(t.Context(), `set role `+pgx.Identifier{roles[0].(string)}.Sanitize())
		require.NoError(t, err)
		require.NoError(t, w.inherit(t.Context(), conn, w.name(), restored))
		has := w.belongings(restored)
		require.Contains(t, has, "77\nours")
		require.Contains(t, has, " =T/", "the public may not connect")
		require.NotContains(t, has, "work_mem")
		for _, missing := range []string{"owner other of", "setting work_mem of role other of", "setting log_statement: permission denied"} {
			require.Contains(t, w.log.String(), missing)
		}
		require.NotContains(t, w.log.String(), "5MB")
		require.NotContains(t, w.log.String(), "connection limit")
	})
}

// The name that PostgreSQL gives is the one that is told.
func TestLongNamesOfReplacedDatabases(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		at := w.clock.now()
		seen := map[string]bool{}
		for _, live := range []string{
			"ohio", strings.Repeat("x", 40), strings.Repeat("x", 41), strings.Repeat("x", 62), strings.Repeat("x", 63), strings.Repeat("x", 30) + strings.Repeat("ü", 16),
		} {
			name := fitting(live, at.Format("_before_20060102_150405"))
			require.LessOrEqual(t, len(name), 63)
			require.Equal(t, name, w.query("", `select '`+name+`'::name`), "whole characters")
			require.True(t, strings.HasSuffix(name, at.Format("_before_20060102_150405")))
			if len(live) <= 40 {
				require.True(t, strings.HasPrefix(name, live+"_before_"))
			}
			require.False(t, seen[name], name)
			seen[name] = true
		}
		long := w.name() + strings.Repeat("_long", 10)
		w.exec(fmt.Sprintf(`create database %q template template0`, long))
		t.Cleanup(func() { w.exec(fmt.Sprintf(`drop database if exists %q with (force)`, long)) })
		other := w.service(strings.Replace(w.DatabaseURL, "/"+w.name(), "/"+long, 1), w.Options)
		m := w.created()
		w.clock.move(time.Hour)
		r, err := other.Restore(t.Context(), m.Name, RestoreOptions{IntoLive: true}, quiet)
		require.NoError(t, err, w.log.String())
		w.dropAfter(r.Replaced)
		require.Equal(t, r.Replaced, w.databases(r.Replaced))
	})
}

func TestFullDiskKeepsObjectsThatWereThere(t *testing.T) {
	everywhereOn(t, smallDisk, func(t *testing.T, w *world) {
		m := w.created()
		require.NoError(t, w.Mark(t.Context(), m.Name, "tester", "an audit"))
		before, kept := w.keys(), w.readAll(m.Name+"/"+keepName)
		giveBack := w.fill()
		require.Equal(t, fault.Unavailable, fault.CodeOf(w.put(t.Context(), m.Name, keepName, []byte(strings.Repeat("y", 100_000)))))
		giveBack()
		require.Equal(t, before, w.keys(), "nothing half-written stays")
		require.Equal(t, kept, w.readAll(m.Name+"/"+keepName))
		w.noUploads()
	})
}
