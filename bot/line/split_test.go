package line

import "testing"

// A redelivery says the same; the same key with other words does not.
func TestDigest(t *testing.T) {
	of := func(raw string) string {
		event, err := parseObject([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		return digest(event)
	}
	first := of(`{"type":"message","message":{"id":"1","text":"a"},"deliveryContext":{"isRedelivery":false}}`)
	if again := of(`{"deliveryContext":{"isRedelivery":true}, "message": {"id":"1","text":"a"}, "type":"message"}`); again != first {
		t.Errorf("a redelivery has another digest: %s, want %s", again, first)
	}
	if other := of(`{"type":"message","message":{"id":"1","text":"b"},"deliveryContext":{"isRedelivery":false}}`); other == first {
		t.Error("other words have the same digest")
	}
}
