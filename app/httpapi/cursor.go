package httpapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/football"
)

// position is the last game of a page.
type position struct {
	start time.Time
	id    int64
}

// cursors makes page cursors: a position, signed together with the filter by
// HMAC-SHA256 (RFC 2104), so that nobody can make one up or continue another
// list with it.
type cursors struct{ key []byte }

const (
	positionBytes = 16
	macBytes      = 16 // of 32, still beyond guessing
)

func (cs cursors) seal(filter football.GameFilter, p position) string {
	sealed := binary.BigEndian.AppendUint64(make([]byte, 0, positionBytes+macBytes), uint64(p.start.UnixMicro()))
	sealed = binary.BigEndian.AppendUint64(sealed, uint64(p.id))
	sealed = append(sealed, cs.mac(filter, sealed)...)
	return base64.RawURLEncoding.EncodeToString(sealed)
}

func (cs cursors) open(filter football.GameFilter, cursor string) (position, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(sealed) != positionBytes+macBytes || !hmac.Equal(sealed[positionBytes:], cs.mac(filter, sealed[:positionBytes])) {
		const message = "must be the next_cursor of the page before, with the same filters; start again without it"
		return position{}, fault.New(fault.Invalid, "the cursor does not belong to this list").
			With(fault.Detail{Location: "query.cursor", Message: message, Value: cursor})
	}
	return position{
		start: time.UnixMicro(int64(binary.BigEndian.Uint64(sealed))).UTC(),
		id:    int64(binary.BigEndian.Uint64(sealed[8:])),
	}, nil
}

func (cs cursors) mac(filter football.GameFilter, position []byte) []byte {
	mac := hmac.New(sha256.New, cs.key)
	played := "any"
	if filter.Played != nil {
		played = fmt.Sprint(*filter.Played)
	}
	fmt.Fprintf(mac, "games %d %d %q %q %s ", filter.Season, filter.Week, filter.SeasonType, filter.Team, played)
	mac.Write(position)
	return mac.Sum(nil)[:macBytes]
}
