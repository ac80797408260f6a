package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"time"

	"gocloud.dev/gcerrors"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/blob"
)

// format is what this program writes and reads.
const format = 1

// The objects of a backup that describe it.
const (
	manifestName     = "manifest.json"
	digestName       = "manifest.sha256"
	verificationName = "verification.json"
	keepName         = "keep.json"
)

// Status is what became of a backup or of one component.
type Status string

// The states. A component is complete, failed or skipped.
const (
	Complete   Status = "complete"
	Partial    Status = "partial"    // a component failed
	Incomplete Status = "incomplete" // no manifest: it was interrupted, or is being made
	Damaged    Status = "damaged"    // the manifest is not what was written
	Failed     Status = "failed"
	Skipped    Status = "skipped" // there was nothing to copy; the issue says why
)

// Manifest describes a backup.
type Manifest struct {
	Format          int               `json:"format"`
	Name            string            `json:"name"`
	Status          Status            `json:"status"`
	StartedAt       time.Time         `json:"started_at"`
	FinishedAt      time.Time         `json:"finished_at"`
	DurationSeconds float64           `json:"duration_seconds"`
	Tools           map[string]string `json:"tools"` // versions, by program
	Database        *Snapshot         `json:"database,omitempty"`
	Parts           []Part            `json:"components"`
	Recipient       string            `json:"recipient,omitempty"` // for whom it is encrypted
	Safety          bool              `json:"safety,omitempty"`    // made before a restore, of what that replaced
	Issues          []string          `json:"issues"`
}

// Part is a component of a backup.
type Part struct {
	Name    Component `json:"name"`
	Status  Status    `json:"status"`
	Objects []Object  `json:"objects"`
	Issue   string    `json:"issue,omitempty"`
}

// Size is what the part takes in the bucket, in bytes.
func (p Part) Size() (size int64) {
	for _, o := range p.Objects {
		size += o.Size
	}
	return size
}

// Object is one object of a backup. Size and SHA256 are of what is stored.
type Object struct {
	Key         string `json:"key"` // below the backup's folder
	Size        int64  `json:"size"`
	SHA256      string `json:"sha256"`
	PlainSize   int64  `json:"plain_size"` // before compression and encryption
	Compression string `json:"compression"`
	Encryption  string `json:"encryption"`
}

// Size is what the backup takes in the bucket, in bytes.
func (m Manifest) Size() (size int64) {
	for _, p := range m.Parts {
		size += p.Size()
	}
	return size
}

// Part finds a component; false when the backup does not hold it.
func (m Manifest) Part(name Component) (Part, bool) {
	for _, p := range m.Parts {
		if p.Name == name && p.Status == Complete {
			return p, true
		}
	}
	return Part{}, false
}

// holds is a fault.Conflict that names the first component that the backup does
// not hold, if there is one.
func (m Manifest) holds(components []Component) error {
	for _, c := range components {
		if _, ok := m.Part(c); !ok {
			return fault.New(fault.Conflict, "%s does not hold %s", m.Name, c)
		}
	}
	return nil
}

const nameLayout = "backup-20060102-150405"

var namePattern = regexp.MustCompile(`^backup-\d{8}-\d{6}$`)

// timeOf reads the time out of a backup's name.
func timeOf(name string) (time.Time, bool) {
	at, err := time.Parse(nameLayout, name)
	return at, err == nil && namePattern.MatchString(name)
}

// checkName refuses what cannot be a backup.
func checkName(name string) error {
	if _, ok := timeOf(name); !ok {
		return fault.New(fault.Invalid, "%q is no backup: names look like backup-20260102-150405; `ohio backup list` shows them", name)
	}
	return nil
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// writeManifest completes a backup: after it returns, the backup exists.
func (s *Service) writeManifest(ctx context.Context, m Manifest) (digest string, err error) {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return "", fault.Wrap(fault.Internal, err, "the manifest cannot be encoded")
	}
	text = append(text, '\n')
	digest = digestOf(text)
	if err := s.put(ctx, m.Name, digestName, []byte(digest+"\n")); err != nil {
		return "", err
	}
	return digest, s.put(ctx, m.Name, manifestName, text)
}

// readManifest reads and checks a manifest, and gives its checksum. Without
// one it is fault.NotFound; one that is not what was written is
// fault.Conflict.
func (s *Service) readManifest(ctx context.Context, name string) (m Manifest, digest string, err error) {
	if err := checkName(name); err != nil {
		return m, "", err
	}
	text, err := s.get(ctx, name, manifestName)
	if err != nil {
		return m, "", err
	}
	if text == nil {
		return m, "", fault.New(fault.NotFound, "no backup %s, or one that was never completed", name)
	}
	written, err := s.get(ctx, name, digestName)
	if err != nil {
		return m, "", err
	}
	digest = digestOf(text)
	if digest+"\n" != string(written) {
		return m, digest, fault.New(fault.Conflict, "%s of %s is not what was written: its checksum differs from %s", manifestName, name, digestName)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, digest, fault.Wrap(fault.Conflict, err, "%s of %s cannot be read", manifestName, name)
	}
	if m.Format != format {
		return m, digest, fault.New(fault.Conflict, "%s of %s is in format %d; this program reads format %d", manifestName, name, m.Format, format)
	}
	if m.Name != name || m.Status != Complete && m.Status != Partial {
		return m, digest, fault.New(fault.Conflict, "%s of %s says that it is the %s backup %q", manifestName, name, m.Status, m.Name)
	}
	if _, holds := m.Part(Database); m.Database == nil && holds || m.Status == Complete && (m.Database == nil || !holds) {
		return m, digest, fault.New(fault.Conflict, "%s of %s should hold a database and does not describe it", manifestName, name)
	}
	return m, digest, nil
}

// put writes a small object of a backup.
func (s *Service) put(ctx context.Context, name, key string, text []byte) error {
	if err := blob.WriteAll(ctx, s.Bucket, name+"/"+key, text); err != nil {
		return blob.Fault(err, "%s of %s cannot be written", key, name)
	}
	return nil
}

// get reads a small object of a backup; nil when it is not there.
func (s *Service) get(ctx context.Context, name, key string) ([]byte, error) {
	text, err := s.Bucket.ReadAll(ctx, name+"/"+key)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, blob.Fault(err, "%s of %s cannot be read", key, name)
	}
	return text, nil
}
