package simulator

import (
	"fmt"

	"madoguchi/simulator/line"
)

// Play lets friends write what they have written when somebody opens the demo:
// one waits for each shop, a group too, and one whom nobody serves yet.
func (s *Stage) Play() error {
	for _, scene := range []func() error{s.askForColour, s.askForSaturday, s.askForKimono, s.askInEnglish} {
		if err := scene(); err != nil {
			return fmt.Errorf("play the story: %w", err)
		}
	}
	return nil
}

// lines lets a friend write one text after the other.
func (s *Stage) lines(from line.From, texts ...string) error {
	for _, text := range texts {
		if _, err := s.LINE.SendText(from, text, line.TextOptions{}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stage) askForColour() error {
	sakura := line.From{Bot: BotUserID, Chat: Sakura}
	if _, err := s.LINE.Follow(sakura, false); err != nil {
		return err
	}
	return s.lines(sakura,
		"先週、青山店でカラーをしていただいた中村です。",
		"思ったより明るかったので、お直しをお願いできますか？")
}

func (s *Stage) askForSaturday() error {
	kenichi := line.From{Bot: BotUserID, Chat: Kenichi}
	if _, err := s.LINE.Follow(kenichi, false); err != nil {
		return err
	}
	if _, err := s.LINE.Postback(kenichi, "shop=shibuya", nil); err != nil {
		return err
	}
	return s.lines(kenichi, "今週の土曜日、14時ごろにカットの空きはありますか？")
}

func (s *Stage) askForKimono() error {
	father := line.From{Bot: BotUserID, Chat: Kobayashi, User: Father}
	if _, err := s.LINE.Join(father); err != nil {
		return err
	}
	if err := s.lines(father, "青山店の皆さま、七五三の着付けの件でお世話になります。"); err != nil {
		return err
	}
	mother := line.From{Bot: BotUserID, Chat: Kobayashi, User: Mother}
	return s.lines(mother, "当日は9時に伺えば間に合うでしょうか？")
}

func (s *Stage) askInEnglish() error {
	emily := line.From{Bot: BotUserID, Chat: Emily}
	if _, err := s.LINE.Follow(emily, false); err != nil {
		return err
	}
	return s.lines(emily, "Hi! Do you have an English-speaking stylist?")
}
