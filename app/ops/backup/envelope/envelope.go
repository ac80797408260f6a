// Package envelope is what every stored object is wrapped in: compressed with
// zstd, then encrypted with age when there is somebody to encrypt for. Both
// work as a stream, in little memory.
package envelope

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"github.com/script-ohio/platform/app/fault"
)

// What a manifest calls the layers; "" is none.
const (
	Zstd = "zstd"
	Age  = "age"
)

// Keys seal and open envelopes. The zero value seals without encryption.
type Keys struct {
	recipients []age.Recipient
	identities []age.Identity
	recipient  string
}

// ParseKeys reads age recipients and identities, each separated by lines or
// commas; either may be empty. Its fault.Invalid shows no identity.
func ParseKeys(recipient, identity string) (Keys, error) {
	k := Keys{recipient: strings.TrimSpace(recipient)}
	var err error
	if k.recipient != "" {
		if k.recipients, err = age.ParseRecipients(lines(recipient)); err != nil {
			return Keys{}, fault.Wrap(fault.Invalid, err, "BACKUP_RECIPIENT is no age recipient: make a pair with `age-keygen`")
		}
	}
	if strings.TrimSpace(identity) != "" {
		// The cause might quote the secret.
		if k.identities, err = age.ParseIdentities(lines(identity)); err != nil {
			return Keys{}, fault.New(fault.Invalid, "BACKUP_IDENTITY is no age identity: it begins with AGE-SECRET-KEY-")
		}
	}
	return k, nil
}

func lines(list string) io.Reader {
	words := strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == '\n' })
	for i, word := range words {
		words[i] = strings.TrimSpace(word)
	}
	return strings.NewReader(strings.Join(words, "\n"))
}

// Encryption names the layer that Seal adds.
func (k Keys) Encryption() string {
	if len(k.recipients) == 0 {
		return ""
	}
	return Age
}

// Recipient is for whom Seal encrypts; it is no secret.
func (k Keys) Recipient() string { return k.recipient }

// Opens tells whether what is encrypted can be tried to open.
func (k Keys) Opens() bool { return len(k.identities) > 0 }

// window bounds what a reader must keep in memory, and with it what a writer
// does.
const window = 2 << 20

// Seal wraps what is written; Close completes it, without closing dst. When
// Close was not reached, what is in dst will not open.
func Seal(dst io.Writer, k Keys) (io.WriteCloser, error) {
	s := &sealer{}
	if len(k.recipients) > 0 {
		encrypted, err := age.Encrypt(dst, k.recipients...)
		if err != nil {
			return nil, err
		}
		s.encrypted, dst = encrypted, encrypted
	}
	var err error
	// The fastest level keeps up with pg_dump beside it on two cores, for a
	// tenth more bytes than the usual one.
	s.Encoder, err = zstd.NewWriter(dst, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(window), zstd.WithEncoderConcurrency(2), zstd.WithEncoderCRC(true))
	return s, err
}

type sealer struct {
	*zstd.Encoder
	encrypted io.Closer
}

// Close implements io.Closer.
func (s *sealer) Close() error {
	err := s.Encoder.Close()
	if err == nil && s.encrypted != nil {
		err = s.encrypted.Close()
	}
	return err
}

// Open unwraps src. Reading fails when anything was changed or cut off; that
// is only known at the end, so it must be reached. Close frees memory.
func Open(src io.Reader, compression, encryption string, k Keys) (io.ReadCloser, error) {
	switch encryption {
	case "":
	case Age:
		if !k.Opens() {
			return nil, fault.New(fault.Invalid, "it is encrypted: set BACKUP_IDENTITY to the age identity that opens it")
		}
		opened, err := age.Decrypt(bufio.NewReader(src), k.identities...)
		if _, wrong := errors.AsType[*age.NoIdentityMatchError](err); wrong {
			return nil, fault.New(fault.Invalid, "it is encrypted for another key than BACKUP_IDENTITY")
		}
		if err != nil {
			return nil, err
		}
		src = whole{opened}
	default:
		return nil, fault.New(fault.Invalid, "unknown encryption %q: use a newer ohio", encryption)
	}
	switch compression {
	case "":
		return io.NopCloser(src), nil
	case Zstd:
		decoder, err := zstd.NewReader(src, zstd.WithDecoderConcurrency(2), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(64<<20))
		if err != nil {
			return nil, err
		}
		return decoder.IOReadCloser(), nil
	}
	return nil, fault.New(fault.Invalid, "unknown compression %q: use a newer ohio", compression)
}

// whole tells what was cut off in words of its own: zstd takes an unexpected
// end before the first frame for nothing at all.
type whole struct{ io.Reader }

var errCut = errors.New("it was cut off")

// Read implements io.Reader.
func (w whole) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errCut
	}
	return n, err
}
