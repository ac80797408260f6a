package activation_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/predict/activation"
)

// A change of the pack and its record stand or fall together.
func TestChangesAreRecordedInTheirTransaction(t *testing.T) {
	s := newShared(t)
	embedded, one, ctx := variant(t, 0).Manifest.Version, s.upload(1), t.Context()
	var told [][3]string
	var refuses error
	e := &engine{version: embedded}
	service := activation.New(s.pool, s.bucket, variant(t, 0), e, activation.Options{
		Logger: slog.New(slog.DiscardHandler),
		Record: func(ctx context.Context, tx pgx.Tx, action, subject string, before, after any) error {
			text, err := json.Marshal([]any{before, after})
			require.NoError(t, err)
			told = append(told, [3]string{action, subject, string(text)})
			var rows int
			require.NoError(t, tx.QueryRow(ctx, "select count(*) from pack_activations").Scan(&rows))
			require.Equal(t, s.rows()+1, rows, "the transaction of the change")
			return refuses
		},
	})
	_, err := service.Activate(ctx, one, "tester")
	require.NoError(t, err)
	_, err = service.Activate(ctx, one, "tester")
	require.Error(t, err, "again, which changes nothing")
	_, err = service.Rollback(ctx, "tester")
	require.NoError(t, err)
	first := `{"source":"embedded","version":"` + embedded + `"}`
	second := `{"source":"` + contract.PrefixPacks + one + `/","version":"` + one + `"}`
	require.Equal(t, [][3]string{
		{"pack.activate", "pack/" + one, "[" + first + "," + second + "]"},
		{"pack.rollback", "pack/" + embedded, "[" + second + "," + first + "]"},
	}, told)

	refuses = errors.New("not recorded")
	_, err = service.Activate(ctx, one, "tester")
	require.ErrorIs(t, err, refuses)
	require.Equal(t, 2, s.rows())
	require.NoError(t, service.Follow(ctx))
	require.Equal(t, embedded, e.PackVersion())
}
