package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/script-ohio/platform/infra/plan"
	"github.com/script-ohio/platform/infra/stack"
)

// inspection is one graph under the eyes of one rule after the other.
type inspection struct {
	*plan.Graph
	byURN       map[string]*plan.Resource
	byType      map[string][]*plan.Resource
	environment stack.Environment
	now         time.Time
	scanner     scanner
	rule        Rule
	findings    []Finding
	policies    []document // read once, see documents
	templates   []pod      // found once, see pods
	read        map[*plan.Resource][]text
}

// inspect indexes the resources that are in the graph now, which a caller may
// have changed since it was recorded.
func inspect(g *plan.Graph, environment stack.Environment, now time.Time) *inspection {
	i := &inspection{
		Graph: g, environment: environment, now: now, scanner: newScanner(),
		byURN: map[string]*plan.Resource{}, byType: map[string][]*plan.Resource{}, read: map[*plan.Resource][]text{},
	}
	for _, r := range g.Resources {
		i.byURN[r.URN] = r
		i.byType[r.Type] = append(i.byType[r.Type], r)
		i.read[r] = texts(r.Inputs)
	}
	return i
}

// OfType returns all resources of the type.
func (i *inspection) OfType(typ string) []*plan.Resource { return i.byType[typ] }

func (i *inspection) production() bool { return i.environment == stack.Prod }

// fault is an error at an input of the resource; nil is the stack. What the
// message says of inputs comes as arguments, so that no secret among them is
// shown.
func (i *inspection) fault(r *plan.Resource, path, format string, args ...any) {
	i.find(Error, r, path, format, args...)
}

func (i *inspection) find(severity Severity, r *plan.Resource, path, format string, args ...any) {
	urn := fmt.Sprintf("urn:pulumi:%s::%s::pulumi:pulumi:Stack::%[2]s-%[1]s", i.Stack.Name, i.Stack.Project)
	if r != nil {
		urn = r.URN
	}
	for n, arg := range args {
		if value, is := arg.(string); is {
			args[n] = i.scanner.show(value)
		}
	}
	i.findings = append(i.findings, Finding{
		Rule: i.rule.Name, Severity: severity, URN: urn, Path: i.scanner.show(path), Message: fmt.Sprintf(format, args...),
		Reason: i.rule.Reason, Reference: i.rule.Reference, resource: r,
	})
}

// local is the name of a resource without project and stack, which is the
// same in all stacks.
func (i *inspection) local(r *plan.Resource) string {
	return strings.TrimPrefix(r.Name, i.Stack.Project+"-"+i.Stack.Name+"-")
}

// must is what an input has to be, and what to say where it is not.
type must struct {
	path string // with * for every item of a list
	is   func(any) bool
	say  said
}

// said is text of ours: it is shown as it stands.
type said string

// hold reports what the inputs of the resource miss. An empty list stands for
// an item that is not there.
func (i *inspection) hold(r *plan.Resource, all ...must) {
	for _, m := range all {
		for _, path := range expand(r.Inputs, m.path) {
			if !m.is(r.Inputs.At(path)) {
				i.fault(r, path, "%s", m.say)
			}
		}
	}
}

func expand(v plan.Values, pattern string) []string {
	before, after, listed := strings.Cut(pattern, ".*")
	if !listed {
		return []string{pattern}
	}
	items, _ := v.At(before).([]any)
	if len(items) == 0 {
		return []string{before}
	}
	var paths []string
	for n := range items {
		paths = append(paths, expand(v, before+"."+strconv.Itoa(n)+after)...)
	}
	return paths
}

// require is a check of every resource of a type.
func require(typ string, all ...must) func(*inspection) {
	return func(i *inspection) {
		for _, r := range i.OfType(typ) {
			i.hold(r, all...)
		}
	}
}

// each is a check of all of them.
func each(checks ...func(*inspection)) func(*inspection) {
	return func(i *inspection) {
		for _, check := range checks {
			check(i)
		}
	}
}

// What inputs can be asked to be. Some of AWS's booleans are texts.
func yes(v any) bool   { return v == true || v == "true" }
func no(v any) bool    { return !yes(v) }
func given(v any) bool { text, is := v.(string); return is && text != "" }

func exactly(want any) func(any) bool { return func(v any) bool { return v == want } }

func atLeast(least float64) func(any) bool {
	return func(v any) bool { n, is := v.(float64); return is && n >= least }
}

// points reports whether a property of the one resource comes from the other.
func points(r *plan.Resource, property string, to *plan.Resource) bool {
	return slices.Contains(r.PropertyDepends[property], to.URN)
}

// pointing lists the resources of the type that point at the other.
func (i *inspection) pointing(typ, property string, to *plan.Resource) []*plan.Resource {
	var found []*plan.Resource
	for _, r := range i.OfType(typ) {
		if points(r, property, to) {
			found = append(found, r)
		}
	}
	return found
}

// buckets lists all buckets.
func (i *inspection) buckets() []*plan.Resource {
	return slices.Concat(i.OfType(bucketType), i.OfType("aws:s3/bucket:Bucket"))
}

// bucketName is what the bucket is called in AWS.
func bucketName(bucket *plan.Resource) string {
	if name := bucket.Inputs.Text("bucket"); name != "" {
		return name
	}
	return bucket.Name
}

// ofBucket lists the resources of a type that say something about the bucket.
func (i *inspection) ofBucket(bucket *plan.Resource, typ string) []*plan.Resource {
	var found []*plan.Resource
	for _, r := range i.OfType(typ) {
		if points(r, "bucket", bucket) || r.Inputs.Text("bucket") == bucketName(bucket) {
			found = append(found, r)
		}
	}
	return found
}

// requireOfBuckets is a check of what every bucket needs beside it.
func requireOfBuckets(typ string, missing said, all ...must) func(*inspection) {
	return func(i *inspection) {
		for _, bucket := range i.buckets() {
			found := i.ofBucket(bucket, typ)
			if len(found) == 0 {
				i.fault(bucket, "", "%s", missing)
			}
			for _, r := range found {
				i.hold(r, all...)
			}
		}
	}
}
