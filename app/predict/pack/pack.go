// Package pack is the model pack: models, team state, checksums and a
// self-test in one folder. A pack loads as a whole or not at all.
package pack

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/ensemble"
	"github.com/script-ohio/platform/app/predict/features"
	"github.com/script-ohio/platform/app/predict/gbt"
	"github.com/script-ohio/platform/app/predict/mlp"
	"github.com/script-ohio/platform/app/predict/ratings"
)

// Pack is a loaded, checked and self-tested model pack. It is read-only and
// safe for concurrent use, except for State, which must be cloned.
type Pack struct {
	Manifest Manifest
	Models   map[features.Set]*ensemble.Models
	State    *ratings.State // after the last block; clone before use
	History  History

	files map[string][]byte // as stored, without the manifest
}

// History is every FBS team's rating at the end of each season.
type History map[string][]RatingPoint

// The files of a pack. Those ending in .zst are compressed with zstd.
const (
	// ManifestFile names all others and is written last.
	ManifestFile  = "manifest.json"
	structureFile = "ratings.json.zst"
	covarianceF   = "ratings.bin.zst"
	historyFile   = "history.json.zst"
	goldenFile    = "golden.json"
)

func modelFile(set features.Set, name string) string { return path.Join(string(set), name+".json") }

// Limits of what a pack may make us read.
const (
	maxManifestBytes = 1 << 20
	maxFileBytes     = 64 << 20
	maxFiles         = 64
)

// refuse is why a pack cannot be used.
func refuse(cause error, format string, args ...any) error {
	message := "the pack is refused: " + fmt.Sprintf(format, args...)
	if f, ok := errors.AsType[*fault.Error](cause); ok {
		message += ": " + f.Message
	}
	return fault.Wrap(fault.Invalid, cause, "%s", message)
}

// ParseManifest reads and checks a manifest.
func ParseManifest(data []byte) (Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return m, refuse(err, "%s is no valid JSON", ManifestFile)
	}
	if m.FormatVersion != FormatVersion {
		return m, refuse(nil, "format version %d, this program reads %d", m.FormatVersion, FormatVersion)
	}
	if !plainVersion(m.Version) {
		return m, refuse(nil, "version %q is not made of letters, digits, dots and dashes", m.Version)
	}
	for _, set := range features.Sets() {
		if got, want := m.Schema[string(set)], features.SchemaHash(set); got != want {
			return m, refuse(nil, "it was trained for feature schema %q of %s, this program computes %q", got, set, want)
		}
	}
	if len(m.Files) > maxFiles {
		return m, refuse(nil, "%d files, at most %d are read", len(m.Files), maxFiles)
	}
	for name, f := range m.Files {
		if !fs.ValidPath(name) || name == ManifestFile || f.Bytes < 0 || f.Bytes > maxFileBytes {
			return m, refuse(nil, "file %q has no plain path or more than %d bytes", name, maxFileBytes)
		}
	}
	return m, nil
}

func plainVersion(v string) bool {
	return v != "" && len(v) <= 64 && !strings.HasPrefix(v, ".") &&
		strings.IndexFunc(v, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != '-'
		}) < 0
}

// Load reads a pack from a folder, verifies checksums, schema and values, and
// runs the self-test. The fault says why a pack is refused.
func Load(fsys fs.FS) (*Pack, error) {
	data, err := readLimited(fsys, ManifestFile, maxManifestBytes)
	if err != nil {
		return nil, refuse(err, "%s cannot be read", ManifestFile)
	}
	manifest, err := ParseManifest(data)
	if err != nil {
		return nil, err
	}
	p := &Pack{Manifest: manifest, Models: map[features.Set]*ensemble.Models{}, files: map[string][]byte{}}
	for _, name := range slices.Sorted(maps.Keys(manifest.Files)) {
		data, err := readLimited(fsys, name, maxFileBytes)
		if err != nil {
			return nil, refuse(err, "%s cannot be read", name)
		}
		want := manifest.Files[name]
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != want.SHA256 || int64(len(data)) != want.Bytes {
			return nil, refuse(nil, "%s does not have the checksum of the manifest", name)
		}
		p.files[name] = data
	}
	if got := versionOf(manifest.LastSeason, manifest.Files); got != manifest.Version {
		return nil, refuse(nil, "version %q does not match the content, which is %q", manifest.Version, got)
	}
	if err := p.parse(); err != nil {
		return nil, err
	}
	return p, p.selfTest()
}

func (p *Pack) parse() error {
	structure, err := p.open(structureFile)
	if err != nil {
		return err
	}
	covariances, err := p.open(covarianceF)
	if err != nil {
		return err
	}
	if p.State, err = ratings.Decode(structure, covariances); err != nil {
		return refuse(err, "the ratings are unusable")
	}
	if block, _ := p.State.LastBlock(); block != p.Manifest.LastBlock {
		return refuse(nil, "the ratings end on day %d, the manifest says %d", block.Day, p.Manifest.LastBlock.Day)
	}
	if err := p.decode(historyFile, &p.History); err != nil {
		return err
	}
	for _, set := range features.Sets() {
		models, err := p.parseModels(set)
		if err != nil {
			return refuse(err, "the models %s are unusable", set)
		}
		p.Models[set] = models
	}
	return nil
}

func (p *Pack) parseModels(set features.Set) (*ensemble.Models, error) {
	m := ensemble.Models{Set: set}
	if err := p.decode(modelFile(set, "ridge"), &m.Ridge); err != nil {
		return nil, err
	}
	if err := p.decode(modelFile(set, "blend"), &m.Blend); err != nil {
		return nil, err
	}
	trees, err := p.open(modelFile(set, "gbt"))
	if err != nil {
		return nil, err
	}
	if m.Trees, err = gbt.Read(bytes.NewReader(trees)); err != nil {
		return nil, err
	}
	var nets []json.RawMessage
	if err := p.decode(modelFile(set, "mlp"), &nets); err != nil {
		return nil, err
	}
	for _, raw := range nets {
		net, err := mlp.Parse(raw)
		if err != nil {
			return nil, err
		}
		m.Nets = append(m.Nets, net)
	}
	return ensemble.New(m)
}

// decode reads a JSON file of the pack.
func (p *Pack) decode(name string, into any) error {
	data, err := p.open(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return refuse(err, "%s is no valid JSON", name)
	}
	return nil
}

// open gives a file's content, decompressed.
func (p *Pack) open(name string) ([]byte, error) {
	data, ok := p.files[name]
	if !ok {
		return nil, refuse(nil, "%s is missing", name)
	}
	if path.Ext(name) != ".zst" {
		return data, nil
	}
	reader, err := zstd.NewReader(bytes.NewReader(data), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxFileBytes))
	if err != nil {
		return nil, refuse(err, "%s cannot be decompressed", name)
	}
	defer reader.Close()
	plain, err := io.ReadAll(io.LimitReader(reader, maxFileBytes+1))
	if err != nil || len(plain) > maxFileBytes {
		return nil, refuse(err, "%s cannot be decompressed", name)
	}
	return plain, nil
}

func readLimited(fsys fs.FS, name string, limit int64) ([]byte, error) {
	file, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("more than %d bytes", limit)
	}
	return data, err
}
