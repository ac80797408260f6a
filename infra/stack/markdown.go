package stack

import (
	"fmt"
	"strings"
)

// Markdown documents every setting, a table for each component.
func Markdown() string {
	var out strings.Builder
	group := ""
	for _, k := range Keys() {
		if k.Group != group {
			group = k.Group
			fmt.Fprintf(&out, "\n### %s\n\n| key | type | default | meaning |\n|---|---|---|---|\n", group)
		}
		value := "`" + k.Default + "`"
		switch {
		case k.Required():
			value = "**required**, such as `" + k.Example + "`"
		case k.Default == "":
			value = "empty"
		}
		fmt.Fprintf(&out, "| `%s` | %s | %s | %s |\n", k.Name, k.Type, value, k.Doc)
	}
	return strings.TrimPrefix(out.String(), "\n")
}
