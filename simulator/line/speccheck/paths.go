package speccheck

import (
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

type path struct {
	pattern *regexp.Regexp
	fixed   int // characters outside of placeholders: the more, the better it fits
	item    *openapi3.PathItem
	refusal *openapi3.Schema // the error object of its document
}

// call is what the documents say of one.
type call struct {
	*openapi3.Operation
	refusal *openapi3.Schema
}

var placeholder = regexp.MustCompile(`\\\{[^/]+?\\\}`)

func pathsOf(doc *openapi3.T) []path {
	var all []path
	for template, item := range doc.Paths.Map() {
		pattern := placeholder.ReplaceAllString(regexp.QuoteMeta(template), "[^/]+")
		all = append(all, path{
			pattern: regexp.MustCompile("^" + pattern + "$"),
			fixed:   len(template) - strings.Count(template, "{")*len("{x}"),
			item:    item,
			refusal: doc.Components.Schemas["ErrorResponse"].Value,
		})
	}
	return all
}

func (d *documents) find(method, called string) (call, bool) {
	var best *path
	for i, p := range d.paths {
		if p.pattern.MatchString(called) && (best == nil || p.fixed > best.fixed) {
			best = &d.paths[i]
		}
	}
	if best == nil {
		return call{}, false
	}
	operation, ok := best.item.Operations()[method]
	return call{operation, best.refusal}, ok
}
