package cost

import (
	"regexp"
	"strconv"
	"strings"
)

// classes are the hourly prices of machines. A size that is not listed follows
// from its family's large one: AWS rounds to a tenth of a cent, so the true
// price differs by half a percent at most.
func classes() []entry {
	ec2 := func(class string, usd float64, basis Basis) entry { return entry{class, usd, Hour, ec2Page, basis} }
	rds := func(class string, usd float64, basis Basis) entry { return entry{class, usd, Hour, rdsPage, basis} }
	cache := func(class string, usd float64) entry { return entry{class, usd, Hour, cachePage, SeenEast} }
	return []entry{
		ec2("m7g.large", 0.0816, Seen),
		ec2("r7g.large", 0.1071, Seen),
		ec2("c7g.large", 0.0725, SeenEast),
		ec2("t4g.large", 0.0672, SeenEast),

		// PostgreSQL in one zone. The m7g stand in tables for both engines, the
		// r7g in one for MySQL only.
		rds("db.m7g.large", 0.168, SeenEast),
		rds("db.m7g.xlarge", 0.337, SeenEast),
		rds("db.r7g.large", 0.239, Remembered),
		rds("db.t4g.micro", 0.016, SeenEast),
		rds("db.t4g.small", 0.032, SeenEast),
		rds("db.t4g.medium", 0.065, SeenEast),
		rds("db.t4g.large", 0.129, SeenEast),

		// The t4g of ElastiCache end at medium.
		cache("cache.m7g.large, valkey", 0.1264),
		cache("cache.r7g.large, valkey", 0.1752),
		cache("cache.t4g.micro, valkey", 0.0128),
		cache("cache.t4g.small, valkey", 0.0256),
		cache("cache.t4g.medium, valkey", 0.052),
		cache("cache.m7g.large, redis", 0.158),
		cache("cache.r7g.large, redis", 0.219),
		cache("cache.t4g.micro, redis", 0.016),
		cache("cache.t4g.small, redis", 0.032),
		cache("cache.t4g.medium, redis", 0.065),
	}
}

// classPattern is everything before the size, the size, and what follows it.
var classPattern = regexp.MustCompile(`^(.*\.)(micro|small|medium|large|\d*xlarge)\b(.*)$`)

// class is the price of a machine by its name.
func class(name string) (entry, bool) {
	larges := map[string]entry{}
	for _, p := range classes() {
		if p.Item == name {
			return p, true
		}
		larges[p.Item] = p
	}
	parts := classPattern.FindStringSubmatch(name)
	if parts == nil {
		return entry{}, false
	}
	p, known := larges[parts[1]+"large"+parts[3]]
	return p.times(size(parts[2]), name), known
}

// size is how many large machines make one of the size.
func size(name string) float64 {
	switch name {
	case "micro":
		return 1.0 / 8
	case "small":
		return 1.0 / 4
	case "medium":
		return 1.0 / 2
	case "large":
		return 1
	}
	if n, err := strconv.Atoi(strings.TrimSuffix(name, "xlarge")); err == nil {
		return 2 * float64(n)
	}
	return 2
}

// vCPUs is how many a database class has: two, and below large no fewer.
func vCPUs(name string) float64 {
	parts := classPattern.FindStringSubmatch(name)
	if parts == nil {
		return 0
	}
	return max(2, 2*size(parts[2]))
}
