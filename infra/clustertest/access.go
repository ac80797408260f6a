package clustertest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Question is one that RBAC answers, as `kubectl auth can-i` puts it.
type Question struct {
	User, Group string // a service account is system:serviceaccount:NAMESPACE:NAME
	Verb        string
	Resource    string // such as pods, pods/exec or deployments.apps
	Namespace   string // empty for all
	Allowed     bool   // the answer that is right
}

// Access asks the API server who may do what.
func Access(who string, questions []Question) Scenario {
	return Scenario{
		Name: "RBAC answers for " + who,
		Run: func(ctx context.Context, c *Cluster) error {
			var errs []error
			for _, q := range questions {
				errs = append(errs, c.ask(ctx, q))
			}
			return errors.Join(errs...)
		},
	}
}

func (c *Cluster) ask(ctx context.Context, q Question) error {
	name, sub, _ := strings.Cut(q.Resource, "/")
	resource, group, _ := strings.Cut(name, ".")
	user := q.User
	if user == "" {
		user = "somebody" // rights come with the group
	}
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: user,
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: q.Namespace, Verb: q.Verb, Group: group, Resource: resource, Subresource: sub,
		},
	}}
	if q.Group != "" {
		review.Spec.Groups = []string{q.Group, "system:authenticated"}
	}
	answer, err := c.Client.AuthorizationV1().SubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if answer.Status.Allowed != q.Allowed {
		may := map[bool]string{true: "may", false: "may not"}
		return fmt.Errorf("%s%s %s %s %s in namespace %q", q.User, q.Group, may[answer.Status.Allowed], q.Verb, q.Resource, q.Namespace)
	}
	return nil
}
