package pack_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/predict/ensemble"
	"github.com/script-ohio/platform/app/predict/features"
	"github.com/script-ohio/platform/app/predict/pack"
	"github.com/script-ohio/platform/app/predict/ratings"
)

func TestWrittenPackLoadsAgain(t *testing.T) {
	p := packOf(t)
	dir := filepath.Join(t.TempDir(), "packs", "new")
	require.NoError(t, p.Write(dir))
	loaded, err := pack.Load(os.DirFS(dir))
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(p.Manifest, loaded.Manifest))
	require.Empty(t, cmp.Diff(p.History, loaded.History))
	require.Equal(t, p.State.Hash(), loaded.State.Hash())
	require.Equal(t, 2008, loaded.Manifest.LastSeason)

	written, err := p.Files()
	require.NoError(t, err)
	again, err := loaded.Files()
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(written, again))

	// The models answer bit for bit alike.
	x := make([]float64, len(features.Names(features.WithSpread)))
	for i := range x {
		x[i] = float64(i) - 7.5
	}
	for _, set := range features.Sets() {
		var scratch ensemble.Scratch
		row := x[:len(features.Names(set))]
		require.Equal(t, p.Models[set].Forecast(row, &scratch), loaded.Models[set].Forecast(row, &scratch))
	}
}

// Training again on the same games gives the same files and so the same
// version.
func TestSameGamesGiveTheSameVersion(t *testing.T) {
	again, err := build()
	require.NoError(t, err)
	want, err := packOf(t).Files()
	require.NoError(t, err)
	got, err := again.Files()
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(want, got))
}

// seal recomputes the checksums and the version, as somebody would who means
// to pass off another pack.
func seal(t *testing.T, folder fstest.MapFS) {
	editManifest(t, folder, func(m *pack.Manifest) {
		m.Files = map[string]pack.File{}
		for name, file := range folder {
			if name != pack.ManifestFile {
				sum := sha256.Sum256(file.Data)
				m.Files[name] = pack.File{SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(file.Data))}
			}
		}
		m.Version = pack.VersionOf(m.LastSeason, m.Files)
	})
}

func editManifest(t *testing.T, folder fstest.MapFS, change func(*pack.Manifest)) {
	edit(t, folder, pack.ManifestFile, change)
}

// edit changes a JSON file.
func edit[T any](t *testing.T, folder fstest.MapFS, name string, change func(*T)) {
	var value T
	require.NoError(t, json.Unmarshal(folder[name].Data, &value))
	change(&value)
	data, err := json.Marshal(value)
	require.NoError(t, err)
	folder[name] = &fstest.MapFile{Data: data}
}

func replace(t *testing.T, folder fstest.MapFS, name, old, replacement string) {
	require.Contains(t, string(folder[name].Data), old)
	folder[name] = &fstest.MapFile{Data: []byte(strings.Replace(string(folder[name].Data), old, replacement, 1))}
}

