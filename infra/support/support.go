// Package support knows until when AWS keeps the engine versions that a stack
// may run in standard support. It is data with a source and the day it was
// read; what is not listed is not supported here.
package support

import (
	"fmt"
	"strings"
	"time"
)

// Product is an engine whose versions come and go.
type Product string

// The products that a stack runs.
const (
	EKS      Product = "EKS"
	Postgres Product = "RDS for PostgreSQL"
	Valkey   Product = "ElastiCache for Valkey"
	Redis    Product = "ElastiCache for Redis OSS"
)

// Notice is how long before the end of support to warn.
const Notice = 90 * 24 * time.Hour

// Window is the standard support of one version.
type Window struct {
	Product Product
	Version string
	// Until is the last day of standard support; zero where AWS has announced
	// no end.
	Until  time.Time
	Source string
	Read   time.Time // the day the source was read
}

// Windows lists every version known, oldest first within a product.
func Windows() []Window {
	const (
		eks     = "https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html and https://endoflife.date/amazon-eks"
		rds     = "https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-release-calendar.html"
		elastic = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/engine-versions.html"
	)
	read := day(2026, time.November, 23)
	return []Window{
		{EKS, "1.33", day(2026, time.July, 29), eks, read},
		{EKS, "1.34", day(2026, time.December, 2), eks, read},
		{EKS, "1.35", day(2027, time.March, 27), eks, read},
		{EKS, "1.36", day(2027, time.August, 2), eks, read},
		{Postgres, "17", day(2030, time.February, 28), rds, read},
		{Valkey, "7.2", time.Time{}, elastic, read},
		{Valkey, "8.0", time.Time{}, elastic, read},
		{Valkey, "8.2", time.Time{}, elastic, read},
		{Redis, "7.1", time.Time{}, elastic, read},
	}
}

func day(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// Find returns the window of a version.
func Find(product Product, version string) (Window, bool) {
	for _, w := range Windows() {
		if w.Product == product && w.Version == version {
			return w, true
		}
	}
	return Window{}, false
}

// Check is an error when the version is not listed or out of support on the
// day of now.
func Check(product Product, version string, now time.Time) error {
	w, known := Find(product, version)
	switch {
	case !known:
		return fmt.Errorf("%s %q is not known: choose among %s", product, version, strings.Join(supported(product, now), ", "))
	case w.over(now):
		return fmt.Errorf("%s %s left standard support on %s: choose among %s",
			product, version, w.Until.Format(time.DateOnly), strings.Join(supported(product, now), ", "))
	}
	return nil
}

// Warn says that support ends within Notice of now, or nothing.
func Warn(product Product, version string, now time.Time) string {
	w, known := Find(product, version)
	if !known || w.over(now) || !w.over(now.Add(Notice)) {
		return ""
	}
	return fmt.Sprintf("%s %s leaves standard support on %s: plan the upgrade", product, version, w.Until.Format(time.DateOnly))
}

func (w Window) over(now time.Time) bool {
	return !w.Until.IsZero() && !now.Before(w.Until.AddDate(0, 0, 1))
}

func supported(product Product, now time.Time) []string {
	var versions []string
	for _, w := range Windows() {
		if w.Product == product && !w.over(now) {
			versions = append(versions, w.Version)
		}
	}
	if versions == nil {
		return []string{"none: the table of support windows is out of date"}
	}
	return versions
}
