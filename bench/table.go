package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"
)

// table collects figures by what they are about, in the order in which they
// first came.
type table struct {
	rows []*row
}

type row struct {
	about, on, what, unit string
	figures               []float64
	aim                   string
	floor                 *row // the ratio to which is printed
}

// add notes one figure of a round and returns its row.
func (t *table) add(about, on, what, unit string, figure float64) *row {
	i := slices.IndexFunc(t.rows, func(r *row) bool { return r.about == about && r.on == on && r.what == what })
	if i < 0 {
		t.rows = append(t.rows, &row{about: about, on: on, what: what, unit: unit})
		i = len(t.rows) - 1
	}
	t.rows[i].figures = append(t.rows[i].figures, figure)
	return t.rows[i]
}

// middle is the median.
func (r *row) middle() float64 {
	sorted := slices.Sorted(slices.Values(r.figures))
	return sorted[len(sorted)/2]
}

func (t *table) print(w io.Writer) error {
	out := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(out, "measured\ton\twhat\tminimum\tmedian\tmaximum\tunit\tof the floor\taim")
	for _, r := range t.rows {
		ratio := ""
		if r.floor != nil && r.floor.middle() > 0 {
			ratio = fmt.Sprintf("%.2f", r.middle()/r.floor.middle())
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.about, r.on, r.what,
			number(slices.Min(r.figures)), number(r.middle()), number(slices.Max(r.figures)), r.unit, ratio, r.aim)
	}
	return out.Flush()
}

func number(f float64) string {
	switch {
	case f >= 100:
		return strconv.FormatFloat(f, 'f', 0, 64)
	case f >= 10:
		return strconv.FormatFloat(f, 'f', 1, 64)
	default:
		return strconv.FormatFloat(f, 'f', 2, 64)
	}
}
