package httpapi

import (
	"time"

	"github.com/gin-gonic/gin"
)

// RouterRoutes lists what the router of an API knows.
func RouterRoutes(a *API) gin.RoutesInfo { return a.engine.Routes() }

// ScanGame and ReadGame are the two ways to read the body of a prediction: the
// first answers false for what it leaves to the second.
func ScanGame(body []byte) (GameRequest, bool) { return scanGame(body) }

func ReadGame(a *API, body []byte) (GameRequest, error) { return a.gameReader.validate(body) }

// MaxStreams and StreamFor bound the runs that are followed.
const (
	MaxStreams = maxStreams
	StreamFor  = streamFor
)

// SetTimeouts makes a server as impatient as a test needs it.
func SetTimeouts(s *Server, all time.Duration) {
	s.http.ReadTimeout, s.http.WriteTimeout = all, all
}
