package pgclient

import (
	"testing"

	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }
