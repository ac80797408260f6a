package backup

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"reflect"
	"time"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/blob"
)

// LogSource is where the logs of a deployment can be read.
type LogSource interface {
	// Read writes the lines between two times.
	Read(ctx context.Context, from, to time.Time, w io.Writer) error
}

// copyModels packs the model packs, or the description of the embedded one.
func (s *Service) copyModels(ctx context.Context, m *Manifest, p Progress) (Object, error) {
	if s.Models == nil && s.EmbeddedPack == nil {
		return Object{}, skipError("no model packs are configured")
	}
	return s.store(ctx, m.Name, "models.tar", 0, p, func(w io.Writer) error {
		archive := tar.NewWriter(w)
		files := 0
		if s.Models != nil {
			n, err := s.packModels(ctx, archive)
			if err != nil {
				return err
			}
			files = n
		}
		if files == 0 && s.EmbeddedPack != nil {
			text, err := s.EmbeddedPack()
			if err != nil {
				return err
			}
			header := &tar.Header{Name: "embedded/manifest.json", Mode: 0o644, Size: int64(len(text)), ModTime: m.StartedAt}
			if err := archive.WriteHeader(header); err != nil {
				return err
			}
			if _, err := archive.Write(text); err != nil {
				return err
			}
		}
		return archive.Close()
	})
}

func (s *Service) packModels(ctx context.Context, archive *tar.Writer) (files int, err error) {
	objects := s.Models.List(listOptions(contract.PrefixPacks))
	for {
		object, err := objects.Next(ctx)
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return files, blob.Fault(err, "the model packs cannot be listed")
		}
		header := &tar.Header{Name: object.Key, Mode: 0o644, Size: object.Size, ModTime: object.ModTime}
		if err := archive.WriteHeader(header); err != nil {
			return files, err
		}
		r, err := s.Models.NewReader(ctx, object.Key, nil)
		if err != nil {
			return files, blob.Fault(err, "%s cannot be read", object.Key)
		}
		_, err = io.Copy(archive, r)
		if err = errors.Join(err, r.Close()); err != nil {
			return files, fault.Wrap(fault.Unavailable, err, "%s cannot be copied", object.Key)
		}
		files++
	}
}

// copyConfiguration keeps what was configured, and what this program declares,
// so that a deployment can be made again as it was. Secrets only say that they
// were set.
func (s *Service) copyConfiguration(ctx context.Context, m *Manifest, p Progress) (Object, error) {
	text, err := json.MarshalIndent(map[string]any{
		"program":       s.Program,
		"configuration": redacted(s.Config),
		"contract": map[string]any{
			"variables": contract.Variables(), "routes": contract.Routes(), "metrics": contract.Metrics(),
			"jobs": contract.Jobs(), "queues": contract.Queues(), "retention_days": contract.BackupRetention.Hours() / 24,
		},
	}, "", "  ")
	if err != nil {
		return Object{}, fault.Wrap(fault.Internal, err, "the configuration cannot be encoded")
	}
	return s.store(ctx, m.Name, "configuration.json", int64(len(text)), p, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// redacted gives the configuration by variable, without secrets.
func redacted(config contract.Config) map[string]any {
	values := map[string]any{}
	fields := reflect.ValueOf(config)
	for _, v := range contract.Variables() {
		field := fields.FieldByName(v.Field)
		switch {
		case v.Secret && field.IsZero():
			values[v.Name] = ""
		case v.Secret:
			values[v.Name] = "(set)"
		default:
			values[v.Name] = field.Interface()
		}
		// A user and password in a URL are secret wherever they stand.
		if text, ok := values[v.Name].(string); ok {
			if u, err := url.Parse(text); err == nil && u.User != nil {
				values[v.Name] = u.Redacted()
			}
		}
	}
	return values
}

// logsOf is how far back logs are copied.
const logsOf = 24 * time.Hour

func (s *Service) copyLogs(ctx context.Context, m *Manifest, p Progress) (Object, error) {
	if s.Logs == nil {
		return Object{}, skipError("no source of logs is configured")
	}
	return s.store(ctx, m.Name, "logs.ndjson", 0, p, func(w io.Writer) error {
		return s.Logs.Read(ctx, m.StartedAt.Add(-logsOf), m.StartedAt, w)
	})
}
