// Package words holds every text that the bot says to staff, one catalogue a
// language. What goes to friends never passes through here.
package words

import (
	"embed"
	"fmt"

	"github.com/goccy/go-yaml"
)

//go:embed ja.yaml en.yaml
var files embed.FS

// Catalogue is one language's texts by key.
type Catalogue map[string]string

var catalogues = map[string]Catalogue{"ja": load("ja"), "en": load("en")}

func load(language string) Catalogue {
	raw, err := files.ReadFile(language + ".yaml")
	if err != nil {
		panic(err)
	}
	var c Catalogue
	if err := yaml.UnmarshalWithOptions(raw, &c, yaml.Strict()); err != nil {
		panic(fmt.Errorf("%s.yaml: %w", language, err))
	}
	return c
}

// In returns the catalogue of a language, Japanese for one that is not known.
func In(language string) Catalogue {
	if c, ok := catalogues[language]; ok {
		return c
	}
	return catalogues["ja"]
}

// Say returns the text of key with args put in as fmt does. A key that no
// catalogue has is a bug; it is returned itself, so that something is said.
func (c Catalogue) Say(key string, args ...any) string {
	text, ok := c[key]
	if !ok {
		return key
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}
