package pack

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/ensemble"
	"github.com/script-ohio/platform/app/predict/features"
	"github.com/script-ohio/platform/app/predict/ratings"
)

// Contents is what a training run gives to a pack.
type Contents struct {
	CreatedAt               time.Time
	ToolVersion             string
	FirstSeason, LastSeason int
	Models                  map[features.Set]*ensemble.Models
	State                   *ratings.State
	History                 History
	Metrics                 map[string]map[string]map[string]Metrics
}

// New makes a pack in memory. The same models and ratings give the same files
// and the same version.
func New(c Contents) (*Pack, error) {
	block, ok := c.State.LastBlock()
	if !ok {
		return nil, fault.New(fault.Invalid, "the ratings have learned no game")
	}
	p := &Pack{
		Manifest: Manifest{
			FormatVersion: FormatVersion, CreatedAt: c.CreatedAt, ToolVersion: c.ToolVersion,
			FirstSeason: c.FirstSeason, LastSeason: c.LastSeason, Games: c.State.Games(), LastBlock: block,
			Schema: map[string]string{}, Metrics: c.Metrics, Files: map[string]File{},
		},
		Models: c.Models, State: c.State, History: c.History, files: map[string][]byte{},
	}
	structure, covariances, err := c.State.Encode()
	if err != nil {
		return nil, err
	}
	golden, err := p.makeGolden()
	if err != nil {
		return nil, err
	}
	put := func(name string, value any) {
		data, encodeErr := json.Marshal(value)
		if encodeErr != nil && err == nil {
			err = fmt.Errorf("%s: %w", name, encodeErr)
		}
		p.put(name, data)
	}
	p.put(structureFile, structure)
	p.put(covarianceF, covariances)
	put(historyFile, c.History)
	put(goldenFile, golden)
	for set, m := range c.Models {
		p.Manifest.Schema[string(set)] = features.SchemaHash(set)
		put(modelFile(set, "ridge"), m.Ridge)
		put(modelFile(set, "mlp"), m.Nets)
		put(modelFile(set, "blend"), m.Blend)
		var trees bytes.Buffer
		if writeErr := m.Trees.WriteJSON(&trees); writeErr != nil {
			return nil, writeErr
		}
		p.put(modelFile(set, "gbt"), trees.Bytes())
	}
	p.Manifest.Version = versionOf(c.LastSeason, p.Manifest.Files)
	return p, err
}

// put adds a file, compressed if its name says so.
func (p *Pack) put(name string, data []byte) {
	if filepath.Ext(name) == ".zst" {
		// Only an invalid option can fail, and these are constants.
		encoder, _ := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
		data = encoder.EncodeAll(data, nil)
	}
	sum := sha256.Sum256(data)
	p.files[name] = data
	p.Manifest.Files[name] = File{SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(data))}
}

// versionOf names a pack by its content.
func versionOf(season int, files map[string]File) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%s %s\n", files[name].SHA256, name)
	}
	return fmt.Sprintf("s%d-%s", season, hex.EncodeToString(h.Sum(nil)[:6]))
}

// Files gives every file of the pack by name, the manifest included.
func (p *Pack) Files() (map[string][]byte, error) {
	manifest, err := json.MarshalIndent(p.Manifest, "", "  ")
	if err != nil {
		return nil, err
	}
	files := maps.Clone(p.files)
	files[ManifestFile] = append(manifest, '\n')
	return files, nil
}

// Write stores the pack as a folder. It appears whole or not at all: the
// files are written beside it and renamed. An existing folder is replaced only
// if it holds a pack.
func (p *Pack) Write(dir string) error {
	files, err := p.Files()
	if err != nil {
		return err
	}
	dir = filepath.Clean(dir)
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fault.Wrap(fault.Conflict, err, "%s exists and is no folder that can be read; choose another one", dir)
	case len(entries) > 0:
		if _, err := os.Stat(filepath.Join(dir, ManifestFile)); err != nil {
			return fault.New(fault.Conflict, "%s exists, is not empty and holds no pack; choose another folder", dir)
		}
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	temporary, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+"-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	if err := os.Chmod(temporary, 0o755); err != nil {
		return err
	}
	for name, data := range files {
		path := filepath.Join(temporary, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	old := temporary + ".old"
	if err := os.Rename(dir, old); err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := os.Rename(temporary, dir); err != nil {
		_ = os.Rename(old, dir)
		return err
	}
	return os.RemoveAll(old)
}
