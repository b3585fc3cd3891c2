package speccheck

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

// Dir returns the folder of the OpenAPI documents: MADOGUCHI_LINE_SPECS if it
// is set, else ../shared/specs/line beside the repository. False if there are
// none.
func Dir() (string, bool) {
	if dir := os.Getenv("MADOGUCHI_LINE_SPECS"); dir != "" {
		return dir, holdsSpecs(dir)
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", false
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			specs := filepath.Join(dir, "..", "shared", "specs", "line")
			return specs, holdsSpecs(specs)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}

func holdsSpecs(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, fileAPI))
	return err == nil
}

const (
	fileAPI     = "messaging-api.yml"
	fileToken   = "channel-access-token.yml"
	fileWebhook = "webhook.yml"
)

// documents are what is looked up in LINE's OpenAPI documents. Nothing changes
// them once they are read.
type documents struct {
	paths    []path
	callback *openapi3.Schema // the body of a webhook
}

// Reading takes a good part of a second, and tests make many Checkers.
var (
	mu    sync.Mutex
	cache = map[string]*documents{}
)

func read(dir string) (*documents, error) {
	mu.Lock()
	defer mu.Unlock()
	if d, ok := cache[dir]; ok {
		return d, nil
	}
	d := &documents{}
	for _, name := range []string{fileAPI, fileToken} {
		doc, err := load(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		d.paths = append(d.paths, pathsOf(doc)...)
	}
	doc, err := load(filepath.Join(dir, fileWebhook))
	if err != nil {
		return nil, err
	}
	d.callback = doc.Components.Schemas["CallbackRequest"].Value
	cache[dir] = d
	return d, nil
}

func load(file string) (*openapi3.T, error) {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromFile(file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	if err := doc.Validate(loader.Context, openapi3.DisableExamplesValidation()); err != nil {
		return nil, fmt.Errorf("check %s: %w", file, err)
	}
	linkDiscriminators(doc)
	return doc, nil
}
