package backup

import (
	"context"
	"strings"
	"time"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/ops/backup/pgclient"
)

// fitting appends a suffix to a name of a database. A name too long for that
// is shortened here, because PostgreSQL would cut the suffix off; a checksum
// keeps what begins alike apart.
func fitting(name, suffix string) string {
	if len(name)+len(suffix) > pgclient.LongestName {
		suffix = "_" + digestOf([]byte(name))[:8] + suffix
		name = strings.ToValidUTF8(name[:pgclient.LongestName-len(suffix)], "")
	}
	return name + suffix
}

const existsSQL = `select exists (select from pg_database where datname = $1)`

// free refuses a name that a restored database cannot have: fault.Invalid when
// it is too long, fault.Conflict when another database has it.
func (s *Service) free(ctx context.Context, name string) error {
	if len(name) > pgclient.LongestName {
		return fault.New(fault.Invalid, "the name of a database has %d bytes at most; %s has %d", pgclient.LongestName, name, len(name))
	}
	if strings.HasPrefix(name, scratchPrefix) {
		return fault.New(fault.Invalid, "names that begin with %s are those of databases that are dropped; choose another name", scratchPrefix)
	}
	conn, err := s.connect(ctx, "", "restore")
	if err != nil {
		return err
	}
	defer disconnect(ctx, conn)
	var exists bool
	if err := conn.QueryRow(ctx, existsSQL, name).Scan(&exists); err != nil {
		return fault.Wrap(fault.Unavailable, err, "databases cannot be listed")
	}
	if exists {
		return taken(name)
	}
	return nil
}

// freshName is the name that was asked for, else one after the backup's
// database and the time, which counts seconds.
func (s *Service) freshName(ctx context.Context, asked string, m Manifest, at time.Time) (string, error) {
	if asked != "" {
		return asked, s.free(ctx, asked)
	}
	for ; ; at = at.Add(time.Second) {
		name := fitting(m.Database.Name, at.Format("_20060102_150405"))
		if err := s.free(ctx, name); fault.CodeOf(err) != fault.Conflict {
			return name, err
		}
	}
}

func taken(name string) error {
	return fault.New(fault.Conflict, "there is a database %s already; choose another name", name)
}
