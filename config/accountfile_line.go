package config

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"madoguchi/bot"
)

// maxSecrets is the old channel secret and the new one while it is rotated.
const maxSecrets = 2

var (
	variableForm  = regexp.MustCompile(`\$\{[A-Za-z_][A-Za-z0-9_]*\}`)
	channelIDForm = regexp.MustCompile(`^[0-9]{1,20}$`)
)

// lineChannel reads the line section, the only one whose values may come from
// variables. No fault of it quotes a value.
func (r *fileReader) lineChannel(n ast.Node) bot.LINEChannel {
	m := r.mapping(n, "line", "channel_secret", "channel_token", "channel_id")
	if m == nil {
		return bot.LINEChannel{}
	}
	var c bot.LINEChannel
	if secret := m["channel_secret"]; secret == nil {
		r.fault(lineOf(n), "line.channel_secret", "is missing; write ${LINE_CHANNEL_SECRET} and set that variable")
	} else {
		c.Secrets = r.channelSecrets(secret)
	}
	token, id := m["channel_token"], m["channel_id"]
	switch {
	case token == nil && id == nil:
		r.fault(lineOf(n), "line.channel_token", "is missing, and so is channel_id; give the long-lived token, or the id for short-lived ones")
	case token != nil && id != nil:
		r.fault(lineOf(id), "line.channel_id", "is given, and channel_token too; keep one of them")
	case token != nil:
		c.Token = r.credential(token, "line.channel_token")
	default:
		c.ChannelID = r.credential(id, "line.channel_id")
		if c.ChannelID != "" && !channelIDForm.MatchString(c.ChannelID) {
			r.fault(lineOf(id), "line.channel_id", "is not a number; copy the Channel ID from the LINE Developers Console")
		}
	}
	return c
}

func (r *fileReader) channelSecrets(n ast.Node) []string {
	const field = "line.channel_secret"
	nodes := []ast.Node{n}
	if list, ok := n.(*ast.SequenceNode); ok {
		nodes = list.Values
		if len(nodes) == 0 || len(nodes) > maxSecrets {
			r.fault(lineOf(n), field, "lists %d secrets; write one, or two while rotating", len(nodes))
			return nil
		}
	}
	var secrets []string
	for _, node := range nodes {
		secret := r.credential(node, field)
		if secret == "" {
			continue
		}
		if len(secrets) == 1 && secrets[0] == secret {
			r.fault(lineOf(node), field, "is the same secret twice; write the old and the new one, or one alone")
			continue
		}
		secrets = append(secrets, secret)
	}
	return secrets
}

// credential reads one value of the line section and puts variables in. What
// came out of a variable is not looked at for variables again.
func (r *fileReader) credential(n ast.Node, field string) string {
	var source string
	switch n := n.(type) {
	case *ast.StringNode:
		source = n.Value
	case *ast.IntegerNode:
		source = n.Token.Value // as it is written, with zeros in front
	case *ast.NullNode:
		r.fault(lineOf(n), field, "is empty; write the value or ${VARIABLE}")
		return ""
	default:
		r.fault(lineOf(n), field, "is %s; write the value or \"${VARIABLE}\", in quotes", describe(n))
		return ""
	}
	ok := true
	value := variableForm.ReplaceAllStringFunc(source, func(reference string) string {
		name := reference[2 : len(reference)-1]
		value, err := r.vars.get(name)
		if err == nil && value == "" {
			err = fmt.Errorf("is not set; set %s, or %s_FILE to the path of a file that holds it", name, name)
		}
		if err != nil {
			ok = false
			r.fault(lineOf(n), field, "the variable %s %s", name, err)
		}
		return value
	})
	switch {
	case !ok:
		return ""
	case strings.Contains(variableForm.ReplaceAllString(source, ""), "${"):
		r.fault(lineOf(n), field, "holds ${ without a variable's name and }; write ${NAME}")
		return ""
	case value == "":
		r.fault(lineOf(n), field, "is empty; write the value or ${VARIABLE}")
		return ""
	case strings.ContainsFunc(value, func(c rune) bool { return c <= ' ' || c > '~' }):
		r.fault(lineOf(n), field, "holds a space or another character that is none of a credential; copy it once more")
		return ""
	}
	return value
}
