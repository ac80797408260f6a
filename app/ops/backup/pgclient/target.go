package pgclient

import (
	"cmp"
	"net"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/script-ohio/platform/app/fault"
)

// Target is a database as the client programs are told of it: through their
// environment, which no other user can read.
type Target struct {
	environ  []string // all but the database
	host     string
	port     uint16
	database string
}

// security are the settings of a connection that only libpq knows how to read
// from its environment; those of the URL go before those of our own
// environment.
var security = []string{"sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "sslsni", "channel_binding", "krbsrvname", "gssencmode", "target_session_attrs"}

// ParseTarget reads a connection string as the pool does. One that cannot be
// read is fault.Invalid, and no part of it is told.
func ParseTarget(connection string) (Target, error) {
	config, err := pgx.ParseConfig(connection)
	if err != nil {
		return Target{}, fault.New(fault.Invalid, "the database URL cannot be read; want postgres://user:password@host:port/database")
	}
	t := Target{host: config.Host, port: config.Port, database: named(cmp.Or(config.Database, config.User)), environ: []string{
		"PGHOST=" + config.Host, "PGPORT=" + strconv.Itoa(int(config.Port)), "PGUSER=" + config.User,
		"PGCONNECT_TIMEOUT=10", "PGAPPNAME=ohio backup",
	}}
	if config.Password != "" {
		t.environ = append(t.environ, "PGPASSWORD="+config.Password)
	}
	given := settings(connection)
	for _, name := range security {
		variable := "PG" + strings.ToUpper(strings.ReplaceAll(name, "_", ""))
		value, ok := given[name]
		if !ok {
			value, ok = os.LookupEnv(variable)
		}
		if ok {
			t.environ = append(t.environ, variable+"="+value)
		}
	}
	return t, nil
}

// LongestName is how many bytes of a name PostgreSQL takes; it drops what is
// over them without a word.
const LongestName = 63

// named is what the server takes a name for.
func named(name string) string {
	if len(name) > LongestName {
		name = strings.ToValidUTF8(name[:LongestName], "")
	}
	return name
}

// Name is the name of the database, as its server knows it.
func (t Target) Name() string { return t.database }

// String tells a person which database it is.
func (t Target) String() string {
	return "database " + t.database + " at " + net.JoinHostPort(t.host, strconv.Itoa(int(t.port)))
}

// Database gives another database of the same server.
func (t Target) Database(name string) Target {
	t.database = name
	return t
}

var pair = regexp.MustCompile(`(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S+))`)

// settings are the parameters of a URL, or the words of a keyword/value
// string.
func settings(connection string) map[string]string {
	values := map[string]string{}
	if u, err := url.Parse(connection); err == nil && strings.HasPrefix(u.Scheme, "postgres") {
		for name, all := range u.Query() {
			values[name] = all[len(all)-1]
		}
		return values
	}
	for _, m := range pair.FindAllStringSubmatch(connection, -1) {
		values[m[1]] = m[2] + m[3]
	}
	return values
}
