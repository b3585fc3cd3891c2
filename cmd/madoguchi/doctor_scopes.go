package main

// scope is one of the scopes of the bot token.
type scope struct{ name, use string }

// scopes are those of the manifests in docs/, with what does not work without
// each.
var scopes = []scope{
	{"chat:write", "posts, cards and receipts"},
	{"chat:write.customize", "posts under the friend's name and picture"},
	{"commands", "/madoguchi and the shortcut"},
	{"files:read", "telling what an operator shared"},
	{"files:write", "pictures and files of friends"},
	{"groups:history", "the operators' replies"},
	{"groups:read", "who is in a private Slack channel"},
	{"groups:write", "making the Slack channels"},
	{"im:history", "answering direct messages"},
	{"im:write", "answering direct messages"},
	{"metadata.message:read", "finding a post again after a lost answer"},
	{"reactions:write", "the marks on replies"},
	{"team:read", "which workspace it is"},
	{"users:read", "names of people, and who was deactivated"},
	{"users:read.email", "finding operators by e-mail"},
}
