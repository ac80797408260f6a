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

// position is the last row of a page: by time and id, or by id alone.
type position struct {
	start time.Time
	id    int64
}

// cursors makes page cursors: a position, signed together with the list's name
// and filter by HMAC-SHA256 (RFC 2104), so that nobody can make one up or
// continue another list with it.
type cursors struct{ key []byte }

const (
	positionBytes = 16
	macBytes      = 16 // of 32, still beyond guessing
)

func (cs cursors) seal(list string, p position) string {
	sealed := binary.BigEndian.AppendUint64(make([]byte, 0, positionBytes+macBytes), uint64(p.start.UnixMicro()))
	sealed = binary.BigEndian.AppendUint64(sealed, uint64(p.id))
	sealed = append(sealed, cs.mac(list, sealed)...)
	return base64.RawURLEncoding.EncodeToString(sealed)
}

func (cs cursors) open(list, cursor string) (position, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(sealed) != positionBytes+macBytes || !hmac.Equal(sealed[positionBytes:], cs.mac(list, sealed[:positionBytes])) {
		const message = "must be the next_cursor of the page before, with the same filters; start again without it"
		return position{}, fault.New(fault.Invalid, "the cursor does not belong to this list").
			With(fault.Detail{Location: "query.cursor", Message: message, Value: cursor})
	}
	return position{
		start: time.UnixMicro(int64(binary.BigEndian.Uint64(sealed))).UTC(),
		id:    int64(binary.BigEndian.Uint64(sealed[8:])),
	}, nil
}

func (cs cursors) mac(list string, position []byte) []byte {
	mac := hmac.New(sha256.New, cs.key)
	fmt.Fprintf(mac, "%q ", list)
	mac.Write(position)
	return mac.Sum(nil)[:macBytes]
}

// page gives the rows of one page of a list whose ids only fall, and the cursor
// of the next page, "" after the last. fetch gives at most limit rows before an
// id, or from the newest on when that is 0.
func page[T any](cs cursors, list, cursor string, limit int, id func(T) int64, fetch func(before int64, limit int) ([]T, error)) ([]T, string, error) {
	before := int64(0)
	if cursor != "" {
		after, err := cs.open(list, cursor)
		if err != nil {
			return nil, "", err
		}
		before = after.id
	}
	found, err := fetch(before, limit+1) // one more tells whether there is a next page
	if err != nil {
		return nil, "", err
	}
	if len(found) <= limit {
		return orEmpty(found), "", nil
	}
	return found[:limit], cs.seal(list, position{id: id(found[limit-1])}), nil
}

// gameList names a list of games.
func gameList(filter football.GameFilter) string {
	played := "any"
	if filter.Played != nil {
		played = fmt.Sprint(*filter.Played)
	}
	return fmt.Sprintf("games %d %d %q %q %s", filter.Season, filter.Week, filter.SeasonType, filter.Team, played)
}
