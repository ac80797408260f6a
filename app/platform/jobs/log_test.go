package jobs

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestALibraryIsHeardSeldom(t *testing.T) {
	var out bytes.Buffer
	h := newSeldom(slog.NewTextHandler(&out, nil), slog.LevelWarn, time.Minute)
	log := slog.New(h)
	log.Info("quiet")
	for range 100 {
		log.Error("away", "n", 1)
		log.With("a", 1).WithGroup("g").Error("away", "n", 2)
		log.Warn("slow")
	}
	require.Equal(t, 2, strings.Count(out.String(), "\n"), out.String())
	later := slog.NewRecord(time.Now().Add(2*time.Minute), slog.LevelError, "away", 0)
	require.NoError(t, h.Handle(context.Background(), later))
	require.Equal(t, 3, strings.Count(out.String(), "\n"))
	for i := range 3 * maxSaid {
		log.Error(fmt.Sprint("message ", i))
	}
	require.LessOrEqual(t, len(h.said.last), maxSaid)
}
