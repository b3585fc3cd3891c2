package main

import (
	"bufio"
	"context"
	"io"
	"iter"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"madoguchi/simulator"
	"madoguchi/simulator/line"
)

// startDemo runs the demo until the test ends and returns where its page is.
func startDemo(t *testing.T, more ...string) (page string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	var sim *line.Platform
	go func() {
		err := run(ctx, process{
			stdout: in, stderr: t.Output(),
			getenv:   func(string) (string, bool) { return "", false },
			readFile: os.ReadFile,
			inFront: func(p *line.Platform) http.Handler {
				sim = p
				return checking(t, p)
			},
		}, append([]string{"demo", "--listen", "127.0.0.1:0"}, more...))
		_ = in.Close()
		ended <- err
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("demo = %v", err)
		}
		obeyed(t, sim)
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("no address: %v", err)
	}
	page = strings.TrimSpace(line)
	if !strings.HasPrefix(page, "http://127.0.0.1:") || !strings.HasSuffix(page, "/demo") {
		t.Fatalf("it printed %q", line)
	}
	return page
}

func TestDemoAnswersItsOwnPageOnly(t *testing.T) {
	page := startDemo(t)
	act := strings.TrimSuffix(page, "/demo") + "/demo/api/phone/follow"
	for name, tc := range map[string]struct {
		method, url, host string
		header            http.Header
		want              int
	}{
		"the page":               {http.MethodGet, page, "", nil, http.StatusOK},
		"a name that leads here": {http.MethodGet, page, "evil.example", nil, http.StatusMisdirectedRequest},
		"another page's act": {
			http.MethodPost, act, "",
			http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}},
			http.StatusForbidden,
		},
		"an act that cannot be read": {http.MethodPost, act, "", nil, http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), tc.method, tc.url, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = tc.host
			for k, v := range tc.header {
				req.Header[k] = v
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != tc.want {
				t.Errorf("status = %d, want %d", resp.StatusCode, tc.want)
			}
		})
	}
}

func TestDemoListensOnLoopbackOnly(t *testing.T) {
	for _, addr := range []string{":8080", "0.0.0.0:0", "192.0.2.1:80", "example.com:80", "nonsense"} {
		err := run(t.Context(), process{stdout: io.Discard, stderr: io.Discard}, []string{"demo", "--listen", addr})
		if err == nil || !strings.Contains(err.Error(), "--listen") {
			t.Errorf("demo --listen %s = %v", addr, err)
		}
	}
}

func TestDemoKeepsItsData(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kept")
	t.Run("first", func(t *testing.T) { startDemo(t, "--data", dir) })
	if _, err := os.Stat(filepath.Join(dir, simulator.Database)); err != nil {
		t.Error(err)
	}
	err := run(t.Context(), process{stdout: io.Discard, stderr: io.Discard}, []string{"demo", "--listen", "127.0.0.1:0", "--data", dir})
	if err == nil || !strings.Contains(err.Error(), "earlier demo") {
		t.Errorf("demo on the data of another = %v", err)
	}
}

func TestDemoLeavesNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	t.Run("demo", func(t *testing.T) { startDemo(t) })
	left, err := os.ReadDir(os.TempDir())
	if err != nil || len(left) > 0 {
		t.Errorf("it left %v (%v)", left, err)
	}
}

// chromium finds the browser, which scripts/test installs.
func chromium(t *testing.T) string {
	t.Helper()
	path := os.Getenv("MADOGUCHI_TEST_CHROMIUM")
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); path == "" && err == nil {
			path = found
		}
	}
	if path == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("no Chromium; scripts/test installs it, or set MADOGUCHI_TEST_CHROMIUM")
		}
		t.Skip("no Chromium; scripts/test installs it, or set MADOGUCHI_TEST_CHROMIUM")
	}
	return path
}

// visitor is a newcomer with the demo's page open.
type visitor struct {
	t     *testing.T
	ctx   context.Context //nolint:containedctx // chromedp keeps the tab in it
	shots string

	mu       sync.Mutex
	problems []string // of the browser's console
}

