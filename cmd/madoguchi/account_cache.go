package main

import (
	"sync"

	"madoguchi/bot"
)

// accountCache keeps accounts by version. The zero one is empty and ready.
type accountCache struct {
	mu sync.Mutex
	by map[string]bot.Account
}

func (c *accountCache) get(v bot.AccountVersion) (bot.Account, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a, ok := c.by[v.ID]
	return a, ok && a.Version == v.Version
}

func (c *accountCache) put(v bot.AccountVersion, a bot.Account) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by == nil {
		c.by = map[string]bot.Account{}
	}
	c.by[v.ID] = a
}
