package pack

import (
	"embed"
	"io/fs"
)

// The default pack is trained by `make pack` and is part of the binary.
//
//go:embed default
var defaultFiles embed.FS

// Default loads the pack that this program was built with. Some 30 ms.
func Default() (*Pack, error) {
	folder, err := fs.Sub(defaultFiles, "default")
	if err != nil {
		return nil, err
	}
	return Load(folder)
}
