package simulator_test

import (
	"os"
	"testing"

	"madoguchi/config"
	"madoguchi/simulator"
	"madoguchi/simulator/line"
)

// What the stage hands out is what the program takes.
func TestStageIsWhatServeNeeds(t *testing.T) {
	stage, err := simulator.NewStage(simulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stage.Close(); err != nil {
			t.Error(err)
		}
	})
	vars := stage.Environment("127.0.0.1:0", t.TempDir())
	getenv := func(name string) (string, bool) { value, ok := vars[name]; return value, ok }
	env, err := config.Load(getenv, os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := env.CheckServe(); err != nil {
		t.Error(err)
	}
	file, err := config.Parse("aoyama.yaml", []byte(stage.AccountFile()), getenv, os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	if file.Account != simulator.Account {
		t.Errorf("the account is %q, want %q", file.Account, simulator.Account)
	}
	if _, err := config.Plan(file, nil, nil, nil); err != nil {
		t.Error(err)
	}
	if err := stage.Connect("http://127.0.0.1:1"); err != nil {
		t.Error(err)
	}
	if err := stage.Play(); err != nil {
		t.Error(err)
	}
	for _, friend := range []string{simulator.Sakura, simulator.Kenichi, simulator.Emily, simulator.Kobayashi} {
		said := 0
		for _, e := range stage.LINE.Chat(simulator.BotUserID, friend) {
			if e.Side == line.ByFriend {
				said++
			}
		}
		if said == 0 {
			t.Errorf("%s has said nothing", friend)
		}
	}
	if chat := stage.LINE.Chat(simulator.BotUserID, simulator.Hanako); len(chat) > 0 {
		t.Errorf("Hanako's phone shows %v", chat)
	}
}
