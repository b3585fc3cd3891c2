package config_test

import (
	"slices"
	"testing"

	"madoguchi/config"
)

func TestMisspeltNamesAreFound(t *testing.T) {
	for _, test := range []struct {
		environ []string
		want    []string
	}{
		{[]string{"PATH=/bin", "HOME=/root", "DATABASE_URL=x", "SECRET_KEY_FILE=x", "SLACK_APP_TOKEN=x", "PGHOST=x"}, nil},
		{[]string{"DATABSE_URL=canary", "SLACK_BTO_TOKEN=canary", "SECRET_KEY_FLIE=canary"}, []string{
			"DATABSE_URL: is set, and nothing reads it; did you mean DATABASE_URL?",
			"SECRET_KEY_FLIE: is set, and nothing reads it; did you mean SECRET_KEY_FILE?",
			"SLACK_BTO_TOKEN: is set, and nothing reads it; did you mean SLACK_BOT_TOKEN?",
		}},
		{[]string{"REDIS_URL=x"}, nil},                       // another program's
		{[]string{"DATABSE_URL="}, nil},                      // as good as not set
		{[]string{"DATABASE_URL1=x", "DATABASE_URL=x"}, nil}, // nothing is missed
		{[]string{"DATA_BASE_U=x", "MEDIAS=x"}, nil},         // too far away
	} {
		var got []string
		for _, m := range config.Misspelt(test.environ) {
			got = append(got, m.String())
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("Misspelt(%q) = %q, want %q", test.environ, got, test.want)
		}
	}
}
