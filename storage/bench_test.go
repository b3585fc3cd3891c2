package storage_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"madoguchi/bot"
	"madoguchi/storage/storagetest"
)

// eachEngine runs a benchmark with many callers at once, as under load.
func eachEngine(b *testing.B, bench func(b *testing.B, db storagetest.Database)) {
	run := func(open func(testing.TB) storagetest.Database) func(*testing.B) {
		return func(b *testing.B) {
			b.SetParallelism(32)
			bench(b, open(b))
		}
	}
	b.Run("sqlite", run(storagetest.SQLite))
	b.Run("postgres", run(storagetest.Postgres))
}

func BenchmarkAccept(b *testing.B) {
	eachEngine(b, func(b *testing.B, db storagetest.Database) {
		s := db.Open(b, nil)
		var n atomic.Int64
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				i := n.Add(1)
				if err := s.Accept(b.Context(), []bot.Incoming{incoming(fmt.Sprint(i), fmt.Sprint("lane", i%500), i)}); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

// One decision: an event ends, a message and a part are made, a lane is poked.
func BenchmarkDecide(b *testing.B) {
	eachEngine(b, func(b *testing.B, db storagetest.Database) {
		s := db.Open(b, nil)
		const friends = 200
		if err := s.InTx(b.Context(), func(tx bot.Tx) error {
			if err := tx.SaveAccount(&bot.Account{ID: "a1", Slug: "aoyama"}, nil); err != nil {
				return err
			}
			if err := tx.SaveSlackChannel(&bot.SlackChannel{ID: "c1", AccountID: "a1", Place: "sato"}); err != nil {
				return err
			}
			for i := range friends {
				f, _, err := tx.LockFriendByLINE("a1", fmt.Sprint("U", i), bot.KindUser)
				if err != nil {
					return err
				}
				if err := tx.AddThread(&bot.Thread{ID: fmt.Sprint("t", i), AccountID: "a1", FriendID: f.ID, SlackChannelID: "c1", Current: true, NextSeq: 1}); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
		var n atomic.Int64
		b.ResetTimer()
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				i := n.Add(1)
				if err := s.InTx(b.Context(), func(tx bot.Tx) error {
					f, _, err := tx.LockFriendByLINE("a1", fmt.Sprint("U", i%friends), bot.KindUser)
					if err != nil {
						return err
					}
					m := bot.Message{ID: fmt.Sprint("m", i), AccountID: "a1", FriendID: f.ID, Content: []byte(`{"kind":"text","text":"こんにちは"}`)}
					if err := tx.AddMessage(&m); err != nil {
						return err
					}
					f.WaitingSince = tx.Now()
					if err := tx.SaveFriend(&f); err != nil {
						return err
					}
					p := bot.Part{ID: m.ID, AccountID: "a1", ThreadID: fmt.Sprint("t", i%friends), MessageID: m.ID, State: bot.PartQueued, CreatedAt: tx.Now()}
					if _, err := tx.AddPart(&p); err != nil {
						return err
					}
					tx.Poke(bot.LanePost, fmt.Sprint("post:", i%10), 0)
					return nil
				}); err != nil {
					b.Error(err)
				}
			}
		})
	})
}
