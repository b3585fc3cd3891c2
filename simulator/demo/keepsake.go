package demo

import "sync"

// keepsakes are what a phone shows of an act and LINE does not give back: what
// stood on a menu button, by event id, and the bytes of a picture, by message
// id.
type keepsakes struct {
	mu sync.Mutex
	of map[string][]byte
}

func (k *keepsakes) put(id string, what []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.of[id] = what
}

func (k *keepsakes) get(id string) []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.of[id]
}

func (k *keepsakes) drop(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.of, id)
}
