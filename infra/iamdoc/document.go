// Package iamdoc writes and reads IAM policy documents as typed values. A
// document is valid for one use: what an identity may do, who may use a
// resource, or who may assume a role.
//
// Grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
package iamdoc

import "slices"

// Version is the only version of the policy language that is written.
const Version = "2012-10-17"

// Document is a policy: what its statements allow, less what they deny.
type Document struct {
	Statements []Statement
}

// Statement allows or denies actions on resources, to principals where the
// document stands at a resource or a role, when all conditions hold.
type Statement struct {
	Sid        string // letters and digits, unique within the document
	Effect     Effect
	Principals []Principal
	Actions    []string // service:Name, with * and ? as wildcards
	NotActions []string // everything but these; with Deny only
	Resources  []string // ARNs, with * and ? as wildcards
	Conditions []Condition
}

// Effect is what a statement does.
type Effect string

// The two effects; a deny wins over every allow.
const (
	EffectAllow Effect = "Allow"
	EffectDeny  Effect = "Deny"
)

// Principal is who a statement is about.
type Principal struct {
	Kind PrincipalKind
	ID   string // ARN, account, service name or provider; * is everybody
}

// PrincipalKind is a key of the Principal element.
type PrincipalKind string

// The kinds of principals.
const (
	PrincipalAWS       PrincipalKind = "AWS"
	PrincipalService   PrincipalKind = "Service"
	PrincipalFederated PrincipalKind = "Federated"
)

// Condition holds when the operator is true of the request's value of Key and
// one of Values.
type Condition struct {
	Operator string
	Key      string
	Values   []string
}

// New is a document of the statements.
func New(statements ...Statement) Document { return Document{Statements: statements} }

// Allow starts a statement that permits the actions.
func Allow(actions ...string) Statement {
	return Statement{Effect: EffectAllow, Actions: actions}
}

// Deny starts a statement that forbids the actions.
func Deny(actions ...string) Statement {
	return Statement{Effect: EffectDeny, Actions: actions}
}

// DenyAllBut starts a statement that forbids every other action.
func DenyAllBut(actions ...string) Statement {
	return Statement{Effect: EffectDeny, NotActions: actions}
}

// Named returns the statement with a name.
func (s Statement) Named(sid string) Statement {
	s.Sid = sid
	return s
}

// On returns the statement about these resources too.
func (s Statement) On(resources ...string) Statement {
	s.Resources = append(slices.Clip(s.Resources), resources...)
	return s
}

// To returns the statement about these principals too.
func (s Statement) To(principals ...Principal) Statement {
	s.Principals = append(slices.Clip(s.Principals), principals...)
	return s
}

// When returns the statement under these conditions too.
func (s Statement) When(conditions ...Condition) Statement {
	s.Conditions = append(slices.Clip(s.Conditions), conditions...)
	return s
}

// AWS is an account, role or user by ARN.
func AWS(arn string) Principal { return Principal{PrincipalAWS, arn} }

// Service is an AWS service, such as ec2.amazonaws.com.
func Service(name string) Principal { return Principal{PrincipalService, name} }

// Federated is an identity provider by ARN.
func Federated(arn string) Principal { return Principal{PrincipalFederated, arn} }

// Anyone is everybody, known or not: always with a condition or a Deny.
func Anyone() Principal { return Principal{PrincipalAWS, "*"} }
