package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
)

func TestEveryCodeHasAnExitCodeAndAStatus(t *testing.T) {
	for _, tc := range []struct {
		code         fault.Code
		exit, status int
	}{
		{fault.Invalid, 2, 422}, {fault.TooLarge, 2, 413}, {fault.NotFound, 3, 404},
		{fault.Conflict, 4, 409}, {fault.Unavailable, 5, 503}, {fault.Unauthenticated, 6, 401},
		{fault.Forbidden, 6, 403}, {fault.RateLimited, 7, 429}, {fault.Internal, 1, 500},
	} {
		err := fmt.Errorf("wrapped: %w", fault.New(tc.code, "no"))
		require.Equal(t, tc.code, fault.CodeOf(err))
		require.Equal(t, tc.exit, fault.ExitCode(err))
		require.Equal(t, tc.status, fault.HTTPStatus(err))
	}
	require.Equal(t, 0, fault.ExitCode(nil))
	require.Equal(t, 1, fault.ExitCode(errors.New("plain")))
}

func TestWrapKeepsTheCauseForTheLog(t *testing.T) {
	cause := errors.New("connection refused")
	err := fault.Wrap(fault.Unavailable, cause, "the database is away").With(fault.Detail{Location: "db"})
	require.ErrorIs(t, err, cause)
	require.Equal(t, "the database is away: connection refused", err.Error())
	require.Len(t, err.Details, 1)
}
