package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/ops/backup/pgclient"
)

// A scratch database is filled from a backup out of everybody's sight. Its
// name tells for which database, so that the next run, which has that
// database's lock, knows that nobody is at it any more.
const scratchPrefix = "ohio_scratch_"

const (
	ownPrefixSQL = `select $1::text || oid || '_' from pg_database where datname = current_database()`
	orphansSQL   = `select datname from pg_database where starts_with(datname, $1)`
)

func scratchPrefixOf(ctx context.Context, conn *pgx.Conn) (prefix string, err error) {
	if err = conn.QueryRow(ctx, ownPrefixSQL, scratchPrefix).Scan(&prefix); err != nil {
		err = fault.Wrap(fault.Unavailable, err, "the database cannot be identified")
	}
	return prefix, err
}

// sweep drops the scratch databases that a killed program left. The caller has
// the lock.
func (s *Service) sweep(ctx context.Context, conn *pgx.Conn) error {
	prefix, err := scratchPrefixOf(ctx, conn)
	if err != nil {
		return err
	}
	rows, err := conn.Query(ctx, orphansSQL, prefix)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "databases cannot be listed")
	}
	orphans, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "databases cannot be listed")
	}
	for _, name := range orphans {
		s.Logger.WarnContext(ctx, "a database left by an interrupted restore or drill is dropped", "database", name)
		// A stalled dump of any database on the server can make it wait.
		dropping, cancel := context.WithTimeout(ctx, dropTimeout)
		err := dropDatabase(dropping, conn, name)
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

func dropDatabase(ctx context.Context, conn *pgx.Conn, name string) error {
	if _, err := conn.Exec(ctx, `drop database if exists `+pgx.Identifier{name}.Sanitize()+` with (force)`); err != nil {
		return fault.Wrap(fault.Unavailable, err, "database %s cannot be dropped", name)
	}
	return nil
}

// scratch makes an empty database as the backup's was, and gives its name.
func (s *Service) scratch(ctx context.Context, conn *pgx.Conn, m Manifest) (string, error) {
	prefix, err := scratchPrefixOf(ctx, conn)
	if err != nil {
		return "", err
	}
	name := prefix + strconv.FormatInt(s.Clock().UnixNano(), 36)
	sql := fmt.Sprintf(`create database %s template template0 encoding %s lc_collate %s lc_ctype %s %s`,
		pgx.Identifier{name}.Sanitize(), literal(m.Database.Encoding), literal(m.Database.Collate), literal(m.Database.CType), m.Database.provider())
	_, err = conn.Exec(ctx, sql)
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok && refusal.Code == "42501" {
		return "", fault.Wrap(fault.Forbidden, err, "the database role may not create databases, which a restore needs: alter role ... createdb")
	}
	if err != nil {
		return "", fault.Wrap(fault.Unavailable, err, "no database to restore into can be made")
	}
	return name, nil
}

// provider has a new database sort as this one does. Without a word it is
// template0 that decides.
func (s Snapshot) provider() string {
	switch s.Provider {
	case "c":
		return `locale_provider libc`
	case "i":
		sql := `locale_provider icu icu_locale ` + literal(s.Locale)
		if s.Rules != "" {
			sql += ` icu_rules ` + literal(s.Rules)
		}
		return sql
	case "b":
		return `locale_provider builtin builtin_locale ` + literal(s.Locale)
	}
	return ""
}

// literal quotes a string for SQL that takes no parameters.
func literal(text string) string {
	quoted := `'`
	for _, r := range text {
		if r == '\'' {
			quoted += `'`
		}
		quoted += string(r)
	}
	return quoted + `'`
}

// fill restores a backup's database into an empty one: all of it or, when
// something is wrong, nothing that the caller should keep. grants also gives
// ownership and rights to the roles that had them.
func (s *Service) fill(ctx context.Context, m Manifest, database string, grants bool, p Progress) error {
	part, ok := m.Part(Database)
	if !ok || m.Database == nil || len(part.Objects) != 1 {
		return fault.New(fault.Conflict, "%s holds no database", m.Name)
	}
	client, err := pgclient.Find(ctx, max(m.Database.ServerMajor, clientMajor(m)))
	if err != nil {
		return err
	}
	target := s.target.Database(database)
	args := []string{"--format=custom", "--dbname=" + database, "--no-password", "--no-owner", "--exit-on-error", "--single-transaction"}
	if !grants {
		args = append(args, "--no-privileges")
	}
	err = s.read(ctx, m.Name, part.Objects[0], p, func(dump io.Reader) error {
		err := client.Run(ctx, pgclient.Call{Program: pgclient.Restore, Args: args, Target: &target, In: dump})
		if role := missingRole(err); role != "" {
			return noRole(role, grants)
		}
		if err != nil && ctx.Err() == nil && fault.CodeOf(err) == fault.Unavailable {
			return damage("restore", "the dump cannot be restored: %v", err)
		}
		return err
	})
	if err != nil || !grants {
		return err
	}
	return s.disown(ctx, client, m, part.Objects[0], database)
}

var roleMissing = regexp.MustCompile(`role "(.+?)" does not exist`)

// missingRole is the role that an error says is not on the server, else "".
func missingRole(err error) string {
	if err == nil {
		return ""
	}
	if m := roleMissing.FindStringSubmatch(err.Error()); m != nil {
		return m[1]
	}
	return ""
}

// noRole is no damage: the backup is as it was, the server is not.
func noRole(role string, grants bool) error {
	create := "create role " + pgx.Identifier{role}.Sanitize() + " nologin"
	if grants {
		return fault.New(fault.Conflict, "the backup gives something to role %q, which is not on this server: %s, and try again; a restore with --database gives no rights", role, create)
	}
	return fault.New(fault.Conflict, "a policy of the backup names role %q, which is not on this server: %s, and try again", role, create)
}

// inspect describes a restored database.
func (s *Service) inspect(ctx context.Context, database string) (restored Snapshot, err error) {
	conn, err := s.connect(ctx, database, "inspect")
	if err != nil {
		return restored, err
	}
	defer disconnect(ctx, conn)
	if _, err := conn.Exec(ctx, `analyze`); err != nil {
		return restored, fault.Wrap(fault.Unavailable, err, "the statistics of %s cannot be made", database)
	}
	if restored, err = readHead(ctx, conn); err != nil {
		return restored, fault.Wrap(fault.Unavailable, err, "%s cannot be read", database)
	}
	return restored, describe(ctx, conn, &restored)
}

// pool opens a restored database as the program opens its own.
func (s *Service) pool(ctx context.Context, database string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(s.DatabaseURL)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the database URL cannot be read")
	}
	config.MaxConns = 4
	config.ConnConfig.Database = database
	config.ConnConfig.RuntimeParams["application_name"] = sessionName + "try"
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "%s cannot be opened", database)
	}
	return pool, nil
}

// dropAlways drops a scratch database though the caller may have been
// interrupted.
func (s *Service) dropAlways(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dropTimeout)
	defer cancel()
	conn, err := s.connect(ctx, "", "drop")
	if err != nil {
		return err
	}
	defer disconnect(ctx, conn)
	return dropDatabase(ctx, conn, name)
}

const dropTimeout = time.Minute
