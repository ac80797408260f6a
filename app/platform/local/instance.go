package local

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/script-ohio/platform/app/fault"
)

// Instance tells the other commands where the program that runs on a data
// directory can be reached. It holds the database password, so its file is
// for its owner only.
type Instance struct {
	PID         int       `json:"pid"` // 0 means this process when written
	DatabaseURL string    `json:"database_url"`
	PublicURL   string    `json:"public_url"`
	InternalURL string    `json:"internal_url"`
	RedisURL    string    `json:"redis_url"`
	StartedAt   time.Time `json:"started_at"`
}

func instancePath(dataDir string) string { return filepath.Join(dataDir, "instance.json") }

// WriteInstance replaces the instance file of a data directory in one step.
// The program that holds the directory, by Start, calls it when everything
// answers; Stop removes the file.
func WriteInstance(dataDir string, instance Instance) error {
	if instance.PID == 0 {
		instance.PID = os.Getpid()
	}
	text, err := json.MarshalIndent(instance, "", "  ")
	if err != nil {
		return fault.Wrap(fault.Internal, err, "the instance cannot be encoded")
	}
	f, err := os.CreateTemp(dataDir, "instance-*.json") // mode 0600
	if err == nil {
		_, err = f.Write(append(text, '\n'))
		err = errors.Join(err, f.Close())
		if err == nil {
			err = os.Rename(f.Name(), instancePath(dataDir))
		}
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "the instance file in %s cannot be written", dataDir)
	}
	return nil
}

// ReadInstance finds the program that runs on a data directory. It is
// fault.NotFound when none does, also when one was killed and left its file.
func ReadInstance(dataDir string) (Instance, error) {
	none := fault.New(fault.NotFound,
		"no running instance in %s: start one with `ohio serve --local --data-dir %[1]s` or set DATABASE_URL", dataDir)
	holder, err := lockHolder(dataDir)
	if err != nil {
		return Instance{}, unreadable(dataDir, err)
	}
	if holder == 0 {
		return Instance{}, none
	}
	text, err := os.ReadFile(instancePath(dataDir))
	if errors.Is(err, os.ErrNotExist) {
		return Instance{}, fault.New(fault.NotFound, "the instance in %s (pid %d) is still starting; try again", dataDir, holder)
	}
	if err != nil {
		return Instance{}, unreadable(dataDir, err)
	}
	var instance Instance
	if err := json.Unmarshal(text, &instance); err != nil {
		return Instance{}, fault.Wrap(fault.Internal, err, "the instance file in %s is damaged; restart ohio there", dataDir)
	}
	if instance.PID != holder {
		return Instance{}, none
	}
	return instance, nil
}

func unreadable(dataDir string, err error) error {
	code := fault.Unavailable
	if errors.Is(err, os.ErrPermission) {
		code = fault.Forbidden
	}
	return fault.Wrap(code, err, "the instance in %s cannot be read; use the user who started it", dataDir)
}

func removeInstance(dataDir string) error {
	err := os.Remove(instancePath(dataDir))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fault.Wrap(fault.Unavailable, err, "the instance file in %s cannot be removed", dataDir)
	}
	return nil
}
