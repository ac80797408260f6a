// Package externalsecret is the kinds of External Secrets as typed structs, as
// far as they are used: a store that reads Secrets Manager, secrets that are
// built from it, and passwords that are made in the cluster.
// https://external-secrets.io/latest/api/spec/
package externalsecret

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// API is the version of stores and secrets.
const API = "external-secrets.io/v1"

// GeneratorsAPI is the version of generators.
const GeneratorsAPI = "generators.external-secrets.io/v1alpha1"

// Store is a SecretStore: its controller reads with the role of its own pods.
// https://external-secrets.io/latest/provider/aws-secrets-manager/
type Store struct {
	Provider Provider `pulumi:"provider"`
}

// Provider is where a store reads.
type Provider struct {
	AWS AWS `pulumi:"aws"`
}

// AWS is Secrets Manager in a region.
type AWS struct {
	Service string             `pulumi:"service"`
	Region  pulumi.StringInput `pulumi:"region"`
}

// SecretsManager is the store of a region.
func SecretsManager(region pulumi.StringInput) Store {
	return Store{Provider{AWS{Service: "SecretsManager", Region: region}}}
}

// Secret is an ExternalSecret.
type Secret struct {
	Refresh string    `pulumi:"refreshInterval"` // a Go duration; 0 for once
	Store   *StoreRef `pulumi:"secretStoreRef"`
	Target  Target    `pulumi:"target"`
	Data    []Data    `pulumi:"data"`
	From    []From    `pulumi:"dataFrom"`
}

// StoreRef names a store.
type StoreRef struct {
	Name string `pulumi:"name"`
	Kind string `pulumi:"kind"`
}

// In is the store of the namespace.
func In(store string) *StoreRef { return &StoreRef{store, "SecretStore"} }

// Target is the Secret that it fills.
type Target struct {
	Name     string   `pulumi:"name"`
	Creation string   `pulumi:"creationPolicy"`
	Deletion string   `pulumi:"deletionPolicy"`
	Template Template `pulumi:"template"`
}

// Template is the values, as templates of Go over the keys of Data.
type Template struct {
	Engine string            `pulumi:"engineVersion"`
	Merge  string            `pulumi:"mergePolicy"`
	Data   map[string]string `pulumi:"data"`
}

// Owned is a Secret of the name that lives as long as its ExternalSecret, and
// keeps its values while nobody can read the source.
func Owned(name string, values map[string]string) Target {
	return Target{Name: name, Creation: "Owner", Deletion: "Retain", Template: Template{Engine: "v2", Merge: "Replace", Data: values}}
}

// Data takes one property of a secret.
type Data struct {
	Key    string `pulumi:"secretKey"` // in the templates
	Remote Remote `pulumi:"remoteRef"`
}

// Remote is a property of a secret of JSON.
type Remote struct {
	Key      pulumi.StringInput `pulumi:"key"` // ARN
	Property string             `pulumi:"property"`
}

// Take is the property under a key of the templates.
func Take(key string, from pulumi.StringInput, property string) Data {
	return Data{key, Remote{from, property}}
}

// From takes what a generator makes.
type From struct {
	Source Source `pulumi:"sourceRef"`
}

// Source names a generator.
type Source struct {
	Generator Generator `pulumi:"generatorRef"`
}

// Generator is an object of GeneratorsAPI.
type Generator struct {
	API  string `pulumi:"apiVersion"`
	Kind string `pulumi:"kind"`
	Name string `pulumi:"name"`
}

// Password is a generator of passwords, which never leave the cluster. What it
// makes is at the key password.
// https://external-secrets.io/latest/api/generator/password/
type Password struct {
	Length  int  `pulumi:"length"`
	Digits  int  `pulumi:"digits"`
	Symbols int  `pulumi:"symbols"`
	NoUpper bool `pulumi:"noUpper"`
	Repeat  bool `pulumi:"allowRepeat"`
	// Encoding is raw, but for what reads another.
	Encoding pulumi.StringInput `pulumi:"encoding"`
}

// Made takes the password of the generator.
func Made(generator string) []From {
	return []From{{Source{Generator{GeneratorsAPI, "Password", generator}}}}
}

// Literal is a text that is a template itself, such as one of Alertmanager, as
// a value of a Template: it comes out as it is.
func Literal(text string) string {
	var out strings.Builder
	for n, part := range strings.Split(text, "{{") {
		if n > 0 {
			out.WriteString("{{ `{{` }}")
		}
		out.WriteString(part)
	}
	return out.String()
}
