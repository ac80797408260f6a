package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/script-ohio/platform/app/fault"
)

// Hash is a SHA-256.
type Hash [sha256.Size]byte

// String is the hash in hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText implements encoding.TextMarshaler.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hash) UnmarshalText(text []byte) error {
	if hex.DecodedLen(len(text)) != len(h) {
		return fmt.Errorf("a hash has %d hexadecimal digits, not %d", 2*len(h), len(text))
	}
	_, err := hex.Decode(h[:], text)
	return err
}

// String is HASH@SEQ, as ParseHead reads it.
func (h Head) String() string { return fmt.Sprintf("%s@%d", h.Hash, h.Seq) }

// ParseHead reads HASH@SEQ; anything else is fault.Invalid.
func ParseHead(text string) (Head, error) {
	digits, number, _ := strings.Cut(text, "@")
	var h Head
	seq, err := strconv.ParseInt(number, 10, 64)
	if h.Seq = seq; err != nil || seq < 1 || h.Hash.UnmarshalText([]byte(digits)) != nil {
		return Head{}, fault.New(fault.Invalid, "a head is HASH@SEQ, the hash in 64 hexadecimal digits, as `ohio audit verify` prints it")
	}
	return h, nil
}

// encoding names the form below; another form needs another name.
const encoding = "ohio audit 1"

// sum is the hash of a row: SHA-256 over the hash of the row before, the
// number, the form's name, the time in microseconds, and every field with its
// length before it, so that no two rows encode alike. Documents go in as
// canonical writes them. It does not look at r.Hash.
func (r Row) sum() Hash { return sumOf(r.Prev, r.Seq, r.encoded()) }

func sumOf(prev Hash, seq int64, encoded []byte) (sum Hash) {
	h := sha256.New()
	h.Write(prev[:])
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(seq)))
	h.Write(encoded)
	h.Sum(sum[:0])
	return sum
}

// encoded is all of a row that its number and its predecessor leave over.
func (r Row) encoded() []byte {
	to := field(nil, []byte(encoding))
	to = binary.BigEndian.AppendUint64(to, uint64(r.At.UnixMicro()))
	for _, text := range []string{
		r.Actor.ID, r.Actor.Name, r.Actor.Role, r.Actor.ClientIP, r.Action, r.SubjectType, r.SubjectID, r.Actor.RequestID,
	} {
		to = field(to, []byte(text))
	}
	for _, document := range [][]byte{r.Before, r.After} {
		if document == nil {
			to = append(to, 0)
		} else {
			to = field(append(to, 1), canonical(document))
		}
	}
	return to
}

func field(to, value []byte) []byte {
	return append(binary.BigEndian.AppendUint64(to, uint64(len(value))), value...)
}