func visit(t *testing.T, page string) *visitor {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.NoFirstRun, chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("disable-quic", true),
		chromedp.Flag("force-prefers-reduced-motion", true),
	)
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	v := &visitor{t: t, ctx: ctx, shots: os.Getenv("MADOGUCHI_SCREENSHOTS")}
	v.do() // starts the browser
	go v.listen(chromedp.Console(ctx))
	v.do(chromedp.EmulateViewport(1440, 900), chromedp.Navigate(page))
	return v
}

// listen keeps what the browser complains about, breaches of the page's policy
// included.
func (v *visitor) listen(console iter.Seq2[chromedp.ConsoleMessage, error]) {
	for m, err := range console {
		if err != nil {
			return
		}
		if m.IsException() || m.Type == "error" || m.Type == "warning" {
			v.mu.Lock()
			v.problems = append(v.problems, m.String())
			v.mu.Unlock()
		}
	}
}

func (v *visitor) do(actions ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	if err := chromedp.Do(v.ctx, actions...); err != nil {
		v.shot("failed")
		v.t.Fatal(err)
	}
}

// sees waits until an element says something.
func (v *visitor) sees(selector, text string) {
	v.t.Helper()
	v.do(chromedp.PollFunction[chromedp.Void](
		`(selector, text) => [...document.querySelectorAll(selector)].some((el) => el.textContent.includes(text))`,
		chromedp.WithPollingArgs(selector, text), chromedp.WithPollingTimeout(30*time.Second)))
}

func (v *visitor) click(selector string) {
	v.t.Helper()
	v.do(chromedp.Click(selector, chromedp.NodeVisible))
}

// types writes into a field and sends it.
func (v *visitor) types(selector, text string) {
	v.t.Helper()
	v.do(chromedp.SendKeys(selector, text, chromedp.NodeVisible))
	v.click("form:has(" + selector + ") [type=submit]")
}

func (v *visitor) be(person string) {
	v.t.Helper()
	v.click(`[data-person="` + person + `"]`)
	v.do(chromedp.WaitVisible(`[data-person="` + person + `"][aria-pressed="true"]`))
}

// shot keeps pictures of the page at both sizes, if asked to.
func (v *visitor) shot(name string) {
	if v.shots == "" {
		return
	}
	for _, view := range []struct {
		name, side    string
		width, height int64
	}{
		{"desktop", "phone", 1440, 900}, {"phone-line", "phone", 390, 844}, {"phone-slack", "slack", 390, 844},
	} {
		err := chromedp.Do(v.ctx, chromedp.EmulateViewport(view.width, view.height),
			chromedp.Evaluate[chromedp.Void](`document.body.dataset.side = "`+view.side+`"`))
		if err != nil {
			v.t.Error(err)
		}
		png, err := chromedp.Run(v.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			v.t.Error(err)
		}
		if err := os.WriteFile(filepath.Join(v.shots, name+"-"+view.name+".png"), png, 0o600); err != nil {
			v.t.Error(err)
		}
	}
	if err := chromedp.Do(v.ctx, chromedp.EmulateViewport(1440, 900)); err != nil {
		v.t.Error(err)
	}
}

// fits fails the test if a side of the page is wider than its place, or a field
// narrower than the hint in it.
func (v *visitor) fits() {
	v.t.Helper()
	for _, view := range []struct {
		side          string
		width, height int64
	}{{"phone", 1280, 800}, {"phone", 390, 844}, {"slack", 390, 844}} {
		v.do(chromedp.EmulateViewport(view.width, view.height),
			chromedp.Evaluate[chromedp.Void](`document.body.dataset.side = "`+view.side+`"`))
		wide, err := chromedp.Run(v.ctx, chromedp.Evaluate[[]string](`(() => {
			const wide = [...document.querySelectorAll(".room, .thread, .phone")].filter((el) => el.offsetParent && el.scrollWidth > el.clientWidth);
			const text = document.createElement("canvas").getContext("2d");
			const cut = [...document.querySelectorAll("[placeholder]")].filter((el) => {
				if (!el.offsetParent) return false;
				const style = getComputedStyle(el);
				text.font = style.font;
				return text.measureText(el.placeholder).width > el.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
			});
			return [...wide.map((el) => el.className), ...cut.map((el) => el.placeholder)];
		})()`))
		if err != nil || len(wide) > 0 {
			v.t.Errorf("at %d × %d on the side of %s these do not fit: %q (%v)", view.width, view.height, view.side, wide, err)
		}
	}
	v.do(chromedp.EmulateViewport(1440, 900))
}

