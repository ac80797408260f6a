package security

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
)

const (
	roleSQL = `select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
			inet_client_addr() is null, coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false)
		from pg_roles where rolname = current_user`
	// Roles that it may act as. A superuser may act as every role: nothing is
	// said by that.
	membersSQL = `select rolname, rolsuper from pg_roles
		where rolname <> current_user and pg_has_role(current_user, oid, 'member')
			and not (select rolsuper from pg_roles where rolname = current_user)
			and (rolsuper or rolname = any($1)) order by rolname`
	publicSQL = `select table_name, string_agg(lower(privilege_type), ', ' order by privilege_type) from information_schema.table_privileges
		where grantee = 'PUBLIC' and table_schema = 'public' group by table_name
		union all select 'schema public', 'create' where has_schema_privilege('public', 'public', 'create')
		order by 1`
)

// beyond lists roles whose rights the program has no use for.
func beyond() []string {
	return []string{
		"pg_execute_server_program", "pg_read_server_files", "pg_write_server_files",
		"pg_read_all_data", "pg_write_all_data", "pg_signal_backend", "pg_create_subscription",
		"rds_superuser", "rds_replication", "rds_password",
	}
}

// role reviews the rights of the role that the program is connected as. It
// needs its tables, the right to change them by migrations, and no more.
func (a *Auditor) role(ctx context.Context, _ *Report) ([]Finding, string, error) {
	broken := func(err error) error {
		return fault.Wrap(fault.Unavailable, err, "the rights of the database role cannot be read")
	}
	var name string
	var super, bypass, createRole, createDB, replication, local, encrypted bool
	err := a.deps.Pool.QueryRow(ctx, roleSQL).Scan(&name, &super, &bypass, &createRole, &createDB, &replication, &local, &encrypted)
	if err != nil {
		return nil, "", broken(err)
	}
	where := "database role " + name
	var findings []Finding
	add := func(is bool, severity contract.Severity, what, do string) {
		if is {
			findings = append(findings, Finding{Severity: severity, Where: where, What: what, Do: do})
		}
	}
	if super && local {
		add(true, contract.Info, "is a superuser, over a socket of this machine", "nothing, if this is the local instance of one developer")
	} else {
		add(super, contract.Warning, "is a superuser: whoever has its password has the whole server", "create a role that owns the database of the program only, and put it into DATABASE_URL")
	}
	if !super {
		add(bypass, contract.Warning, "bypasses row level security", "alter role "+name+" nobypassrls")
		add(createRole, contract.Warning, "may create roles, and so give itself rights", "alter role "+name+" nocreaterole")
		add(replication, contract.Warning, "may copy the whole server by replication", "alter role "+name+" noreplication")
		add(createDB, contract.Info, "may create databases", "nothing, if restore drills use it; else alter role "+name+" nocreatedb")
	}
	add(!local && !encrypted, contract.Warning, "is connected without encryption", "put sslmode=verify-full into DATABASE_URL")
	rows, err := a.deps.Pool.Query(ctx, membersSQL, beyond())
	if err != nil {
		return nil, "", broken(err)
	}
	var other string
	if _, err = pgx.ForEachRow(rows, []any{&other, &super}, func() error {
		severity := contract.Ticket
		if super || strings.HasSuffix(other, "superuser") || strings.Contains(other, "server") {
			severity = contract.Warning
		}
		add(true, severity, "may act as "+other, "revoke "+other+" from "+name)
		return nil
	}); err != nil {
		return nil, "", broken(err)
	}
	if rows, err = a.deps.Pool.Query(ctx, publicSQL); err != nil {
		return nil, "", broken(err)
	}
	var table, rights string
	if _, err = pgx.ForEachRow(rows, []any{&table, &rights}, func() error {
		findings = append(findings, Finding{
			Severity: contract.Warning, Where: table, What: "every role of the database has the right to " + rights,
			Do: fmt.Sprintf("revoke %s on %s from public", rights, table),
		})
		return nil
	}); err != nil {
		return nil, "", broken(err)
	}
	return findings, "connected as " + name, nil
}
