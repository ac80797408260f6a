package smoke

import (
	"errors"
	"fmt"
	"time"
)

// jobList is the jobs as callers rely on them.
type jobList struct {
	Jobs []struct {
		Name    string    `json:"name"`
		Cron    string    `json:"cron"`
		NextDue time.Time `json:"next_due"`
	} `json:"jobs"`
}

func saneJobs(_ *found, l jobList) error {
	if len(l.Jobs) == 0 {
		return errors.New("there are no jobs")
	}
	for _, j := range l.Jobs {
		if j.Name == "" || j.Cron == "" || j.NextDue.IsZero() {
			return fmt.Errorf("job %q is due by %q at %s", j.Name, j.Cron, j.NextDue)
		}
	}
	return nil
}

// jobRun is a run of a job.
type jobRun struct {
	ID           int64     `json:"id"`
	Job          string    `json:"job"`
	Status       string    `json:"status"`
	ScheduledFor time.Time `json:"scheduled_for"`
}

func (r jobRun) sane() error {
	return must(r.ID > 0 && r.Job != "" && r.Status != "" && !r.ScheduledFor.IsZero(), "run %d of job %q has the status %q", r.ID, r.Job, r.Status)
}

func saneRuns(f *found, l struct {
	Runs []jobRun `json:"runs"`
}) error {
	if l.Runs == nil {
		return errors.New("there is no list of runs")
	}
	for _, r := range l.Runs {
		if err := r.sane(); err != nil {
			return err
		}
		f.run = r.ID
	}
	return nil
}

func saneRun(f *found, r jobRun) error {
	return all(must(r.ID == f.run, "it shows run %d instead of %d", r.ID, f.run), r.sane())
}

func saneBackups(f *found, l struct {
	Backups []struct {
		Name   string `json:"name"`
		Status string `json:"status"`
	} `json:"backups"`
}) error {
	if l.Backups == nil {
		return errors.New("there is no list of backups")
	}
	for _, b := range l.Backups {
		if b.Name == "" || b.Status == "" {
			return fmt.Errorf("backup %q has the status %q", b.Name, b.Status)
		}
		f.backup = b.Name
	}
	return nil
}

func saneBackup(f *found, b struct {
	Name   string `json:"name"`
	Status string `json:"status"`
}) error {
	return must(b.Name == f.backup && b.Status != "", "it shows backup %q with the status %q instead of %q", b.Name, b.Status, f.backup)
}

func saneOutcomes(_ *found, l struct {
	Outcomes []struct {
		Kind   string `json:"kind"`
		Backup string `json:"backup"`
	} `json:"outcomes"`
}) error {
	if l.Outcomes == nil {
		return errors.New("there is no list of outcomes")
	}
	for _, o := range l.Outcomes {
		if o.Kind == "" || o.Backup == "" {
			return fmt.Errorf("an outcome is of kind %q and of backup %q", o.Kind, o.Backup)
		}
	}
	return nil
}

func saneAlerts(_ *found, l struct {
	Alerts []struct {
		Fingerprint string `json:"fingerprint"`
		Status      string `json:"status"`
	} `json:"alerts"`
}) error {
	if l.Alerts == nil {
		return errors.New("there is no list of alerts")
	}
	for _, a := range l.Alerts {
		if a.Fingerprint == "" || a.Status != "firing" && a.Status != "resolved" {
			return fmt.Errorf("alert %q has the status %q", a.Fingerprint, a.Status)
		}
	}
	return nil
}
