package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/script-ohio/platform/app/fault"
)

// Problem is the body of every error (RFC 9457).
type Problem struct {
	Type     string         `json:"type" format:"uri-reference" example:"/problems/invalid" doc:"Names the kind of problem"`
	Title    string         `json:"title" example:"The input is invalid" doc:"The kind of problem in words"`
	Status   int            `json:"status" example:"422"`
	Detail   string         `json:"detail" doc:"What went wrong this time and what would be right"`
	Instance string         `json:"instance" doc:"The request id, which leads to the log entry"`
	Code     string         `json:"code" example:"invalid" doc:"The kind of problem, for programs"`
	Errors   []ProblemError `json:"errors,omitempty" doc:"The wrong parts of the input, 100 at most"`
}

// ProblemError points at one wrong part of the input.
type ProblemError struct {
	Location string `json:"location" example:"body.home_team"`
	Message  string `json:"message"`
	Value    any    `json:"value,omitempty" doc:"What was there, if it is short"`
}

// Error is the detail; with GetStatus it makes a Problem a huma.StatusError.
func (p *Problem) Error() string { return p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return problemType }

const (
	problemType    = "application/problem+json"
	internalDetail = "Something went wrong on our side. The request id leads to the log entry."

	statusClientClosed = 499 // the caller hung up; nobody reads this answer

	maxProblemErrors = 100
	maxProblemValue  = 200 // bytes
)

// kindOf gives the code and title of a status; the codes of faults are among
// them.
func kindOf(status int) (code, title string) {
	switch status {
	case http.StatusBadRequest:
		return "malformed", "The request cannot be read"
	case http.StatusUnauthorized:
		return string(fault.Unauthenticated), "The API key is missing or wrong"
	case http.StatusForbidden:
		return string(fault.Forbidden), "The API key may not do this"
	case http.StatusNotFound:
		return string(fault.NotFound), "There is no such thing"
	case http.StatusMethodNotAllowed:
		return "method_not_allowed", "The method is not allowed here"
	case http.StatusRequestTimeout:
		return "request_timeout", "The request took too long to arrive"
	case http.StatusConflict:
		return string(fault.Conflict), "The state does not allow it now"
	case http.StatusRequestEntityTooLarge:
		return string(fault.TooLarge), "The request is too large"
	case http.StatusUnsupportedMediaType:
		return "unsupported_media_type", "The body is not JSON"
	case http.StatusUnprocessableEntity:
		return string(fault.Invalid), "The input is invalid"
	case http.StatusTooManyRequests:
		return string(fault.RateLimited), "Too many requests"
	case statusClientClosed:
		return "client_closed_request", "The caller hung up"
	case http.StatusServiceUnavailable:
		return string(fault.Unavailable), "The service is unavailable for now"
	case http.StatusGatewayTimeout:
		return "timeout", "The answer took too long"
	}
	return string(fault.Internal), "Something went wrong on our side"
}

// newProblem makes the problem document of a status.
func newProblem(ctx context.Context, status int, detail string) *Problem {
	code, title := kindOf(status)
	return &Problem{
		Type:  "/problems/" + strings.ReplaceAll(code, "_", "-"),
		Title: title, Status: status, Detail: detail, Instance: callOf(ctx).id, Code: code,
	}
}

// problemOf is the one place where an error of a domain becomes a problem.
// What is our fault is logged with its cause and told without it.
func (a *API) problemOf(ctx context.Context, err error) *Problem {
	if m, ok := errors.AsType[*huma.ErrorModel](err); ok {
		return problemOfModel(ctx, m)
	}
	status := fault.HTTPStatus(err)
	f, isFault := errors.AsType[*fault.Error](err)
	if status >= http.StatusInternalServerError && ctx.Err() != nil {
		if errors.Is(ctx.Err(), context.Canceled) {
			return newProblem(ctx, statusClientClosed, "The caller hung up before the answer was ready.")
		}
		a.log.LogAttrs(ctx, slog.LevelWarn, "a request timed out", slog.String("route", callOf(ctx).route.Path), slog.Any("error", err))
		return newProblem(ctx, http.StatusGatewayTimeout, fmt.Sprintf("The answer was not ready within %s.", a.opts.Timeout))
	}
	switch {
	case status == http.StatusInternalServerError:
		a.log.LogAttrs(ctx, slog.LevelError, "a request failed", slog.String("route", callOf(ctx).route.Path), slog.Any("error", err))
		return newProblem(ctx, status, internalDetail)
	case status >= http.StatusInternalServerError:
		a.log.LogAttrs(ctx, slog.LevelWarn, "a request failed", slog.String("route", callOf(ctx).route.Path), slog.Any("error", err))
	}
	if !isFault {
		return newProblem(ctx, status, err.Error())
	}
	p := newProblem(ctx, status, f.Message)
	for _, d := range f.Details[:min(len(f.Details), maxProblemErrors)] {
		p.Errors = append(p.Errors, ProblemError{Location: d.Location, Message: d.Message, Value: shown(d.Value)})
	}
	return p
}

// ofHuma rewrites the errors that Huma finds while it reads a request.
func (a *API) ofHuma(ctx huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	return problemOfModel(ctx.Context(), m), nil
}

func problemOfModel(ctx context.Context, m *huma.ErrorModel) *Problem {
	// The status line follows the model, so the body must too.
	p := newProblem(ctx, m.Status, m.Detail)
	switch m.Status {
	case http.StatusUnprocessableEntity:
		p.Detail = "The input is invalid; see errors."
	case http.StatusBadRequest:
		if len(m.Errors) > 0 {
			p.Detail = "The body is not JSON: " + m.Errors[0].Message
			return p
		}
	case http.StatusInternalServerError:
		p.Detail = internalDetail
		return p
	}
	for _, e := range m.Errors[:min(len(m.Errors), maxProblemErrors)] {
		p.Errors = append(p.Errors, ProblemError{Location: e.Location, Message: e.Message, Value: shown(e.Value)})
	}
	return p
}

// shown keeps a value that is short and plain enough to be repeated.
func shown(v any) any {
	switch v := v.(type) {
	case nil, bool, int, int64, float64:
		return v
	case string:
		if len(v) <= maxProblemValue {
			return v
		}
	}
	return nil
}

func tooLargeDetail(most int64) string {
	return fmt.Sprintf("The body may have %d bytes at most.", most)
}

// fail ends a request with a status.
func (a *API) fail(c *gin.Context, status int, detail string) {
	writeProblem(c, newProblem(c.Request.Context(), status, detail))
}

// failWith ends a request with an error of a domain.
func (a *API) failWith(c *gin.Context, err error) {
	writeProblem(c, a.problemOf(c.Request.Context(), err))
}

func writeProblem(c *gin.Context, p *Problem) {
	body, _ := json.Marshal(p) // strings, numbers and what shown lets through
	c.Abort()
	c.Header("Content-Type", problemType) // Data leaves one that is set
	c.Data(p.Status, problemType, body)
}

func (a *API) notFound(c *gin.Context) {
	a.fail(c, http.StatusNotFound, "There is nothing at this path. /docs lists what there is.")
}

func (a *API) methodNotAllowed(c *gin.Context) {
	allowed := c.Writer.Header().Get("Allow")
	if strings.Contains(allowed, http.MethodGet) {
		allowed += ", " + http.MethodHead
		c.Header("Allow", allowed)
	}
	a.fail(c, http.StatusMethodNotAllowed, "This path takes "+allowed+".")
}
