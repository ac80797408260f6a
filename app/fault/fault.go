// Package fault is the one error type of the platform. A domain returns a
// fault with a code and a message for the user; the HTTP edge turns it into a
// problem document (RFC 9457) and the command line into an exit code.
package fault

import (
	"errors"
	"fmt"
)

// Code says what kind of thing went wrong, in terms a caller can act on.
type Code string

// The codes. Every error without one counts as Internal.
const (
	Invalid         Code = "invalid"         // the input is wrong; correct it
	Unauthenticated Code = "unauthenticated" // no or a bad API key
	Forbidden       Code = "forbidden"       // the key's role may not do this
	NotFound        Code = "not_found"       // no such thing
	Conflict        Code = "conflict"        // the state does not allow it now
	TooLarge        Code = "too_large"       // over a size limit
	RateLimited     Code = "rate_limited"    // come back later
	Unavailable     Code = "unavailable"     // something we depend on is away
	Internal        Code = "internal"        // our mistake
)

// Detail points at one wrong part of the input.
type Detail struct {
	Location string // where, as a path such as "body.home_team" or "line 12"
	Message  string // what is wrong and what would be right
	Value    any    // the offending value, if it is safe to show
}

// Error is a fault: Message is for the user and must hold no secret; Cause is
// for the log and is never shown to a caller.
type Error struct {
	Code    Code
	Message string
	Details []Detail
	Cause   error
}

// Error gives the message, and the cause for the log.
func (e *Error) Error() string {
	if e.Cause != nil {
		return e.Message + ": " + e.Cause.Error()
	}
	return e.Message
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Cause }

// New makes a fault without a cause.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes a fault around a cause; the message is for the user, the cause
// for the log.
func Wrap(code Code, cause error, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Cause: cause}
}

// With adds details and returns the same fault.
func (e *Error) With(details ...Detail) *Error {
	e.Details = append(e.Details, details...)
	return e
}

// CodeOf gives the code of the outermost fault in the chain, Internal when
// there is none. It must not be asked about nil.
func CodeOf(err error) Code {
	if f, ok := errors.AsType[*Error](err); ok {
		return f.Code
	}
	return Internal
}

// exitCodes follows the spirit of BSD sysexits(3) in small numbers: 1 is our
// mistake, 2 the user's, and the rest tell scripts what to do next.
var exitCodes = map[Code]int{
	Internal: 1, Invalid: 2, TooLarge: 2, NotFound: 3, Conflict: 4,
	Unavailable: 5, Unauthenticated: 6, Forbidden: 6, RateLimited: 7,
}

// ExitCode maps an error to the exit status of the command line: 0 for nil,
// 2 bad input, 3 not found, 4 conflict, 5 unavailable, 6 not allowed,
// 7 rate limited, 1 anything else.
func ExitCode(err error) int {
	if err == nil {
		return 0
	}
	return exitCodes[CodeOf(err)]
}

// httpStatus maps codes to status codes (RFC 9110, RFC 6585).
var httpStatus = map[Code]int{
	Internal: 500, Invalid: 422, TooLarge: 413, NotFound: 404, Conflict: 409,
	Unavailable: 503, Unauthenticated: 401, Forbidden: 403, RateLimited: 429,
}

// HTTPStatus maps an error to the HTTP status of its code.
func HTTPStatus(err error) int { return httpStatus[CodeOf(err)] }