// Whatever is wrong with a pack, it is refused and the reason named.
func TestLoadRefuses(t *testing.T) {
	const ridge = "without_spread/ridge.json"
	type object = map[string]any
	for name, tc := range map[string]struct {
		spoil  func(*testing.T, fstest.MapFS)
		reason string
	}{
		"no manifest":        {func(_ *testing.T, f fstest.MapFS) { delete(f, pack.ManifestFile) }, "manifest.json cannot be read"},
		"truncated manifest": {func(_ *testing.T, f fstest.MapFS) { truncate(f, pack.ManifestFile) }, "manifest.json is no valid JSON"},
		"huge manifest": {func(_ *testing.T, f fstest.MapFS) {
			f[pack.ManifestFile] = &fstest.MapFile{Data: bytes.Repeat([]byte{' '}, 2<<20)}
		}, "manifest.json cannot be read"},
		"format version": {func(t *testing.T, f fstest.MapFS) {
			editManifest(t, f, func(m *pack.Manifest) { m.FormatVersion = 99 })
		}, "format version 99, this program reads 1"},
		"schema": {func(t *testing.T, f fstest.MapFS) {
			editManifest(t, f, func(m *pack.Manifest) { m.Schema["with_spread"] = "0123" })
		}, `schema "0123" of with_spread, this program computes "` + features.SchemaHash(features.WithSpread)},
		"version that is a path": {func(t *testing.T, f fstest.MapFS) {
			editManifest(t, f, func(m *pack.Manifest) { m.Version = "../s2008" })
		}, `version "../s2008"`},
		"version of other content": {func(t *testing.T, f fstest.MapFS) {
			editManifest(t, f, func(m *pack.Manifest) { m.Version = "s2008-000000000000" })
		}, `version "s2008-000000000000" does not match the content`},
		"path upwards": {func(t *testing.T, f fstest.MapFS) {
			editManifest(t, f, func(m *pack.Manifest) { m.Files["../../etc/passwd"] = pack.File{} })
		}, `file "../../etc/passwd" has no plain path`},
		"absolute path": {func(t *testing.T, f fstest.MapFS) {
			editManifest(t, f, func(m *pack.Manifest) { m.Files["/etc/passwd"] = pack.File{} })
		}, `file "/etc/passwd" has no plain path`},
		"manifest in itself": {func(t *testing.T, f fstest.MapFS) {
			editManifest(t, f, func(m *pack.Manifest) { m.Files[pack.ManifestFile] = pack.File{} })
		}, `file "manifest.json" has no plain path`},
		"too large": {func(t *testing.T, f fstest.MapFS) {
			editManifest(t, f, func(m *pack.Manifest) { m.Files["golden.json"] = pack.File{Bytes: 1 << 40} })
		}, `file "golden.json"`},
		"too many files": {func(t *testing.T, f fstest.MapFS) {
			editManifest(t, f, func(m *pack.Manifest) {
				for i := range 100 {
					m.Files[strings.Repeat("x", i+1)] = pack.File{}
				}
			})
		}, "at most 64 are read"},

		"wrong checksum": {func(t *testing.T, f fstest.MapFS) {
			data := bytes.Clone(f[ridge].Data)
			data[len(data)/2] ^= 1
			f[ridge] = &fstest.MapFile{Data: data}
		}, ridge + " does not have the checksum"},
		"truncated file": {func(_ *testing.T, f fstest.MapFS) { truncate(f, "ratings.bin.zst") }, "ratings.bin.zst does not have the checksum"},
		"missing file":   {func(_ *testing.T, f fstest.MapFS) { delete(f, "history.json.zst") }, "history.json.zst cannot be read"},

		"sealed, file not listed": {func(t *testing.T, f fstest.MapFS) {
			delete(f, "with_spread/gbt.json")
			seal(t, f)
		}, "with_spread/gbt.json is missing"},
		"sealed, NaN in the ridge": {func(t *testing.T, f fstest.MapFS) {
			edit(t, f, ridge, func(m *object) { (*m)["coef"].([]any)[3] = "NaN" })
			replace(t, f, ridge, `"NaN"`, "NaN")
			seal(t, f)
		}, ridge + " is no valid JSON"},
		"sealed, infinite weight in the ridge": {func(t *testing.T, f fstest.MapFS) {
			edit(t, f, ridge, func(m *object) { (*m)["coef"].([]any)[3] = "X" })
			replace(t, f, ridge, `"X"`, "1e999")
			seal(t, f)
		}, ridge + " is no valid JSON"},
		"sealed, no scale in the ridge": {func(t *testing.T, f fstest.MapFS) {
			edit(t, f, ridge, func(m *object) { (*m)["scale"].([]any)[3] = 0 })
			seal(t, f)
		}, "ridge: scale of"},
		"sealed, short ridge": {func(t *testing.T, f fstest.MapFS) {
			edit(t, f, ridge, func(m *object) { (*m)["coef"] = (*m)["coef"].([]any)[1:] })
			seal(t, f)
		}, "ridge: coef has"},
		"sealed, other features": {func(t *testing.T, f fstest.MapFS) {
			edit(t, f, ridge, func(m *object) { (*m)["features"].([]any)[0] = "moon" })
			seal(t, f)
		}, `feature 0 is "moon", this version computes "margin"`},
		"sealed, no ridge": {func(t *testing.T, f fstest.MapFS) {
			f[ridge] = &fstest.MapFile{Data: []byte("null")}
			seal(t, f)
		}, "a ridge, trees and at least one net are needed"},
		"sealed, empty nets": {func(t *testing.T, f fstest.MapFS) {
			f["without_spread/mlp.json"] = &fstest.MapFile{Data: []byte("[null]")}
			seal(t, f)
		}, "mlp: the model has version 0"},
		"sealed, trees cut off": {func(t *testing.T, f fstest.MapFS) {
			truncate(f, "without_spread/gbt.json")
			seal(t, f)
		}, "the models without_spread are unusable"},
		"sealed, shares of two": {func(t *testing.T, f fstest.MapFS) {
			edit(t, f, "with_spread/blend.json", func(b *ensemble.Blend) { b.Ridge++ })
			seal(t, f)
		}, "weights must be shares that add up to 1"},
		"sealed, not compressed": {func(t *testing.T, f fstest.MapFS) {
			f["ratings.json.zst"] = &fstest.MapFile{Data: []byte("{}")}
			seal(t, f)
		}, "ratings.json.zst cannot be decompressed"},
		"sealed, ratings of another pack": {func(t *testing.T, f fstest.MapFS) {
			f["ratings.bin.zst"] = f["ratings.json.zst"]
			seal(t, f)
		}, "the ratings are unusable: the covariances have"},
		"sealed, another last block": {func(t *testing.T, f fstest.MapFS) {
			editManifest(t, f, func(m *pack.Manifest) { m.LastBlock.Day++ })
			seal(t, f)
		}, "the ratings end on day"},
		"sealed, golden margin": {func(t *testing.T, f fstest.MapFS) {
			edit(t, f, "golden.json", func(rows *[]object) { (*rows)[5]["margin"] = (*rows)[5]["margin"].(float64) + 0.001 })
			seal(t, f)
		}, "row 5 of the self-test"},
		"sealed, golden probability": {func(t *testing.T, f fstest.MapFS) {
			edit(t, f, "golden.json", func(rows *[]object) { (*rows)[7]["home_probabilities"].([]any)[1] = 0.123 })
			seal(t, f)
		}, "row 7 of the self-test"},
		"sealed, golden team": {func(t *testing.T, f fstest.MapFS) {
			edit(t, f, "golden.json", func(rows *[]object) { (*rows)[2]["home"] = "Nobody" })
			seal(t, f)
		}, "row 2 of the self-test cannot be predicted"},
		"sealed, short golden row": {func(t *testing.T, f fstest.MapFS) {
			edit(t, f, "golden.json", func(rows *[]object) { (*rows)[1]["home_probabilities"] = []any{} })
			seal(t, f)
		}, "row 1 of the self-test"},
		"sealed, no golden rows": {func(t *testing.T, f fstest.MapFS) {
			f["golden.json"] = &fstest.MapFile{Data: []byte("[]")}
			seal(t, f)
		}, "the self-test has no rows"},
		"sealed, a changed coefficient": {func(t *testing.T, f fstest.MapFS) {
			edit(t, f, ridge, func(m *object) { (*m)["coef"].([]any)[0] = 0.25 })
			seal(t, f)
		}, "of the self-test"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := folder(t, packOf(t))
			tc.spoil(t, folder)
			_, err := pack.Load(folder)
			require.Error(t, err)
			require.Equal(t, fault.Invalid, fault.CodeOf(err))
			var f *fault.Error
			require.ErrorAs(t, err, &f)
			require.True(t, strings.HasPrefix(f.Message, "the pack is refused: "), f.Message)
			require.Contains(t, f.Message, tc.reason, "the user sees the reason")
		})
	}
	sealed := folder(t, packOf(t))
	seal(t, sealed)
	_, err := pack.Load(sealed)
	require.NoError(t, err, "sealing alone is no fault")
}