// calm fails the test if the browser complained.
func (v *visitor) calm() {
	v.t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.problems) > 0 {
		v.t.Errorf("the browser complains:\n%s", strings.Join(v.problems, "\n"))
	}
}

// A newcomer sees a message reach the right people, a reply come back, and a
// reply without the right go nowhere.
func TestDemoPage(t *testing.T) {
	v := visit(t, startDemo(t))
	v.sees(".message", "中村 さくら")
	v.shot("1-start")

	v.click("#phone-follow")
	v.types("#phone-text", "青山店で、明日の15時に予約できますか？")
	v.sees(".chat .mine", "明日の15時")
	v.sees("#slack-messages .message", "明日の15時")
	v.shot("2-arrived")

	openThread := func() {
		t.Helper()
		v.do(chromedp.Evaluate[chromedp.Void](`[...document.querySelectorAll("#slack-messages .message")].find((m) => m.textContent.includes("山田 花子")).querySelector(".tools button[aria-label='スレッドで返信']").click()`))
		v.sees("#slack-thread .message", "明日の15時")
	}
	openThread()
	v.types("#thread-text", "15時でお取りできます")
	v.sees("#slack-thread [data-reaction=hourglass_flowing_sand]", "⏳")
	v.shot("3-held")
	v.sees(".chat .theirs .bubble", "15時でお取りできます")
	v.sees("#slack-thread [data-reaction=white_check_mark]", "✅")
	v.shot("4-sent")
	v.fits()

	v.be("U0KENSHU")
	openThread()
	v.types("#thread-text", "承りました、と研修生")
	v.sees("#slack-thread [data-reaction=x]", "❌")
	v.shot("5-refused")
	v.be("U0SUZUKI")
	v.sees("#slack-messages .message", "田中 健一")
	v.fits()
	leaked, err := chromedp.Run(v.ctx, chromedp.Evaluate[bool](
		`document.querySelector(".slack").textContent.includes("山田") || document.querySelector(".chat").textContent.includes("研修生")`))
	if err != nil || leaked {
		t.Errorf("a message shows where it must not (%v)", err)
	}
	v.calm()
}

// The tour's own buttons lead a newcomer through it, and an owner's tag brings
// a friend whom nobody served to the right shop.
func TestDemoTour(t *testing.T) {
	v := visit(t, startDemo(t)+"?lang=en")
	for step := 1; step <= 5; step++ {
		v.sees(".steps .now", strconv.Itoa(step))
		if step == 4 {
			continue
		}
		v.do(chromedp.WaitEnabled("#guide-do"))
		v.click("#guide-do")
	}
	v.sees(".sentence", "❌")
	v.click("#guide-do")
	v.sees("#slack-messages .message", "Emily Clark")
	v.sees(".sentence", "渋谷店") // what to do now; being the owner is offered no more
	v.do(chromedp.WaitNotPresent("#guide-do"))
	v.do(chromedp.Evaluate[chromedp.Void](`[...document.querySelectorAll("#slack-messages .message")].find((m) => m.textContent.includes("Emily Clark")).querySelector("[data-action^=tags]").click()`))
	v.sees(".modal", "渋谷店")
	v.shot("6-tags")
	v.do(chromedp.Evaluate[chromedp.Void](`[...document.querySelectorAll(".modal [role=option]")].find((o) => o.textContent.includes("渋谷店")).click()`))
	v.click(".modal button[type=submit]")
	v.be("U0SUZUKI")
	v.sees("#slack-messages .message", "English-speaking stylist")
	v.shot("7-tagged")
	v.fits()
	v.calm()
}
