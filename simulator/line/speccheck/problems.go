package speccheck

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

type strictness bool

const (
	strict     strictness = false
	newerTypes strictness = true // a discriminator may name a type that is not documented
)

// problems lists how value departs from schema. Beyond plain validation it
// follows discriminators, which LINE's documents use without oneOf, and
// objects to members that are not documented.
func problems(schema *openapi3.Schema, value any, s strictness) []string {
	var found []string
	if err := schema.VisitJSON(value, openapi3.EnableFormatValidation(), openapi3.MultiErrors()); err != nil {
		found = append(found, err.Error())
	}
	return append(found, walk("", schema, value, s)...)
}

func walk(at string, schema *openapi3.Schema, value any, s strictness) []string {
	var found []string
	switch value := value.(type) {
	case []any:
		if schema.Items == nil {
			return nil
		}
		for i, item := range value {
			found = append(found, walk(fmt.Sprintf("%s[%d]", at, i), schema.Items.Value, item, s)...)
		}
	case map[string]any:
		concrete, problem := resolve(schema, value)
		if problem != "" {
			if s == newerTypes {
				return nil
			}
			return []string{at + ": " + problem}
		}
		if concrete != schema {
			if err := concrete.VisitJSON(value, openapi3.EnableFormatValidation(), openapi3.MultiErrors()); err != nil {
				found = append(found, at+": "+err.Error())
			}
		}
		members, open := membersOf(concrete)
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if member, ok := members[name]; ok {
				found = append(found, walk(at+"."+name, member, value[name], s)...)
			} else if !open {
				found = append(found, at+": "+name+" is not documented")
			}
		}
	}
	return found
}

// linkDiscriminators points the mappings of a document to its schemas. The
// library does so only beside oneOf.
func linkDiscriminators(doc *openapi3.T) {
	for _, schema := range doc.Components.Schemas {
		d := schema.Value.Discriminator
		if d == nil {
			continue
		}
		for name, ref := range d.Mapping {
			if target, ok := doc.Components.Schemas[strings.TrimPrefix(ref.Ref, "#/components/schemas/")]; ok {
				ref.Value = target.Value
				d.Mapping[name] = ref
			}
		}
	}
}

// resolve follows a discriminator from the general to the concrete schema.
func resolve(schema *openapi3.Schema, value map[string]any) (*openapi3.Schema, string) {
	d := schema.Discriminator
	if d == nil || len(d.Mapping) == 0 {
		return schema, ""
	}
	name, _ := value[d.PropertyName].(string)
	ref, ok := d.Mapping[name]
	if !ok || ref.Value == nil {
		return nil, fmt.Sprintf("%s %q is not documented", d.PropertyName, name)
	}
	return ref.Value, ""
}

// membersOf gathers the properties of a schema and of all that it is made of.
// open says that it allows others.
func membersOf(schema *openapi3.Schema) (members map[string]*openapi3.Schema, open bool) {
	members = map[string]*openapi3.Schema{}
	open = schema.AdditionalProperties.Schema != nil
	for name, ref := range schema.Properties {
		members[name] = ref.Value
	}
	for _, parts := range []openapi3.SchemaRefs{schema.AllOf, schema.OneOf, schema.AnyOf} {
		for _, part := range parts {
			more, alsoOpen := membersOf(part.Value)
			maps.Copy(members, more)
			open = open || alsoOpen
		}
	}
	return members, open || len(members) == 0
}