func truncate(f fstest.MapFS, name string) {
	f[name] = &fstest.MapFile{Data: f[name].Data[:len(f[name].Data)/2]}
}

func TestWriteReplacesOnlyPacks(t *testing.T) {
	p := packOf(t)
	base := t.TempDir()
	photos, file, empty, old := filepath.Join(base, "photos"), filepath.Join(base, "file"), filepath.Join(base, "empty"), filepath.Join(base, "old")
	require.NoError(t, os.Mkdir(photos, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(photos, "cat.jpg"), []byte("meow"), 0o644))
	require.NoError(t, os.WriteFile(file, []byte("precious"), 0o644))
	require.NoError(t, os.Mkdir(empty, 0o755))

	err := p.Write(photos)
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	require.ErrorContains(t, err, "holds no pack")
	require.FileExists(t, filepath.Join(photos, "cat.jpg"))
	err = p.Write(file)
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	kept, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "precious", string(kept))

	require.NoError(t, p.Write(empty))
	require.NoError(t, p.Write(old))
	require.NoError(t, os.WriteFile(filepath.Join(old, "leftover.json"), nil, 0o644))
	require.NoError(t, p.Write(old+"/"), "an older pack is replaced")
	require.NoFileExists(t, filepath.Join(old, "leftover.json"))
	for _, dir := range []string{empty, old} {
		_, err := pack.Load(os.DirFS(dir))
		require.NoError(t, err)
	}
	entries, err := os.ReadDir(base)
	require.NoError(t, err)
	require.Len(t, entries, 4, "nothing temporary stays behind")
}

func TestNewNeedsRatings(t *testing.T) {
	_, err := pack.New(pack.Contents{State: ratings.NewState()})
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	require.ErrorContains(t, err, "learned no game")
}

// A manifest that is accepted names only files inside the pack and a version
// that can be part of a path.
func FuzzParseManifest(f *testing.F) {
	data, err := packOf(f).Files()
	require.NoError(f, err)
	f.Add(data[pack.ManifestFile])
	f.Add([]byte(`{"format_version":1,"version":"s2008-1","files":{"../x":{"bytes":1}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := pack.ParseManifest(data)
		if err != nil {
			require.Equal(t, fault.Invalid, fault.CodeOf(err))
			return
		}
		require.Equal(t, pack.FormatVersion, m.FormatVersion)
		require.Equal(t, m.Version, filepath.Base(m.Version))
		require.NotContains(t, []string{"", ".", ".."}, m.Version)
		for name, file := range m.Files {
			require.True(t, fs.ValidPath(name))
			require.True(t, filepath.IsLocal(filepath.FromSlash(name)))
			require.GreaterOrEqual(t, file.Bytes, int64(0))
		}
	})
}

// The pack inside the program fits the program.
func TestDefaultPackLoads(t *testing.T) {
	p, err := pack.Default()
	require.NoError(t, err)
	require.GreaterOrEqual(t, p.Manifest.LastSeason, 2023)
	require.NotEmpty(t, p.Manifest.Metrics)
}
