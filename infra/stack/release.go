package stack

import (
	"slices"
	"strings"
)

// The colours of two releases that stand beside each other.
const (
	Blue  = "blue"
	Green = "green"
)

// shared are registries in which anybody may have a name: their images are
// allowed by path only.
func shared() []string { return []string{"docker.io", "ghcr.io", "quay.io", "public.ecr.aws"} }

func (c Config) checkRelease(r *report) {
	rel := c.Release
	images := []string{rel.Image}
	if rel.Live != "" {
		images = []string{rel.Blue, rel.Green}
		r.unless(rel.Live == Blue || rel.Live == Green, "live %q is neither blue nor green", rel.Live)
	}
	r.unless(rel.Live != "" || rel.Blue == "" && rel.Green == "", "blueImage and greenImage stand beside each other only with live: say which one gets the requests")
	for _, image := range images {
		checkImage(r, image, rel.Registries)
	}
	if rel.Workers {
		image := rel.ForWorkers()
		r.unless(image != "", "the live image has no tag that its workers' image could share: set workerImage")
		if image != "" {
			checkImage(r, image, rel.Registries)
		}
	}
	r.unless(rel.ReplicasMin >= 1 && rel.ReplicasMin <= rel.ReplicasMax, "replicas: at least %d, at most %d: the first is 1 or more and not above the second", rel.ReplicasMin, rel.ReplicasMax)
	r.unless(rel.ReplicasMin >= 2 || !c.Production(), "in production: at least %d replica: 2 or more, so that one may go", rel.ReplicasMin)
	r.unless(rel.ReplicasMax <= 50, "at most %d replicas: 50 is what the quotas and the database's connections are made for", rel.ReplicasMax)
	r.unless(len(rel.Registries) > 0, "no registries: no image could run")
	for _, registry := range rel.Registries {
		host, _, _ := strings.Cut(registry, "/")
		r.unless(!slices.Contains(shared(), registry), "registry %s is everybody's: name a path in it, such as %s/library", registry, registry)
		r.unless(strings.Contains(host, ".") && registry == strings.Trim(registry, "/ "), "registry %q is not a host such as ghcr.io, or one with a path", registry)
	}
}

// ForWorkers is the image of the workers; empty where nothing says it.
func (rel Release) ForWorkers() string {
	if rel.WorkerImage != "" {
		return rel.WorkerImage
	}
	live := map[string]string{Blue: rel.Blue, Green: rel.Green, "": rel.Image}[rel.Live]
	name, _, _ := strings.Cut(live, "@")
	path, base := name[:strings.LastIndex(name, "/")+1], name[strings.LastIndex(name, "/")+1:]
	base, tag, tagged := strings.Cut(base, ":")
	if !tagged {
		return ""
	}
	return path + base + "-work:" + tag
}

// checkImage wants a name that means one thing for ever, from where images may
// come.
func checkImage(r *report, image string, registries []string) {
	r.unless(imagePattern.MatchString(image), "image %q is not registry/name with a tag or digest", image)
	name, _, digest := strings.Cut(image, "@")
	_, tag, tagged := strings.Cut(name[strings.LastIndex(name, "/")+1:], ":")
	r.unless(digest || tagged && tag != "latest", "image %q changes under the same name: give a version tag or a digest", image)
	r.unless(slices.ContainsFunc(registries, func(from string) bool { return strings.HasPrefix(image, from+"/") }),
		"image %q comes from none of the registries %s: the cluster would refuse it", image, strings.Join(registries, ", "))
}
