package stack

import "fmt"

// Environment is a set of rules.
type Environment string

// The environments.
const (
	Staging Environment = "staging"
	Prod    Environment = "prod"
)

// UnmarshalText accepts the known environments.
func (e *Environment) UnmarshalText(text []byte) error {
	switch v := Environment(text); v {
	case Staging, Prod:
		*e = v
		return nil
	}
	return fmt.Errorf("%q is neither staging nor prod", text)
}
