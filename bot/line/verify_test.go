package line

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"testing"
)

// LINE's own vector: https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature/
const (
	vectorBody      = `{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}`
	vectorSecret    = "8c570fa6dd201bb328f1c1eac23a96d8"
	vectorSignature = "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs="
)

func sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func TestVerify(t *testing.T) {
	for name, tt := range map[string]struct {
		secrets   []string
		signature string
		body      string
		want      bool
	}{
		"LINE's vector":           {[]string{vectorSecret}, vectorSignature, vectorBody, true},
		"second secret":           {[]string{"old", vectorSecret}, vectorSignature, vectorBody, true},
		"first of two":            {[]string{vectorSecret, "new"}, vectorSignature, vectorBody, true},
		"off by one byte":         {[]string{vectorSecret}, vectorSignature, vectorBody + " ", false},
		"another secret":          {[]string{"other"}, vectorSignature, vectorBody, false},
		"no signature":            {[]string{vectorSecret}, "", vectorBody, false},
		"not base64":              {[]string{vectorSecret}, "%%%", vectorBody, false},
		"wrong length":            {[]string{vectorSecret}, "GhRK", vectorBody, false},
		"no padding":              {[]string{vectorSecret}, "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs", vectorBody, false},
		"no secret":               {nil, vectorSignature, vectorBody, false},
		"signed with empty key":   {[]string{""}, sign("", []byte(vectorBody)), vectorBody, false},
		"empty beside a real one": {[]string{"", vectorSecret}, sign("", []byte(vectorBody)), vectorBody, false},
		"empty body":              {[]string{vectorSecret}, sign(vectorSecret, nil), "", true},
	} {
		if got := Verify(tt.secrets, tt.signature, []byte(tt.body)); got != tt.want {
			t.Errorf("%s: Verify = %v, want %v", name, got, tt.want)
		}
	}
}
