package routing

import (
	"embed"
	"io/fs"
)

//go:embed templates/*.tmpl
var texts embed.FS

// Templates gives the files that the configuration's texts come from, by name.
func Templates() (map[string][]byte, error) {
	names, err := fs.Glob(texts, "templates/*.tmpl")
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, name := range names {
		text, err := texts.ReadFile(name)
		if err != nil {
			return nil, err
		}
		files[name[len("templates/"):]] = text
	}
	return files, nil
}
