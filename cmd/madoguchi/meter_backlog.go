package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"madoguchi/bot"
	"madoguchi/config"
	"madoguchi/storage"
)

// scrapeWithin is how long a scrape waits for the database.
const scrapeWithin = 3 * time.Second

// backlog asks the database at each scrape. What it asks costs as much as there
// is to do, however many friends and messages are stored.
type backlog struct{ store bot.Store }

var (
	waitingDesc = prometheus.NewDesc("madoguchi_backlog",
		"What waits: accepted events to decide (inbox), and by worker what is decided and not carried out.", []string{"kind"}, nil)
	oldestDesc = prometheus.NewDesc("madoguchi_backlog_oldest_seconds", "For how long the oldest of them waits.", []string{"kind"}, nil)
	parkedDesc = prometheus.NewDesc("madoguchi_parked_events", "Events set aside because they cannot be decided.", nil, nil)
	pausedDesc = prometheus.NewDesc("madoguchi_paused_connections",
		"Connections that do not work until somebody acts.", []string{"platform"}, nil)
)

// Describe implements prometheus.Collector.
func (*backlog) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{waitingDesc, oldestDesc, parkedDesc, pausedDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (b *backlog) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeWithin)
	defer cancel()
	s, err := readState(ctx, b.store)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(waitingDesc, err)
		return
	}
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	for _, kind := range laneKinds {
		waits := s.work[kind]
		gauge(waitingDesc, float64(waits.Waiting), string(kind))
		gauge(oldestDesc, s.age(waits.Oldest).Seconds(), string(kind))
	}
	gauge(parkedDesc, float64(s.parked))
	paused := map[string]int{"line": 0, "slack": 0}
	for _, p := range s.pauses {
		platform, _ := p.Of()
		paused[platform]++
	}
	for platform, n := range paused {
		gauge(pausedDesc, float64(n), platform)
	}
}

// disks tells how full the disks are that this process writes to.
type disks map[string]string // name: a path on it

func disksOf(env *config.Environment) disks {
	d := disks{}
	if env.Database.Engine == config.SQLite {
		d["database"] = env.Database.Path
	}
	if env.Media.Folder != "" {
		d["media"] = env.Media.Folder
	}
	return d
}

var (
	availableDesc = prometheus.NewDesc("madoguchi_disk_available_bytes", "Room left on a disk that this process writes to.", []string{"of"}, nil)
	sizeDesc      = prometheus.NewDesc("madoguchi_disk_size_bytes", "Size of that disk.", []string{"of"}, nil)
)

// Describe implements prometheus.Collector.
func (disks) Describe(ch chan<- *prometheus.Desc) { ch <- availableDesc; ch <- sizeDesc }

// Collect implements prometheus.Collector.
func (d disks) Collect(ch chan<- prometheus.Metric) {
	for of, path := range d {
		available, size, err := storage.DiskSpace(path)
		if err != nil {
			continue // it cannot be told on this system
		}
		ch <- prometheus.MustNewConstMetric(availableDesc, prometheus.GaugeValue, float64(available), of)
		ch <- prometheus.MustNewConstMetric(sizeDesc, prometheus.GaugeValue, float64(size), of)
	}
}
