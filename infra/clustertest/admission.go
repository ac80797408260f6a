package clustertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// PrivilegedRejected tries a pod of the Deployment that breaks one rule of the
// restricted Pod Security Standard after the other.
func PrivilegedRejected(namespace, deployment string) Scenario {
	yes := true
	changes := []struct {
		what   string
		change func(*corev1.PodSpec, *corev1.SecurityContext)
	}{
		{"privileged", func(_ *corev1.PodSpec, s *corev1.SecurityContext) {
			s.Privileged, s.AllowPrivilegeEscalation = &yes, nil
		}},
		{"with privilege escalation", func(_ *corev1.PodSpec, s *corev1.SecurityContext) { s.AllowPrivilegeEscalation = &yes }},
		{"in the host's network", func(p *corev1.PodSpec, _ *corev1.SecurityContext) { p.HostNetwork = true }},
		{"with a path of the host", func(p *corev1.PodSpec, _ *corev1.SecurityContext) {
			p.Volumes = append(p.Volumes, corev1.Volume{Name: "host", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}}})
		}},
		{"with another capability", func(_ *corev1.PodSpec, s *corev1.SecurityContext) {
			s.Capabilities = &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}, Add: []corev1.Capability{"SYS_ADMIN"}}
		}},
	}
	return Scenario{
		Name: "privileged pod rejected by Pod Security in " + namespace,
		Run: func(ctx context.Context, c *Cluster) error {
			good, err := c.tried(ctx, namespace, deployment)
			if err != nil {
				return err
			}
			var errs []error
			for _, bad := range changes {
				pod := good.DeepCopy()
				first := &pod.Spec.Containers[0]
				if first.SecurityContext == nil {
					first.SecurityContext = &corev1.SecurityContext{}
				}
				bad.change(&pod.Spec, first.SecurityContext)
				errs = append(errs, refused(c.tryPod(ctx, pod), "violates PodSecurity", "a pod "+bad.what))
			}
			return errors.Join(errs...)
		},
	}
}

// ForeignRegistryRejected tries a pod of the Deployment with images from
// elsewhere, among them one whose registry only begins as ours does.
func ForeignRegistryRejected(namespace, deployment string) Scenario {
	return Scenario{
		Name: "foreign registry rejected by the admission policy in " + namespace,
		Run: func(ctx context.Context, c *Cluster) error {
			good, err := c.tried(ctx, namespace, deployment)
			if err != nil {
				return err
			}
			ours, path, _ := strings.Cut(good.Spec.Containers[0].Image, "/")
			var errs []error
			for _, image := range []string{"docker.io/foreign/nginx:1", "nginx:1", ours + ".example.net/" + path} {
				pod := good.DeepCopy()
				pod.Spec.Containers[0].Image = image
				errs = append(errs, c.refusedByPolicy(ctx, pod, "a container from "+image))
				pod = good.DeepCopy()
				first := pod.Spec.Containers[0].DeepCopy()
				first.Name, first.Image, first.Ports = "before", image, nil
				first.LivenessProbe, first.ReadinessProbe, first.StartupProbe, first.Lifecycle = nil, nil, nil, nil
				pod.Spec.InitContainers = append(pod.Spec.InitContainers, *first)
				errs = append(errs, c.refusedByPolicy(ctx, pod, "an init container from "+image))
			}
			return errors.Join(errs...)
		},
	}
}

// policyWithin is how long a new policy may take to be in force.
const policyWithin = 15 * time.Second

// refusedByPolicy looks more than once: a policy is in force a moment after it
// was applied.
func (c *Cluster) refusedByPolicy(ctx context.Context, pod *corev1.Pod, what string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, policyWithin, errors.New("the policy is not in force"))
	defer cancel()
	return Eventually(ctx, "a refusal", func(ctx context.Context) error {
		return refused(c.tryPod(ctx, pod), "ValidatingAdmissionPolicy", what)
	})
}

// refused is nil for a refusal for the reason.
func refused(err error, reason, what string) error {
	switch {
	case err == nil:
		return fmt.Errorf("%s is accepted", what)
	case !apierrors.IsForbidden(err) && !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), reason):
		return fmt.Errorf("%s is refused for another reason: %w", what, err)
	}
	return nil
}
